"""A normalisation along axes of every step or sample, recorded."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...numerics import normalizing
from ...rows import Rows
from ...tape import Traced
from ...tensor import as_numpy


def normalized_on_tape(
    inputs: Traced,
    function: Callable[[np.ndarray], np.ndarray],
    axes: tuple[int, ...],
    norm: str,
    epsilon: float,
    gamma: Any = None,
    beta: Any = None,
) -> Any:
    """function(x) of an array or of the rows of Rows, which normalises x along `axes`.

    Arguments: norm: its name in `_kernels.normalize`.  gamma, beta: weights of the sizes of `axes`,
        or None.
    Returns: NotImplemented for Rows whose steps lack an axis.
    """
    held = inputs.value
    rows = held if type(held) is Rows else None
    if rows is not None and any(rows.ndim + axis < 2 for axis in axes):
        return NotImplemented
    x = np.asarray(as_numpy(held if rows is None else rows.values), np.float32)
    y, scale = function(x), None if gamma is None else gamma.value

    def backward(d: np.ndarray, wanted: Any) -> list[Any]:
        to_x, to_gamma, to_beta = normalizing.gradients(d, x[: len(d)], axes, norm, epsilon, scale)
        return [
            to_x,
            None if gamma is None else to_gamma.reshape(gamma.shape),
            None if beta is None else to_beta.reshape(beta.shape),
        ]

    made = y if rows is None else rows.with_values(y)
    return inputs.tape.record(made, [inputs, gamma, beta], backward)
