"""How a cell runs over the real steps of a batch under a tape, so that gradients go back.

A cell of ours with the usual activations runs in C, there and back; with other activations of each
number, and where it drops of its state, as `walked` says. Any other runs step by step, each step on
the sequences that still have one, and all that its `call` does is recorded.
"""

from collections.abc import Sequence
from itertools import repeat
from operator import is_not
from typing import Any

import numpy as np

from ... import _kernels, ops
from ...nest import flatten
from ...numerics.drawing import AtSteps
from ...rows import Rows
from ...tape import Traced, real_values, value_of
from ...variable import values_of
from ..base.binding import training_option
from .run_cell import first_output, in_time, initial_state_of

TapedRun = tuple[Any, Any, list[Any]]
"""(outputs as Rows with a pad row of zeros, last outputs, last states), all Traced."""


def run_on_tape(cell: Any, rows: Traced, states: Sequence[Any] | None, reverse: bool) -> TapedRun:
    """`run_cell` under a tape; the outputs of all steps are there."""
    if hasattr(cell, "over_tape"):
        return cell.over_tape(rows, states, reverse)
    return steps_on_tape(cell, rows, states, reverse)


def run_in_c(
    cell: Any, packed: _kernels.PackedRNN, rows: Traced, states: Sequence[Any] | None, reverse: bool
) -> TapedRun:
    """The run of a cell whose way back is in C."""
    run = _RunInC(cell, packed, rows.value, states, reverse)
    source = rows.value.source
    run.take(
        _kernels.rnn_taped(
            source.array,
            packed,
            run.layout.offsets,
            index=source.index,
            initial_state=run.started,
            reverse=reverse,
            out=run.outputs,
        )
    )

    def backward(gradients: Sequence[Any], wanted: Sequence[bool]) -> list[Any]:
        return _gradients_of([(run, gradients, wanted)])[0]

    return run.traced(rows.tape.record(run.results(), run.sources(rows), backward))


def pair_in_c(
    cells: Sequence[Any],
    packed: Sequence[_kernels.PackedRNN],
    rows: Traced,
    states: Sequence[Sequence[Any] | None],
    reverse: bool,
    joined: bool,
) -> list[TapedRun]:
    """`run_in_c` of two cells in opposite directions, side by side there and back.

    joined: the outputs are wanted as columns of one array.
    """
    parts: Sequence[np.ndarray | None] = (None, None)
    if joined:
        width = cells[0].units
        both = _room(rows.value.layout, width + cells[1].units)
        parts = both[:, :width], both[:, width:]
    one = _RunInC(cells[0], packed[0], rows.value, states[0], reverse, parts[0])
    other = _RunInC(cells[1], packed[1], rows.value, states[1], not reverse, parts[1])
    source = rows.value.source
    taken = _kernels.rnn_taped_pair(
        source.array,
        packed[0],
        packed[1],
        one.layout.offsets,
        index=source.index,
        initial_states=(one.started, other.started),
        reverse=reverse,
        out=(one.outputs, other.outputs),
    )
    one.take(taken[0])
    other.take(taken[1])
    results, of_other = one.results(), other.sources(rows)
    count, last = len(results), len(of_other)

    def backward(gradients: Sequence[Any], wanted: Sequence[bool]) -> list[Any]:
        asked = (
            (one, gradients[:count], wanted[last:]),
            (other, gradients[count:], wanted[:last]),
        )
        found = {run: [None] * len(wants) for run, _, wants in asked}
        going = [x for x in asked if True in x[2] and any(map(is_not, x[1], repeat(None)))]
        if going:
            found.update(zip([x[0] for x in going], _gradients_of(going), strict=True))
        return [*found[other], *found[one]]

    # the second one's sources first, as if it had been recorded last: sums keep their order
    sources = [*of_other, *one.sources(rows)]
    made = rows.tape.record([*results, *other.results()], sources, backward)
    return [one.traced(made[:count]), other.traced(made[count:])]


