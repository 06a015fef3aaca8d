"""A step of a cell of ours under a tape: the bits of `call`, and gradients by its formula."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops
from ...activations import activate
from ...configured import is_ours
from ...context import changed, current
from ...tape import Tape, Traced, value_of


def cell_on_tape(cell: Any, x: Any, states: Sequence[Any]) -> list[Any]:
    """The new states of `cell.call(x, states)`, recorded.

    The values are those of `call` on arrays. The way back works the formula out once more, on a
    tape of its own.
    """
    if not is_ours(type(cell).advance):
        return list(cell.advance(x, *states))
    return by_formula(cell, x, states, lambda *values: formula_of(cell, *values))


def by_formula(cell: Any, x: Any, states: Sequence[Any], formula: Any) -> list[Any]:
    """The new states that `cell.call` gives on arrays, recorded with the gradient of `formula`.

    formula: (x, *states), Traced -> the new states, in operations that gradients pass.
    """
    tape = current().tape
    plain = [np.asarray(value_of(a), np.float32) for a in (x, *states)]
    with changed(tape=None):
        _, new = cell.call(plain[0], plain[1:])
    weights = [cell.kernel, cell.recurrent_kernel, *([] if cell.bias is None else [cell.bias])]

    def backward(gradients: Sequence[Any], wanted: Sequence[bool]) -> list[Any]:
        inner = Tape(weights)
        watched = [inner.watch(a) for a in plain]
        with changed(tape=inner):
            made = formula(*watched)
        read = [i for i, d in enumerate(gradients) if d is not None]
        found = inner.gradients(
            [made[i] for i in read], [gradients[i] for i in read], of=[*watched, *weights]
        )
        return [d if wants else None for d, wants in zip(found, wanted, strict=True)]

    return tape.record(list(new), [x, *states, *weights], backward)


def formula_of(cell: Any, x: Any, *states: Any) -> tuple[Any, ...]:
    """The new states, in operations that gradients pass."""
    units = cell.units

    def of_state(state: Any, first: int, end: int) -> Any:
        return ops.matmul(state, cell.recurrent_kernel[:, first * units : end * units])

    return cell.formula(ops.matmul(x, cell.kernel), of_state, *states)


def traced(function: Any) -> Any:
    """An activation for values that may be Traced."""
    return lambda x: activate(function, x) if type(x) is Traced else function(x)
