"""StackedRNNCells: cells of which each reads the outputs of the one before."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from ...nest import flatten, is_nested
from ...rows import Rows, Source
from ...tape import Traced
from ..base.arguments import LayerOptions
from ..base.binding import training_option
from ..base.errors import naming_errors
from ..base.layer import Layer
from .run_cell import (
    Outputs,
    Run,
    build_cell,
    check_cell,
    initial_state_of,
    output_shape_of,
    run_cell,
    state_shapes,
)

if TYPE_CHECKING:
    from .taped_run import TapedRun


class StackedRNNCells(Layer):
    """Several cells as one.

    Parameters
    ----------
    cells : sequence of cells
        The cells, from the bottom.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If there is no cell, or one has no `state_size`; from a call with too few states.

    See Also
    --------
    RNN : Also takes a list of cells.
    LSTMCell, GRUCell

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, features).
    states
        A list, for each cell its states.
    returns
        (output of the last cell, the new states in the same structure).

    Source: keras.layers.StackedRNNCells.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> cell = layers.StackedRNNCells([layers.LSTMCell(8), layers.GRUCell(6)])
    >>> layers.RNN(cell)(np.ones((2, 3, 4))).shape
    (2, 6)
    """

    plain = True

    def __init__(self, cells: Sequence[Any], **kwargs: Unpack[LayerOptions]):
        super().__init__(**kwargs)
        if not isinstance(cells, (list, tuple)) or not cells:
            raise ValueError(f"cells must be a list of at least one cell, got {cells!r}")
        for cell in cells:
            check_cell(cell)
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """The state sizes of each cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int | tuple[int, ...]:
        """The width of the last cell's output, or its shape for one sequence."""
        shape = output_shape_of(self.cells[-1])
        return shape[0] if len(shape) == 1 else shape

    @property
    def output_state(self) -> int:
        """The number of the last cell's first state among all states."""
        return sum(len(state_shapes(cell)) for cell in self.cells[:-1])

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """The initial states of each cell."""
        return [initial_state_of(cell, batch_size) for cell in self.cells]

    def build(self, input_shape: Any) -> None:
        for cell in self.cells:
            build_cell(cell, input_shape)
            input_shape = (input_shape[0], *output_shape_of(cell))

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        if not isinstance(states, (list, tuple)) or len(states) != len(self.cells):
            got = len(states) if isinstance(states, (list, tuple)) else type(states).__name__
            raise ValueError(
                f"states must be a list of {len(self.cells)}, for each cell, got {got}"
            )
        new_states = []
        for cell, held in zip(self.cells, states, strict=True):
            options = training_option(cell)
            inputs, new = cell.call(inputs, list(held) if is_nested(held) else [held], **options)
            new_states.append(new if is_nested(held) else flatten(new)[0])
        return inputs, new_states

    def over_rows(self, rows: Rows, states: Any, outputs: Outputs | None, reverse: bool) -> Run:
        """Run over the real steps of `rows`, one cell after the other; see `run_cell`."""
        counts = [len(state_shapes(cell)) for cell in self.cells]
        ends = np.cumsum(counts)
        last: Any = None
        last_states = []
        for cell, count, end in zip(self.cells, counts, ends, strict=True):
            held = None
            if states is not None:
                held = states[end - count : end]
            between = None
            if end != ends[-1]:
                between = np.empty((rows.layout.steps, *output_shape_of(cell)), np.float32)
            into = outputs if between is None else Outputs(between)
            with naming_errors(cell):
                last, new = run_cell(cell, rows, held, into, reverse=reverse)
            if between is not None:
                rows = Rows(None, rows.layout, source=Source(between))
            last_states += new
        return last, last_states

    def over_tape(self, rows: Traced, states: Any, reverse: bool) -> "TapedRun":
        """`over_rows` under a tape; see `run_on_tape`."""
        from .taped_run import run_on_tape

        counts = [len(state_shapes(cell)) for cell in self.cells]
        last: Any = None
        last_states: list[Any] = []
        for cell, count in zip(self.cells, counts, strict=True):
            begin = len(last_states)
            held = None if states is None else states[begin : begin + count]
            with naming_errors(cell):
                rows, last, new = run_on_tape(cell, rows, held, reverse)
            last_states += new
        return rows, last, last_states