def _gradients_of(asked: Sequence[tuple["_RunInC", Sequence[Any], Sequence[bool]]]) -> list[Any]:
    """The gradients of the sources of runs over the same rows, which go back side by side.

    asked: of each the run, the gradients of its results, and which of its sources want one.
    """
    source = asked[0][0].source
    made = _kernels.rnn_gradients(
        [run.way_back(gradients) for run, gradients, _ in asked],
        source.array,
        [run.outputs for run, _, _ in asked],
        [wanted[1:4] for _, _, wanted in asked],
        source.index,
    )
    pairs = zip(asked, made, strict=True)
    return [run.gradients(d, wanted, *found) for (run, d, wanted), found in pairs]


class _RunInC:
    """A run of a cell in C, and its way back. `take` what the kernel returned before the rest."""

    def __init__(
        self,
        cell: Any,
        packed: Any,
        rows: Rows,
        states: Sequence[Any] | None,
        reverse: bool,
        outputs: np.ndarray | None = None,
    ):
        self.cell, self.packed, self.reverse = cell, packed, reverse
        self.layout, self.source = rows.layout, rows.source
        self.states = states
        self.outputs = _room(rows.layout, cell.units) if outputs is None else outputs
        self.started: list[np.ndarray] | None = None
        if states is not None:
            self.started = [np.asarray(value_of(x), np.float32) for x in states]
        self.kernel, self.recurrent_kernel = values_of((cell.kernel, cell.recurrent_kernel))

    def take(self, found: tuple[tuple[np.ndarray, ...], np.ndarray, Any]) -> None:
        self.last, self.kept, self.c = found

    def results(self) -> list[Any]:
        return [Rows(self.outputs, self.layout), *self.last]

    def sources(self, rows: Traced) -> list[Any]:
        cell = self.cell
        return [rows, cell.kernel, cell.recurrent_kernel, cell.bias, *(self.states or ())]

    def traced(self, made: list[Any]) -> TapedRun:
        return made[0], made[1], made[1:]

    def way_back(self, gradients: Sequence[Any]) -> _kernels.RnnWayBack:
        d_outputs, d_last, *d_cell = gradients
        return _kernels.RnnWayBack(
            self.packed,
            _kernels.PackedDense(self.recurrent_kernel, turned=True),
            self.layout.offsets,
            self.kept,
            self.outputs if self.c is None else self.c,
            initial=None if self.started is None else self.started[-1],
            d_outputs=d_outputs,
            d_last=d_last,
            d_cell=d_cell[0] if d_cell else None,
            reverse=self.reverse,
        )

    def gradients(
        self,
        gradients: Sequence[Any],
        wanted: Sequence[bool],
        of_kernel: Any,
        of_recurrent: Any,
        of_bias: Any,
        carry: Any,
    ) -> list[Any]:
        """The gradients of the sources, after the way back."""
        kind, units, layout = self.cell.kind, self.cell.units, self.layout
        of_rows = None
        if wanted[0]:
            of_input = self.kept[:, : 3 * units] if kind == "gru" else self.kept
            of_rows = _turned_product(of_input, _input_order(kind, self.kernel))
        found = [of_rows, of_kernel, of_recurrent, of_bias]
        if self.started is None:
            return found
        of_state = self.kept[:, units:] if kind == "gru" else self.kept
        d_last = gradients[1]
        begun = layout.lengths > 0
        first = (layout.offsets[1:] - 1 if self.reverse else layout.offsets[:-1])[begun]
        d_first = of_state[first]
        if wanted[2]:
            starts = np.flatnonzero(begun)
            _kernels.outer(self.started[0], d_first, starts, out=of_recurrent, accumulate=True)
        d_start = np.zeros_like(self.started[0]) if d_last is None else np.array(d_last)
        d_start[begun] = _turned_product(d_first, self.recurrent_kernel)
        if kind == "gru":
            d_start[begun] += carry[begun]
        return [*found, d_start, *[carry] * (len(wanted) - 5)]


