"""RNN: a cell run over the real steps of each sequence. The one place of Keras's RNN mask rules.

At a masked step the states stay as they are; the output is the previous output (before the first
real step: the initial state), or zero with `zero_output_for_mask`. Masked steps are never computed.
"""

from typing import Any, Unpack

import numpy as np

from ..._kernels import PackedRNN, fill_masked, rnn
from ...context import changed, current
from ...nest import flatten
from ...rows import Layout, Rows
from ...tape import Traced
from ..base.arguments import LayerOptions
from ..base.errors import PLAIN_ERRORS, naming_errors
from ..base.layer import Layer
from ..base.masks import check_mask, tell_padding_effect
from ..base.one_tensor import CarriesStates
from ..base.rules import STARTS_FROM_ZEROS
from .cell import Cell, features_of
from .run_cell import (
    Outputs,
    build_cell,
    check_cell,
    first_output,
    initial_state_of,
    output_shape_of,
    run_cell,
    state_shapes,
)
from .stacked_rnn_cells import StackedRNNCells
from .taped_dropout import drops

_FLOAT32 = np.dtype(np.float32)
_TURNED = (
    "go_backwards with return_sequences gives the outputs in the order of the run, reversed over "
    "the padded time, and leaves the mask as it was, as in Keras, so that it names other steps. "
    "Bidirectional turns them back."
)
_ZEROED = (
    "zero_output_for_mask without return_sequences gives zeros for every sequence that is padded "
    "where the run ends, as in Keras. Without it the output is that of the last real step."
)


