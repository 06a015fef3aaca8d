"""Penalties that training adds to the loss: of weights, of outputs, and those that layers add."""

from typing import Any

import numpy as np

from .. import ops
from ..losses.targets import rows_of
from ..nest import flatten
from ..rows import Unmasked
from ..tape import Tape, value_of
from ..tensor import fitting_mask


def penalties(tape: Tape, batch: int, regularized: Any) -> list[Any]:
    """The regularizers of the weights, then what the walk noted, as float32 numbers.

    Arguments: batch: sequences, by which the penalty of an output is divided, as in Keras; of an
        output with a mask the real steps count.  regularized: the weights that have a regularizer.
    """
    found = [
        variable.regularizer(tape.record(variable.value, [variable], _as_it_is))
        for variable in regularized
    ]
    for regularizer, outputs in tape.penalties:
        for output in flatten(outputs):
            found.append(ops.divide(regularizer(_real(output)), np.float32(batch)))
    return [*found, *tape.losses]


def _real(output: Any) -> Any:
    """What an output has at its real steps, or cells; all of it, if it has no mask."""
    output = output.to_tensor() if type(output) is Unmasked else output
    rows, layout = rows_of(output)
    mask = fitting_mask(value_of(output)) if layout is None else None
    if mask is None:
        return rows
    flat = ops.reshape(rows, (-1, *rows.shape[mask.ndim :]))
    return ops.take(flat, np.flatnonzero(mask), axis=0)


def _as_it_is(gradient: Any, wanted: Any) -> list[Any]:
    return [gradient]
