"""Cell: the weights and the step of this package's recurrent layers.

It runs over the real steps of a batch in C, as long as C knows its activations.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from ... import _kernels, activations, constraints, initializers, regularizers
from ...context import changed, current
from ...initializers import checked
from ...nest import flatten, is_nested
from ...numerics.drawing import Drawing
from ...numerics.quantized import packable
from ...rows import Rows
from ...tape import Traced
from ..base.arguments import LayerOptions
from ..base.checks import share
from ..base.errors import naming_errors
from ..base.layer import Layer
from ..base.packing import KeepsPack
from ..base.weights import overridable
from .run_cell import NOWHERE, Outputs, Run, run_cell, step_by_step
from .taped_dropout import Dropped, drop_input, dropped_run, dropped_step, drops

if TYPE_CHECKING:
    from .taped_run import TapedRun


class CellOptions(LayerOptions, total=False):
    """Keyword arguments of every cell."""

    implementation: int


class Cell(Drawing, KeepsPack, Layer):
    """The weights of a cell of this package, and its step.

    A subclass names its `kind` for the kernels and its numbers of gates and of states, and writes
    `after` for activations that are not known to C.

    Right behind an Embedding, what rows of its table add to the gates is kept from call to call,
    float32 (ids, gates * units) in at most `max_kept_bytes`: where not all ids fit, that of ids
    which calls have. A step of such an id costs its recurrent half only. Each call adds some rows,
    so that none is much longer than the others. With other weights the next call drops them.

    Parameters
    ----------
    units : int
        Width of the states.
    dropout, recurrent_dropout : float, default 0.0
        Shares of the input and of the state that training drops, the same ones at each step of a
        sequence.
    seed : int, optional
        Of what is drawn for that.
    implementation : int, default 2
        Accepted, without effect on a result.

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, features).
    states
        List of float32 (batch, units).
    returns
        (output (batch, units), the new states).
    """

    kind = ""
    gates = 1
    state_count = 1
    max_kept_bytes = 64 << 20
    plain = True
    traceable = True
    not_in_config = frozenset({"implementation"})
    packed_names = ("kernel", "recurrent_kernel", "bias")
    quantizes = {"kernel": 1, "recurrent_kernel": 1}

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        *,
        implementation: int = 2,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        if not isinstance(units, (int, np.integer)) or units <= 0:
            raise ValueError(f"{type(self).__name__}: units must be a positive int, got {units!r}")
        self.units, self.use_bias = int(units), use_bias
        self.activation = activations.get(activation)
        self.kernel_initializer = checked(kernel_initializer, "kernel_initializer")
        self.recurrent_initializer = checked(recurrent_initializer, "recurrent_initializer")
        self.bias_initializer = checked(bias_initializer, "bias_initializer")
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = share(dropout, f"{type(self).__name__}: dropout")
        name = f"{type(self).__name__}: recurrent_dropout"
        self.recurrent_dropout = share(recurrent_dropout, name)
        self.seed = seed

    @property
    def state_size(self) -> int | list[int]:
        """The width of the state, or a list of widths if there are more."""
        return self.units if self.state_count == 1 else [self.units] * self.state_count

    @property
    def output_size(self) -> int:
        """The width of the output."""
        return self.units

    def get_initial_state(self, batch_size: int) -> list[np.ndarray]:
        """Zeros."""
        return [np.zeros((batch_size, self.units), np.float32) for _ in range(self.state_count)]

    def bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def first_bias(self, shape: tuple[int, ...]) -> np.ndarray:
        return initializers.get(self.bias_initializer)(shape)

    def build(self, input_shape: Any) -> None:
        width = self.gates * self.units
        self.kernel = self.add_named_weight("kernel", (input_shape[-1], width))
        self.recurrent_kernel = self.add_named_weight(
            "recurrent_kernel", (self.units, width), "recurrent"
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_named_weight(
                "bias", self.bias_shape(), initializer=self.first_bias
            )

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        if training and not current().training:
            with changed(training=True):
                return self.call(inputs, states)
        if drops(self):
            return dropped_step(self, inputs, states)
        if current().tape is not None:
            from .taped_cell import cell_on_tape

            new = cell_on_tape(self, inputs, flatten(states))
            return new[0], new if is_nested(states) else new[0]
        x, held = np.asarray(inputs, np.float32), flatten(states)
        packed = self.packed()
        if isinstance(packed, _kernels.PackedRNN):
            _, new = _kernels.rnn(x, packed, np.arange(len(x) + 1), initial_state=held)
        else:
            new = self.advance(x, *(np.asarray(state, np.float32) for state in held))
        return new[0], list(new) if is_nested(states) else new[0]

    def advance(self, x: np.ndarray, *states: np.ndarray) -> tuple[np.ndarray, ...]:
        """The new states, the output first."""
        return self.after(_kernels.dense(x, self.packed()[0]), *states)

    @overridable
    def after(self, of_input: np.ndarray, *states: np.ndarray) -> tuple[np.ndarray, ...]:
        """`advance` for the inputs' product, with its bias.

        Parameters
        ----------
        of_input : numpy.ndarray
            float32 (n, gates * units).
        *states : numpy.ndarray
            The states, float32 (n, units).
        """
        raise NotImplementedError

    def _splits(self) -> bool:
        """True if a step is `after`, of activations that draw nothing at random."""
        own = type(self).call is Cell.call and type(self).advance is Cell.advance
        known = activations.ACTIVATIONS.values()
        return own and all(function in known for function in self.functions().values())

    def over_rows(self, rows: Rows, states: Any, outputs: Outputs | None, reverse: bool) -> Run:
        """Run over the real steps of `rows`; see `run_cell`."""
        if current().training and self._drops_all():
            return dropped_run(self, rows, states, outputs, reverse)
        packed = self.packed()
        if not isinstance(packed, _kernels.PackedRNN):
            from .walked.products import run_products

            run = run_products if self._splits() else step_by_step
            return run(self, rows, states, outputs, reverse)
        source = rows.source
        out, cells = outputs or NOWHERE
        _, last = _kernels.rnn(
            source.array,
            packed,
            rows.layout.offsets,
            index=source.index,
            initial_state=states,
            reverse=reverse,
            out=out,
            cells=cells,
            keep=0 if source.variable is None else self.max_kept_bytes,
        )
        return last[0], list(last)

    @overridable
    def formula(self, of_input: Any, of_state: Any, *states: Any) -> tuple[Any, ...]:
        """`advance` in operations that gradients pass.

        of (a state or the like, its first gate, its last) -> its product with these gates.

        Parameters
        ----------
        of_input
            What the input's product gave, without a bias.
        of_state
            A function.
        """
        raise NotImplementedError

    def over_tape(self, rows: Traced, states: Any, reverse: bool) -> "TapedRun":
        """`over_rows` under a tape; see `run_on_tape`."""
        from .taped_run import run_in_c, steps_on_tape
        from .walked.run import walk_on_tape, walks

        dropped = None
        if self._drops_all():
            dropped = Dropped(self, rows.shape[-1], rows.value.layout.batch)
        packed = self.packed()
        in_c = isinstance(packed, _kernels.PackedRNN) and _kernels.has_way_back(packed)
        ours, gates_drop = type(self).call is Cell.call and walks(self), False
        if dropped is not None and (in_c or ours):
            gates_drop = dropped.of_state is not None
            if dropped.of_input is not None and not gates_drop:
                rows = drop_input(rows, dropped.of_input[0])
        if in_c and not gates_drop:
            return run_in_c(self, packed, rows, states, reverse)
        if ours:
            return walk_on_tape(self, rows, states, reverse, dropped if gates_drop else None)
        call_in = None if dropped is None else dropped.calls(self)
        return steps_on_tape(self, rows, states, reverse, call_in)

    def _drops_all(self) -> bool:
        """True if a run drops; a `call` of one's own does that itself, step by step."""
        return type(self).call is Cell.call and drops(self)

    def pack_weights(self, kernel: Any, recurrent_kernel: Any, bias: np.ndarray | None) -> Any:
        """The weights in the kernels' form: a PackedRNN.

        It is what `pack_products` gives if `call` or an activation is not known to C; products are
        then float32, whatever the weights are kept in.
        """
        names: dict[str, Any] = {k: activations.kernel_name(f) for k, f in self.functions().items()}
        if type(self).call is Cell.call and all(names.values()):
            both = packable(kernel), packable(recurrent_kernel)
            return _kernels.PackedRNN(self.kind, *both, bias, **names)
        return self.pack_products(np.asarray(kernel), np.asarray(recurrent_kernel), bias)

    def pack_products(
        self, kernel: np.ndarray, recurrent_kernel: np.ndarray, bias: np.ndarray | None
    ) -> tuple[Any, ...]:
        """The matrices that `advance` multiplies with: the input's, then the state's."""
        dense = _kernels.PackedDense
        return dense(kernel, bias), dense(recurrent_kernel)

    def functions(self) -> dict[str, Any]:
        """The activation functions by argument name."""
        return {"activation": self.activation}

    def traced_functions(self) -> list[Any]:
        """The activation functions for values under a tape, that of the gates first."""
        from .taped_cell import traced

        return [traced(self.functions()[name]) for name in sorted(self.functions(), reverse=True)]