def _room(layout: Any, units: int) -> np.ndarray:
    """An array for the outputs of all steps, with a pad row of zeros."""
    outputs = np.empty((layout.steps + 1, units), np.float32)
    outputs[-1] = 0
    return outputs


def _turned_product(d: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """d kernel^T."""
    return _kernels.dense_rows(d, _kernels.PackedDense(kernel, turned=True))


def _input_order(kind: str, kernel: np.ndarray) -> np.ndarray:
    """Columns z r h of a GRU as h z r."""
    return np.roll(kernel, kernel.shape[-1] // 3, axis=-1) if kind == "gru" else kernel


def steps_on_tape(
    cell: Any, rows: Traced, states: Any, reverse: bool, call_in: Any = None
) -> TapedRun:
    """`step_by_step` under a tape.

    call_in: gives, for the numbers of the sequences in the order in which they are walked, what is
    called in place of `cell.call` with the first ones of them.
    """
    tape, layout = rows.tape, rows.value.layout
    if not getattr(cell, "traceable", True) and not hasattr(cell, "over_tape"):
        raise TypeError(f"{type(cell).__name__} has no gradient yet, so that it cannot be trained")
    if states is None:
        states = flatten(initial_state_of(cell, layout.batch))
    states = [tape.hold(x) for x in states]
    by_length, at = in_time(layout, reverse)
    call, options, drawing = cell.call, training_option(cell), AtSteps(layout)
    if call_in is not None:
        call, options = call_in(by_length), {}
    outputs = []
    ended: list[list[Any]] = []  # (last output, *states) of sequences, the shortest ones first
    now = [x[by_length] for x in (_first_output(cell, states), *states)]
    for x, places in zip(_in_steps(rows, at), at, strict=True):
        count = len(x)
        if count < len(now[0]):
            ended.append([x[count:] for x in now])
            now = [x[:count] for x in now]
        with drawing.of(by_length[:count], places):
            output, new = call(x, now[1:], **options)
        now = [output, *flatten(new)]
        outputs.append(output)
    ended.append(now)
    back = np.empty_like(by_length)
    back[by_length] = np.arange(layout.batch)
    parts = zip(*ended[::-1], strict=True)
    last = [tape.hold(ops.concatenate(list(x), axis=0)[back]) for x in parts]
    return _as_rows(tape, layout, outputs, at, now[0].shape[1:]), last[0], last[1:]


def _first_output(cell: Any, states: list[Any]) -> Any:
    """`first_output` of Traced states."""
    state = states[getattr(cell, "output_state", 0)]
    first = first_output(cell, [value_of(x) for x in states])
    return state if first.shape == state.shape else state.tape.hold(first)


def _in_steps(rows: Traced, at: list[np.ndarray]) -> list[Any]:
    """The real rows step by step: at[step] are the numbers of those of a step."""
    if not at:
        return []
    x = real_values(rows)
    values = np.asarray(x.value, np.float32)

    def backward(gradients: Sequence[Any], wanted: Any) -> list[Any]:
        total = np.zeros(values.shape, np.float32)
        for places, gradient in zip(at, gradients, strict=True):
            if gradient is not None:
                total[places] = gradient
        return [total]

    return x.tape.record([values[places] for places in at], [x], backward)


def _as_rows(tape: Any, layout: Any, outputs: list[Any], at: list[np.ndarray], shape: Any) -> Any:
    """The outputs of each step as Rows with a pad row of zeros."""
    values = np.zeros((layout.steps + 1, *shape), np.float32)
    for places, output in zip(at, outputs, strict=True):
        values[places] = value_of(output)

    def backward(gradient: np.ndarray, wanted: Any) -> list[Any]:
        return [gradient[places] for places in at]

    return tape.record(Rows(values, layout), outputs, backward)