class RNN(CarriesStates):
    """Run `cell` over time.

    Parameters
    ----------
    cell : cell or sequence of cells
        A cell, or a list of cells, each on top of the one before. A cell of your own has
        `call(inputs, states) -> (output, new states)`, `state_size` (an int; for more states a
        list, in which a tuple is the shape of one, as (2, 3) of a matrix) and, where they are not
        the first state's and zeros, `output_size` and `get_initial_state(batch_size)`.
    return_sequences : bool, default False
        Every step's output, not the last one.
    return_state : bool, default False
        Also the last states.
    go_backwards : bool, default False
        From the last step to the first; outputs come in that order.
    stateful : bool, default False
        A call starts from the last states of the call before.
    unroll : bool, default False
        Accepted; the result is the same.
    zero_output_for_mask : bool, default False
        Masked steps put out zeros.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `cell` has no `state_size`, or is an empty list. From a call on sequences that are not
        (batch, time, ...) or have other features than the first ones, and for an `initial_state` or
        `mask` of another shape.

    See Also
    --------
    LSTM, GRU, StackedRNNCells

    Notes
    -----
    A call takes and gives:

    sequences
        float32 (batch, time, ...).
    initial_state
        List of float32 (batch, units); passed without `mask`, the mask that the sequences carry is
        not used, as in Keras, which is told once.
    mask
        bool (batch, time), True = real.
    returns
        (batch, units), with return_sequences (batch, time, units); with return_state a list of the
        output and the states.

    Source: keras.layers.RNN. Before the first real step as on its JAX backend; under the mask_rule
    of a Keras inside TensorFlow as there, zeros.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.RNN([layers.LSTMCell(8), layers.GRUCell(6)])(np.ones((2, 3, 4))).shape
    (2, 6)
    """

    input_axes = "(batch, time, ...)"
    supports_masking = True
    reads_masked = "none"
    makes_cell = False  # True: errors need not name it

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else cell
        check_cell(cell)
        self.cell = cell
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.stateful, self.unroll = go_backwards, stateful, unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.states: list[np.ndarray] | None = None
        self._batch_size: int | None = None

    @property
    def fixed_features(self) -> bool:
        return features_of(self.cell) is not None

    @property
    def depends_on_padding(self) -> str | None:
        """Why the answer depends on padding, with two options of Keras's; else None."""
        if self.return_sequences:
            return _TURNED if self.go_backwards else None
        return _ZEROED if self.zero_output_for_mask else None

    def _meets_padding(self, layout: Layout) -> bool:
        """True if the padding of a batch is such that the answer depends on it."""
        if layout.full or self.return_sequences:
            return not layout.full
        return not layout.mask[:, 0 if self.go_backwards else -1].all()

    @property
    def units(self) -> int:
        """The width of the output."""
        cell = self.cell
        return cell.units if isinstance(cell, Cell) else output_shape_of(cell)[-1]

    @property
    def step_shape(self) -> tuple[int, ...]:
        """The shape of one step's output."""
        cell = self.cell
        return (cell.units,) if isinstance(cell, Cell) else output_shape_of(cell)

    def build(self, sequences_shape: Any) -> None:
        if len(sequences_shape) < 3 or not sequences_shape[-1]:
            raise ValueError(
                f"sequences must be (batch, time, features) with known features, got shape "
                f"{tuple(sequences_shape)}"
            )
        if self.stateful and sequences_shape[0] is None:
            raise ValueError(
                "stateful=True: the batch size must be static, as that of Input(batch_shape=...), "
                f"got sequences of shape {tuple(sequences_shape)}"
            )
        self._batch_size = sequences_shape[0]
        build_cell(self.cell, (sequences_shape[0], *sequences_shape[2:]))

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        if training and not current().training:
            with changed(training=True):
                return self.call(sequences, initial_state, mask)
        if mask is None:
            result = self._at_once(sequences, initial_state)
            if result is not None:
                return result
        rows = self.real_steps(sequences, mask)
        start = self.start(initial_state, rows.layout.batch)
        result = self._run(rows, start, padded=True)
        return result if self.return_state else result[0]

    def _at_once(self, x: Any, initial_state: Any, keep: int = 0) -> Any:
        """The result where all steps are real and C knows the cell; else None.

        x: an array, or Rows in a table, of which `keep` bytes of products may be kept.
        """
        cell = self.cell
        if not isinstance(cell, Cell) or (current().training and drops(cell)):
            return None
        packed = cell.packed()
        if type(packed) is not PackedRNN:
            return None
        source, shape, offsets, index = x, x.shape, None, None
        if type(x) is Rows:
            offsets, source, index = x.layout.offsets, x.source.array, x.source.index
        if len(shape) != 3 or shape[2] != packed.features:
            return None
        start, has_states = None, self.stateful or self.return_state
        if self.stateful or initial_state is not None:
            start = self.start(initial_state, shape[0])
        y, last = rnn(
            source,
            packed,
            offsets,
            index=index,
            initial_state=start,
            return_sequences=self.return_sequences,
            return_c=has_states,
            reverse=self.go_backwards,
            keep=keep,
        )
        if y is None:
            y = last[0].copy() if has_states else last[0]  # not the array that is a state
        else:
            y = y if y.ndim == 3 else y.reshape(*shape[:2], packed.units)
            y = y[:, ::-1] if self.go_backwards else y
        if self.stateful:  # arrays that nobody else has
            self.states = [state.copy() for state in last] if self.return_state else list(last)
        return [y, *last] if self.return_state else y

    def on_rows(self, rows: Rows, initial_state: Any = None) -> Any:
        if rows.ndim < 3:
            return NotImplemented
        self._tell_padding(rows.layout)
        start = self.start(initial_state, rows.layout.batch)
        padded = self.go_backwards or current().padded_output
        padded = padded or self._before_first_step(start) is not None
        result = self._run(rows, start, padded)
        if self.return_sequences and padded:
            result[0] = rows.tensor_of(result[0])
        return result if self.return_state else result[0]

    @property
    def takes_table(self) -> bool:
        """True if its calls are those of this class, which can read a table as it is."""
        cls = type(self)
        own = cls.call is RNN.call and cls.__call__ is Layer.__call__
        return own and isinstance(self.cell, Cell)

    def in_table(self, rows: Rows, initial_state: Any) -> Any:
        return self._at_once(rows, initial_state, self.cell.max_kept_bytes)

    def on_tape(
        self, tape: Any, inputs: Traced, initial_state: Any = None, mask: Any = None
    ) -> Any:
        from .taped_rnn import rnn_on_tape

        return rnn_on_tape(self, inputs, initial_state, mask)

    def _tell_padding(self, layout: Layout) -> None:
        if self.go_backwards if self.return_sequences else self.zero_output_for_mask:
            if self._meets_padding(layout):
                tell_padding_effect(self, self.depends_on_padding or "")

    def _run(self, rows: Rows, start: Any, padded: bool) -> list[Any]:
        """The output and the states; all outputs are padded, or Rows."""
        layout = rows.layout
        outputs: Any = self._room(layout, padded) if self.return_sequences else None
        try:
            last, states = run_cell(self.cell, rows, start, outputs, reverse=self.go_backwards)
        except PLAIN_ERRORS:
            with self.naming_cell():
                raise
        if self.stateful:
            self.states = [state.copy() for state in states]
        if outputs is None:
            output = self.last_output(last, layout, start)
        elif padded:
            output = self._padded(outputs.values, layout, start)
        else:
            output = Rows(outputs.values, layout, carry=not self.zero_output_for_mask)
        return [output, *self.grouped(states)]

    def naming_cell(self) -> naming_errors:
        """A context in which errors name the cell, if it is a layer that users gave."""
        return naming_errors(None if self.makes_cell else self.cell)

    def _room(self, layout: Layout, padded: bool) -> Outputs:
        """Where the outputs go: into all cells of the padded array, or into the rows and a pad."""
        if not padded:
            values = np.empty((layout.steps + 1, *self.step_shape), np.float32)
            values[-1] = 0
            return Outputs(values)
        values = np.empty((layout.batch * layout.time, *self.step_shape), np.float32)
        if self.go_backwards:
            mirrored = layout.time - 1 - 2 * (layout.cells % layout.time)
            return Outputs(values, layout.cells + mirrored)
        return Outputs(values, None if layout.full else layout.cells)

    def _padded(self, values: np.ndarray, layout: Layout, start: Any) -> np.ndarray:
        """The padded outputs, of which the real ones are there."""
        if not layout.full:
            mask = layout.mask[:, ::-1] if self.go_backwards else layout.mask
            first, carry = self._before_first_step(start), not self.zero_output_for_mask
            flat = values if values.ndim == 2 else values.reshape(len(values), -1)
            if first is not None:
                first = first.reshape(layout.batch, -1)
            fill_masked(flat, mask, first, carry=carry)
        return values.reshape(layout.batch, layout.time, *values.shape[1:])

    def grouped(self, states: list[Any]) -> list[Any]:
        """The states; those of a stack as a list for each cell."""
        if not isinstance(self.cell, StackedRNNCells):
            return states
        left = iter(states)
        return [[next(left) for _ in state_shapes(cell)] for cell in self.cell.cells]

    def _before_first_step(self, start: Any) -> np.ndarray | None:
        """What masked steps before the first real one put out, (batch, units); None = zeros."""
        if start is None or self.zero_output_for_mask or self.mask_rule in STARTS_FROM_ZEROS:
            return None
        first = first_output(self.cell, start)
        return first if first.any() else None

    def last_output(self, output: np.ndarray, layout: Layout, start: Any) -> np.ndarray:
        """The output without return_sequences, of a run from the states `start`."""
        if start is not None and self.mask_rule in STARTS_FROM_ZEROS:
            some = layout.lengths.reshape(-1, *(1,) * (output.ndim - 1)) > 0
            output = np.where(some, output, np.float32(0))
        if self.zero_output_for_mask and layout.time and not layout.full:
            last = layout.mask[:, 0 if self.go_backwards else -1]
            real = last.reshape(-1, *(1,) * (output.ndim - 1))
            return np.where(real, output, np.float32(0))
        return output.copy() if self.return_state else output  # not the array that is a state

    def real_steps(self, sequences: Any, mask: Any) -> Rows:
        """The real steps of a padded array, left in place, if it fits the weights."""
        x = np.asarray(sequences)
        features = features_of(self.cell)
        if x.ndim < 3 or features not in (None, x.shape[-1]):
            axes = f"(batch, time, {'features' if x.ndim < 3 else features})"
            with naming_errors(None) if x.ndim < 3 else self.naming_cell():
                raise ValueError(f"sequences must be {axes}, got shape {x.shape}")
        return Rows.view(x, None if mask is None else _step_mask(mask, x.shape[:2]))

    def start(self, initial_state: Any, batch: int) -> list[np.ndarray] | None:
        """The states to start from, checked; None = zeros."""
        if self.stateful and batch != self._batch_size:
            raise ValueError(
                "if an RNN is stateful, the batch size of the input sequences must be the same as "
                f"the batch size of the initial state: expected batch size {self._batch_size}, "
                f"received batch size {batch}"
            )
        given = self.states if initial_state is None else initial_state
        if initial_state is None and given is not None:
            return given
        cell = self.cell
        if type(given) is list and isinstance(cell, Cell) and len(given) == cell.state_count:
            wanted = batch, cell.units
            for state in given:
                if type(state) is not np.ndarray or state.shape != wanted:
                    break
                if state.dtype is not _FLOAT32:
                    break
            else:
                return given
        if given is None:
            if isinstance(self.cell, Cell):
                return None
            given = initial_state_of(self.cell, batch)
        if type(given) is not list or not isinstance(self.cell, Cell):
            given = flatten(given)
        states = [np.asarray(state, np.float32) for state in given]
        if isinstance(self.cell, Cell):
            wanted = [(batch, self.cell.units)] * self.cell.state_count
        else:
            wanted = [(batch, *shape) for shape in state_shapes(self.cell)]
        shapes = [state.shape for state in states]
        if shapes != wanted:
            raise ValueError(f"initial_state must have shapes {wanted}, got {shapes}")
        return states

    def first_states(self, batch: int) -> list[np.ndarray]:
        """The states to start from if no others are given."""
        if isinstance(self.cell, Cell):
            return [np.zeros((batch, self.cell.units), np.float32)] * self.cell.state_count
        return [np.asarray(x, np.float32) for x in flatten(initial_state_of(self.cell, batch))]

    def reset_state(self) -> None:
        """Start the next call of a stateful layer from its first states."""
        self.states = None

    reset_states = reset_state

    @property
    def mask_role(self) -> str:
        return "uses, passes" if self.return_sequences else "uses"

    def compute_mask(self, sequences: Any, mask: Any) -> Any:
        mask = flatten(mask)[0] if isinstance(mask, (list, tuple)) else mask
        output_mask = mask if self.return_sequences else None
        if self.return_state:
            return [output_mask] + [None] * len(state_shapes(self.cell))
        return output_mask

    def compute_output_shape(self, sequences_shape: Any) -> Any:
        batch, time = sequences_shape[:2]
        shape = self.step_shape
        output = (batch, time, *shape) if self.return_sequences else (batch, *shape)
        if not self.return_state:
            return output
        states = [(batch, *shape) for shape in state_shapes(self.cell)]
        return [output, *self.grouped(states)]


def _step_mask(mask: Any, shape: tuple[int, int]) -> np.ndarray:
    """A mask as bool (batch, time); (batch, time, k) is masked where all k are, as in Keras.

    A mask of batch 1 is that of each sequence.
    """
    mask = flatten(mask)[0] if isinstance(mask, (list, tuple)) else mask
    mask = np.asarray(mask)
    mask = mask.any(axis=-1) if mask.ndim == 3 else mask
    return check_mask(mask, shape)