def features_of(cell: Any) -> int | None:
    """The features of the inputs that a cell of ours was built for; of a stack its first one's.

    None: any, or unknown.
    """
    while hasattr(cell, "cells"):
        cell = cell.cells[0]
    return cell.kernel.shape[0] if isinstance(cell, Cell) and cell.built else None


def run_pair(
    layers: Sequence[Any],
    rows: Rows,
    starts: list[Any],
    outputs: tuple[Outputs | None, Outputs | None],
    *,
    reverse: bool = False,
) -> list[Run]:
    """The runs of two recurrent layers, in opposite directions: side by side if both are in C.

    outputs: of both, with the same cells, or None for both.
    """
    cells = forward, backward = layers[0].cell, layers[1].cell
    alone = current().training and any(isinstance(x, Cell) and drops(x) for x in cells)
    first = forward.packed() if isinstance(forward, Cell) and not alone else None
    second = backward.packed() if isinstance(backward, Cell) and not alone else None
    if isinstance(first, _kernels.PackedRNN) and isinstance(second, _kernels.PackedRNN):
        source = rows.source
        one, other = outputs[0] or NOWHERE, outputs[1] or NOWHERE
        (_, last), (_, last_back) = _kernels.rnn_pair(
            source.array,
            first,
            second,
            rows.layout.offsets,
            index=source.index,
            initial_states=starts,
            reverse=reverse,
            out=(one.values, other.values),
            cells=one.cells,
            keep=0 if source.variable is None else forward.max_kept_bytes,
        )
        return [(last[0], list(last)), (last_back[0], list(last_back))]
    runs = []
    each = zip(layers, starts, outputs, (reverse, not reverse), strict=True)
    for layer, start, into, back in each:
        with naming_errors(layer), layer.naming_cell():
            runs.append(run_cell(layer.cell, rows, start, into, reverse=back))
    return runs


def pair_on_tape(
    layers: Sequence[Any], rows: Traced, starts: list[Any], reverse: bool, joined: bool
) -> "list[TapedRun]":
    """`run_pair` under a tape.

    joined: their outputs are then columns of one array.
    """
    from .taped_run import pair_in_c, run_on_tape

    cells = [layer.cell for layer in layers]
    if all(isinstance(cell, Cell) and not drops(cell) for cell in cells):
        packed = [cell.packed() for cell in cells]
        known = [isinstance(x, _kernels.PackedRNN) and _kernels.has_way_back(x) for x in packed]
        if all(known):
            return pair_in_c(cells, packed, rows, starts, reverse, joined)
    runs = []
    for layer, start, back in zip(layers, starts, (reverse, not reverse), strict=True):
        with naming_errors(layer), layer.naming_cell():
            runs.append(run_on_tape(layer.cell, rows, start, back))
    return runs
