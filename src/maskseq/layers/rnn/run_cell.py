"""How a cell, this package's or a user's own, runs over the real steps of a batch.

A cell that cannot do it by itself (`over_rows`) runs step by step, each step on the sequences that
still have one: masked steps are never computed.
"""

from typing import Any, NamedTuple

import numpy as np

from ...nest import flatten
from ...numerics.drawing import AtSteps
from ...rows import Layout, Rows
from ..base.binding import training_option
from ..base.errors import naming_errors
from ..base.layer import Layer

Run = tuple[np.ndarray, list[np.ndarray]]
"""(last outputs, last states)."""


class Outputs(NamedTuple):
    """Where the outputs go: that of real step j to row cells[j] of `values`, float32 (m, units).

    `cells` None: to row j.
    """

    values: np.ndarray | None
    cells: np.ndarray | None = None


NOWHERE = Outputs(None)


def state_shapes(cell: Any) -> list[tuple[int, ...]]:
    """The shape of each state of a cell, for one sequence.

    `state_size` is an int, or a list (or tuple) with an int or a tuple of ints for each state. The
    states of a stack are those of its cells.
    """
    if hasattr(cell, "cells"):
        return [shape for inner in cell.cells for shape in state_shapes(inner)]
    size = cell.state_size
    return _shapes([size] if isinstance(size, (int, np.integer)) else size)


def _shapes(sizes: Any) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    for size in sizes:
        if isinstance(size, list):
            found += _shapes(size)
        else:
            found.append(tuple(size) if isinstance(size, tuple) else (int(size),))
    return found


def output_shape_of(cell: Any) -> tuple[int, ...]:
    """The shape of a cell's output for one sequence: its `output_size`, else its first state's.

    () if the cell does not know it yet.
    """
    size = getattr(cell, "output_size", None)
    if size is None:
        return next(iter(state_shapes(cell)), ())
    return tuple(size) if isinstance(size, (tuple, list)) else (int(size),)


def initial_state_of(cell: Any, batch: int) -> Any:
    """The states that `cell` starts from if no others are given."""
    if hasattr(cell, "get_initial_state"):
        return cell.get_initial_state(batch_size=batch)
    return [np.zeros((batch, *shape), np.float32) for shape in state_shapes(cell)]


def check_cell(cell: Any) -> None:
    """Raises: ValueError unless `cell` has what a recurrent layer needs."""
    for attribute in ("call", "state_size"):
        if not hasattr(cell, attribute):
            raise ValueError(f"cell must have `{attribute}`, got {cell!r}")


def build_cell(cell: Any, input_shape: tuple) -> None:
    """Make the weights of a cell that is a layer."""
    if isinstance(cell, Layer) and not cell.built:
        cell.build(input_shape)


def run_cell(
    cell: Any,
    rows: Rows,
    states: list[np.ndarray] | None,
    outputs: Outputs | None = None,
    *,
    reverse: bool = False,
) -> Run:
    """Run `cell` over the real steps of each sequence.

    Arguments: states: the initial ones, (batch, ...) each; None = the cell's own.  outputs: where
        to write each step's output.  reverse: from the last step to the first; outputs stay where
        they are.
    A sequence without real steps keeps its states. Its last output is its first state if that has
    the output's width, else zeros.
    """
    if hasattr(cell, "over_rows"):
        return cell.over_rows(rows, states, outputs, reverse)
    with naming_errors(cell):
        return step_by_step(cell, rows, states, outputs, reverse)


def in_time(layout: Layout, reverse: bool) -> tuple[np.ndarray, list[np.ndarray]]:
    """The sequences by falling length; for each step, the rows of those that have it."""
    by_length = np.argsort(-layout.lengths, kind="stable")
    lengths = layout.lengths[by_length]
    start = (layout.offsets[1:] - 1 if reverse else layout.offsets[:-1])[by_length]
    counts = np.searchsorted(-lengths, -np.arange(lengths.max(initial=0))).tolist()
    one = -1 if reverse else 1
    return by_length, [start[:count] + one * step for step, count in enumerate(counts)]


def step_by_step(
    cell: Any,
    rows: Rows,
    states: list[np.ndarray] | None,
    outputs: Outputs | None,
    reverse: bool,
) -> Run:
    """`run_cell` by one `cell.call` a step, on the sequences that are long enough to have it."""
    options = training_option(cell)
    layout, index = rows.layout, rows.source.index
    source = np.asarray(rows.source.array, np.float32)
    if states is None:
        states = flatten(initial_state_of(cell, layout.batch))
    states = [np.array(state, np.float32) for state in states]
    last = first_output(cell, states)
    out, cells = outputs or NOWHERE
    by_length, steps = in_time(layout, reverse)
    drawing = AtSteps(layout)
    for at in steps:
        who = by_length[: len(at)]
        x = source[at if index is None else index[at]]
        with drawing.of(who, at):
            output, new = cell.call(x, [state[who] for state in states], **options)
        for state, value in zip(states, flatten(new), strict=True):
            state[who] = value
        last[who] = output
        if out is not None:
            out[at if cells is None else cells[at]] = output
    return last, states


def first_output(cell: Any, states: list[np.ndarray]) -> np.ndarray:
    """(batch, units): what a sequence puts out before its first real step."""
    state = states[getattr(cell, "output_state", 0)]
    shape = (len(state), *output_shape_of(cell))
    return state.copy() if state.shape == shape else np.zeros(shape, np.float32)
