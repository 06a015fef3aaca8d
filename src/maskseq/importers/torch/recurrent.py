"""Recurrent layers: nn.LSTM, nn.GRU, nn.RNN, their cells, and the initializers of ONNX.

PyTorch and ONNX keep each matrix transposed, the gates in orders of their own, and two biases where
Keras has the sum of both; a GRU keeps both, as the one of the state is inside the reset gate.
Source: torch.nn.modules.rnn, version 2.13; ONNX operators LSTM and GRU, opset 22.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ... import activations
from ...layers import RNN, Bidirectional, StackedRNNCells
from ...layers.base.layer import Layer
from ...layers.rnn.cell import Cell
from .sources import Part

Found = Iterator[tuple[Any, np.ndarray]]
"""(Variable, its value) of each weight."""

# The gates of a cell here, by their places in PyTorch's order, and PyTorch's by those in ONNX's.
_FROM_TORCH = {"lstm": (0, 1, 2, 3), "gru": (1, 0, 2), "simple_rnn": (0,)}
_FROM_ONNX = {"lstm": (0, 2, 3, 1), "gru": (1, 0, 2), "simple_rnn": (0,)}
_REVERSE = "_reverse"


def recurrent(layer: Any, part: Part) -> Found:
    """The weights of an RNN, LSTM, GRU or SimpleRNN, one cell of which is a layer of PyTorch's."""
    cells = layer.cell.cells if isinstance(layer.cell, StackedRNNCells) else [layer.cell]
    suffixes = _suffixes(part, len(cells))
    if not layer.built:
        layer.build((None, None, features_of(part, suffixes[0])))
    for number, cell in enumerate(cells):
        if not isinstance(cell, Cell):
            raise TypeError(f"{part.who}: its cell is a {type(cell).__name__}, which is not known")
        yield from _cell(cell, part, suffixes[number])


def bidirectional(layer: Any, part: Part) -> Found:
    """The weights of both directions; those of the other one end in `_reverse`."""
    (suffix,) = _suffixes(part, 1)
    if not layer.built:
        layer.build((None, None, features_of(part, suffix)))
    for number, direction in enumerate((layer.forward_layer, layer.backward_layer)):
        if not (isinstance(direction, RNN) and isinstance(direction.cell, Cell)):
            raise TypeError(f"{part.who}: directions of {type(direction).__name__} are not known")
        yield from _cell(direction.cell, part, suffix + _REVERSE * number, number, 2)


def single_cell(cell: Any, part: Part) -> Found:
    """The weights of an LSTMCell, GRUCell or SimpleRNNCell."""
    (suffix,) = _suffixes(part, 1)
    if not cell.built:
        cell.build((None, features_of(part, suffix)))
    yield from _cell(cell, part, suffix)


def _suffixes(part: Part, count: int) -> list[str]:
    """What ends the names of each layer: nothing where the pattern says it, or in a cell."""
    if part.numbered or (count == 1 and "weight_ih_l0" not in part):
        return [""] * count
    return [f"_l{number}" for number in range(count)]


def features_of(part: Part, suffix: str = "_l0") -> int:
    """The width of the input."""
    if is_onnx(part, suffix):
        return part.get("W", (None, None, None)).shape[2]
    return part.get(f"weight_ih{suffix}", (None, None)).shape[1]


def is_onnx(part: Part, suffix: str = "_l0") -> bool:
    """True for the initializers of an ONNX node."""
    return f"weight_ih{suffix}" not in part and "W" in part and "R" in part


def _cell(cell: Cell, part: Part, suffix: str, direction: int = 0, directions: int = 1) -> Found:
    _check(cell, part, suffix)
    width, features = cell.gates * cell.units, cell.kernel.shape[0]
    shapes = ((width, features), (width, cell.units), (width,), (width,))
    if is_onnx(part, suffix.removesuffix(_REVERSE)):
        of_input, of_state, *biases = _onnx(cell, part, shapes, directions)[direction]
    else:
        names = ["weight_ih", "weight_hh"] + ["bias_ih", "bias_hh"] * cell.use_bias
        found = zip(names, shapes, strict=False)
        of_input, of_state, *biases = [part.get(x + suffix, shape) for x, shape in found]
    order = _FROM_TORCH[cell.kind]
    yield cell.kernel, _gates(of_input, order).T
    yield cell.recurrent_kernel, _gates(of_state, order).T
    if cell.use_bias:
        first, second = (_gates(x, order) for x in biases)
        yield cell.bias, np.stack([first, second]) if cell.kind == "gru" else first + second


def _onnx(cell: Cell, part: Part, shapes: tuple, directions: int) -> list[list[np.ndarray]]:
    """W (directions, gates * units, features), R and B, each direction as PyTorch has it."""
    order = _FROM_ONNX[cell.kind]
    parts = [part.get(name, (directions, *shapes[i])) for i, name in enumerate("WR")]
    if cell.use_bias:
        parts += np.split(part.get("B", (directions, 2 * shapes[2][0])), 2, axis=1)
    return [[_gates(x[number], order) for x in parts] for number in range(directions)]


def _gates(array: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    """`array` with the gates along its first axis in another order."""
    if len(order) == 1:
        return array
    return np.concatenate([np.split(array, len(order))[gate] for gate in order])


def _check(cell: Cell, part: Part, suffix: str) -> None:
    """Raises: ValueError for what PyTorch's layer computes and the cell does not."""
    if f"weight_hr{suffix}" in part:
        raise ValueError(f"{part.who}: proj_size is not known, but there is a weight_hr{suffix}")
    if not getattr(cell, "reset_after", True):
        raise ValueError(f"{part.who}: reset_after must be True, as it is in PyTorch")
    if cell.kind == "simple_rnn":
        return
    for name, expected in (("activation", "tanh"), ("recurrent_activation", "sigmoid")):
        got = getattr(cell, name)
        if got is not activations.get(expected):
            shown = getattr(got, "__name__", got)
            raise ValueError(f"{part.who}: {name} must be {expected}, as in PyTorch, got {shown}")


def count_layers(part: Part) -> tuple[int, bool]:
    """How many layers a recurrent module has, and whether in both directions."""
    if is_onnx(part):
        return 1, len(part.get("W", (None, None, None))) > 1
    if part.numbered or "weight_ih_l0" not in part:
        return 1, f"weight_ih{_REVERSE}" in part
    count = 1
    while f"weight_ih_l{count}" in part:
        count += 1
    return count, f"weight_ih_l0{_REVERSE}" in part


def units_and_gates(part: Part, number: int) -> tuple[int, int, bool]:
    """The units of a layer, its gates, and whether it has biases."""
    if is_onnx(part):
        _, rows, units = part.get("R", (None, None, None)).shape
        return units, rows // max(units, 1), "B" in part
    suffix = f"_l{number}" if "weight_ih_l0" in part else ""
    rows, units = part.get(f"weight_hh{suffix}", (None, None)).shape
    return units, rows // max(units, 1), f"bias_ih{suffix}" in part


RECURRENT: dict[type[Layer], Any] = {Bidirectional: bidirectional, RNN: recurrent}
