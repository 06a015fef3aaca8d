"""Dropout inside recurrent layers: what a sequence drops, it drops at each of its steps.

What is drawn depends on the seed, the epoch, the sequence in the data set, the gate and the
feature; see `maskseq.numerics.draws`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import _kernels, ops
from ...context import changed, current
from ...nest import flatten, is_nested
from ...numerics.draws import mixed
from ...rows import Rows
from ...tape import Tape, Traced
from .run_cell import NOWHERE, Outputs, Run


def drops(cell: Any) -> bool:
    """True if `cell` drops anything in this walk."""
    return current().training and (0 < cell.dropout < 1 or 0 < cell.recurrent_dropout < 1)


class Dropped:
    """What a run of `cell` drops: factors of its input and of its state.

    Without recurrent dropout all gates read the same input. With it, as in Keras, each gate has
    factors of its own.
    """

    def __init__(self, cell: Any, features: int, batch: int):
        draws, key = cell.drawn()
        sequences = draws.owners(batch)
        gates = cell.gates if 0 < cell.recurrent_dropout < 1 else 1
        self.of_input = factors(sequences, features, key, cell.dropout, gates)
        self.of_state = factors(sequences, cell.units, mixed(key, 1), cell.recurrent_dropout, gates)

    def ordered(self, order: np.ndarray) -> list[list[np.ndarray] | None]:
        """The factors of the input and of the state for sequences in an order."""
        both = self.of_input, self.of_state
        return [None if found is None else [factor[order] for factor in found] for found in both]

    def calls(self, cell: Any) -> Callable[[np.ndarray], Callable[..., Any]]:
        """For sequences in an order: `cell.call` on the first ones of them."""

        def call_in(order: np.ndarray) -> Callable[..., Any]:
            x_factors, h_factors = self.ordered(order)

            def call(x: Any, states: Sequence[Any]) -> Any:
                count, units = len(x), cell.units
                of_input = [
                    ops.matmul(
                        x if x_factors is None else x * x_factors[g % len(x_factors)][:count],
                        kernel,
                    )
                    for g, kernel in enumerate(ops.split(cell.kernel, cell.gates, axis=1))
                ]

                def of_state(state: Any, first: int, end: int) -> Any:
                    return ops.concatenate(
                        [
                            ops.matmul(
                                state if h_factors is None else state * h_factors[g][:count],
                                cell.recurrent_kernel[:, g * units : (g + 1) * units],
                            )
                            for g in range(first, end)
                        ],
                        axis=1,
                    )

                new = cell.formula(ops.concatenate(of_input, axis=1), of_state, *states)
                return new[0], list(new)

            return call

        return call_in


def factors(
    sequences: np.ndarray, features: int, key: int, rate: float, gates: int
) -> list[np.ndarray] | None:
    """For each gate 0 or 1 / (1 - rate), float32 (batch, features); None: nothing is dropped."""
    if not 0 < rate < 1:
        return None
    found = []
    for gate in range(gates):
        draws = _kernels.draws(sequences, np.full(len(sequences), gate), features, key)
        found.append(np.where(draws >= np.float32(rate), np.float32(1 / (1 - rate)), 0))
    return [np.asarray(x, np.float32) for x in found]


def dropped_step(cell: Any, x: Any, states: Any) -> tuple[Any, Any]:
    """What `cell.call` gives where it drops something."""
    held = flatten(states)
    if type(x) is not Traced:
        x, held = np.asarray(x, np.float32), [np.asarray(s, np.float32) for s in held]
    call = Dropped(cell, x.shape[-1], len(x)).calls(cell)(np.arange(len(x)))
    output, new = call(x, held)
    return output, new if is_nested(states) else new[0]


def dropped_run(cell: Any, rows: Rows, states: Any, outputs: Outputs | None, reverse: bool) -> Run:
    """What `cell.over_rows` gives where it drops something."""
    tape = Tape()
    with changed(tape=tape):
        made, last, new = cell.over_tape(tape.hold(rows), states, reverse)
    out, cells = outputs or NOWHERE
    if out is not None:
        steps = rows.layout.steps
        out[slice(steps) if cells is None else cells] = made.value.values[:steps]
    return last.value, [x.value for x in new]


def drop_input(rows: Traced, factors: np.ndarray) -> Traced:
    """Rows times the factors of their sequences."""
    held = rows.value
    layout = held.layout
    of_row = factors.repeat(layout.lengths, axis=0)
    values = np.zeros((layout.steps + 1, factors.shape[1]), np.float32)
    source = held.source
    x = source.array[: layout.steps] if source.index is None else source.array[source.index]
    values[:-1] = x * of_row

    def backward(gradient: np.ndarray, wanted: Any) -> list[Any]:
        return [gradient[: layout.steps] * of_row]

    return rows.tape.record(Rows(values, layout), [rows], backward)
