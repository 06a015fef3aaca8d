"""Penalties that training adds to the loss: of weights, of outputs, and those that layers add."""

from typing import Any

import numpy as np

from .. import ops
from ..nest import flatten
from ..rows import Rows
from ..tape import Tape, real_values


def penalties(tape: Tape, batch: int, variables: Any) -> list[Any]:
    """The regularizers of the weights, then what the walk noted, as float32 numbers.

    Arguments: batch: sequences, by which the penalty of an output is divided, as in Keras; of Rows
        the real steps count.  variables: the weights.
    """
    found = [
        variable.regularizer(tape.record(variable.value, [variable], _as_it_is))
        for variable in variables
        if variable.regularizer is not None
    ]
    for regularizer, outputs in tape.penalties:
        for output in flatten(outputs):
            real = real_values(output) if type(output.value) is Rows else output
            found.append(ops.divide(regularizer(real), np.float32(batch)))
    return [*found, *tape.losses]


def _as_it_is(gradient: Any, wanted: Any) -> list[Any]:
    return [gradient]
