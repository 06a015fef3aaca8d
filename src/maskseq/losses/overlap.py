"""Losses of overlap: one number for all steps, or one along axes. Source: keras.losses."""

from typing import Any

import numpy as np

from .. import ops
from .loss import REDUCTIONS, LossFunctionWrapper
from .regression import EPSILON

_ONE = np.float32(1)


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred)) along `axis`; None: over all."""
    labels = np.asarray(y_true, np.float32)
    both = ops.sum(ops.multiply(labels, y_pred), axis=axis)
    sizes = ops.add(ops.sum(labels, axis=axis), ops.sum(y_pred, axis=axis))
    doubled = ops.multiply(both, np.float32(2))
    return ops.subtract(_ONE, ops.divide(doubled, ops.add(sizes, EPSILON)))


def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None
) -> Any:
    """`dice` with weights: alpha for what is missed, beta for what is not there."""
    labels = np.asarray(y_true, np.float32)
    both = ops.sum(ops.multiply(labels, y_pred), axis=axis)
    missed = ops.sum(ops.multiply(ops.subtract(_ONE, y_pred), labels), axis=axis)
    made_up = ops.sum(ops.multiply(y_pred, _ONE - labels), axis=axis)
    wrong = ops.add(
        ops.multiply(missed, np.float32(alpha)), ops.multiply(made_up, np.float32(beta))
    )
    return ops.subtract(_ONE, ops.divide(both, ops.add(ops.add(both, wrong), EPSILON)))


class Dice(LossFunctionWrapper):
    """`dice`."""

    def __init__(
        self,
        reduction: str | None = REDUCTIONS[0],
        name: str = "dice",
        axis: Any = None,
        dtype: Any = None,
    ):
        super().__init__(dice, reduction, name, dtype, True, axis=axis)


class Tversky(LossFunctionWrapper):
    """`tversky`."""

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = REDUCTIONS[0],
        name: str = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ):
        options = {"alpha": alpha, "beta": beta, "axis": axis}
        super().__init__(tversky, reduction, name, dtype, True, **options)
