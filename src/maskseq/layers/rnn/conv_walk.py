"""A convolutional LSTM's walk over the real steps of a batch, longest sequences first."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import _kernels, activations
from ...rows import Rows
from ..base.windows import count_windows, windows_of
from .run_cell import NOWHERE, Outputs


class Window(NamedTuple):
    """Of a convolution over rows. See `windows_of`."""

    size: int
    stride: int = 1
    padding: str = "same"
    dilation: int = 1


class Gates(NamedTuple):
    """The matrix of both convolutions for gates i, f, o and for the candidate, and what follows.

    Their columns: a window of the inputs, then one of the states.
    """

    gates: _kernels.PackedDense
    candidate: _kernels.PackedDense
    gate: Callable[[np.ndarray], np.ndarray]
    activation: Callable[[np.ndarray], np.ndarray]


class _Padded:
    """Room for arrays (count, rows, features) with the padding of a window around them."""

    def __init__(self, count: int, rows: int, features: int, window: Window):
        size, stride, padding, dilation = window
        windows = count_windows(rows, *window) or 0
        span = (size - 1) * dilation + 1
        missing = max((windows - 1) * stride + span - rows, 0)
        before = missing // 2 if padding == "same" else 0
        array = np.zeros((count, rows + missing, features), np.float32)
        self.inside = array[:, before : before + rows]
        self.windows = windows_of(array, size, stride, "valid", dilation)[:, :windows]


def walk(
    rows: Rows,
    states: list[np.ndarray],
    window: Window,
    weights: Gates,
    outputs: Outputs | None,
    *,
    first: bool,
    reverse: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """The last h and c, float32 (batch, rows, filters).

    Arguments: rows: of steps (rows, features).  states: the first h and c.  outputs: where to write
        each step's h.  first: steps and outputs have features first.
    """
    layout, source = rows.layout, rows.source
    order = np.argsort(-layout.lengths, kind="stable")
    lengths = layout.lengths[order]
    start = (layout.offsets[1:] - 1 if reverse else layout.offsets[:-1])[order]
    h, c = (np.ascontiguousarray(state[order], np.float32) for state in states)
    x = _turned(np.asarray(source.array), first)
    batch, count, filters = h.shape
    inputs = _Padded(batch, x.shape[1], x.shape[2], window)
    hidden = _Padded(batch, count, filters, Window(window.size))
    hidden.inside[:] = h
    both = np.empty((batch, count, window.size * (x.shape[2] + filters)), np.float32)
    of_inputs, of_states = (  # views of it
        part.reshape(batch, count, window.size, -1 if part.size else 0)
        for part in np.split(both, [window.size * x.shape[2]], axis=2)
    )
    out, cells = outputs or NOWHERE
    for step in range(int(lengths.max(initial=0))):
        active = int(np.searchsorted(-lengths, -step))
        at = start[:active] + (-step if reverse else step)
        inputs.inside[:active] = x[at if source.index is None else source.index[at]]
        of_inputs[:active], of_states[:active] = inputs.windows[:active], hidden.windows[:active]
        h, c[:active] = _step(both[:active], c[:active], weights)
        hidden.inside[:active] = h
        if out is not None:
            out[at if cells is None else cells[at]] = _turned(h, first)
    back = np.argsort(order, kind="stable")
    return hidden.inside[back], c[back]


def _step(both: np.ndarray, c: np.ndarray, weights: Gates) -> tuple[np.ndarray, np.ndarray]:
    """h' and c' of windows (n, rows, features), of inputs and states side by side."""
    flat = both.reshape(-1, both.shape[2])
    gates = _dense(flat, weights.gates, weights.gate).reshape(*c.shape[:2], 3, c.shape[2])
    candidate = _dense(flat, weights.candidate, weights.activation).reshape(c.shape)
    i, f, o = (gates[:, :, k] for k in range(3))
    c = f * c + i * candidate
    return o * weights.activation(c), c


def _dense(x: np.ndarray, packed: _kernels.PackedDense, function: Callable) -> np.ndarray:
    name = activations.kernel_name(function)
    y = _kernels.dense(x, packed, name or "linear")
    return y if name else function(y)


def _turned(x: Any, first: bool) -> Any:
    """Steps with rows before features, or back."""
    return x.swapaxes(1, 2) if first else x
