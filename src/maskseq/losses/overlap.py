"""Losses of overlap: one number for all steps, or one along axes. Source: keras.losses."""

from typing import Any

import numpy as np

from .. import ops
from .loss import REDUCTIONS, LossFunctionWrapper
from .regression import EPSILON
from .targets import as_float32, of_users

_ONE = np.float32(1)


@of_users
def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred)) along `axis`; None: over all.

    Parameters
    ----------
    y_true : array_like
        The labels.
    y_pred : numpy.ndarray, of the same shape
        The predictions.
    axis : int, optional
        Axis that the function runs along.

    Returns
    -------
    numpy.ndarray
        float32 (); with `axis` the shape without it.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    See Also
    --------
    Dice, tversky

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[0.0, 1.0]]), np.array([[0.2, 0.8]])
    >>> loss = maskseq.losses.dice(y_true, y_pred)
    >>> print(loss.round(4))
    0.2
    """
    labels = as_float32(y_true)
    both = ops.sum(ops.multiply(labels, y_pred), axis=axis)
    sizes = ops.add(ops.sum(labels, axis=axis), ops.sum(y_pred, axis=axis))
    doubled = ops.multiply(both, np.float32(2))
    return ops.subtract(_ONE, ops.divide(doubled, ops.add(sizes, EPSILON)))


@of_users
def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None
) -> Any:
    """`dice` with weights: alpha for what is missed, beta for what is not there.

    Parameters
    ----------
    y_true : array_like
        The labels.
    y_pred : numpy.ndarray, of the same shape
        The predictions.
    alpha : float, default 0.5
        Weight of false negatives, as in Keras.
    beta : float, default 0.5
        Weight of false positives.
    axis : int, optional
        Axis that the function runs along.

    Returns
    -------
    numpy.ndarray
        float32 (); with `axis` the shape without it.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    See Also
    --------
    Tversky, dice

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[0.0, 1.0]]), np.array([[0.2, 0.8]])
    >>> loss = maskseq.losses.tversky(y_true, y_pred)
    >>> print(loss.round(4))
    0.2
    """
    labels = as_float32(y_true)
    both = ops.sum(ops.multiply(labels, y_pred), axis=axis)
    missed = ops.sum(ops.multiply(ops.subtract(_ONE, y_pred), labels), axis=axis)
    made_up = ops.sum(ops.multiply(y_pred, _ONE - labels), axis=axis)
    wrong = ops.add(
        ops.multiply(missed, np.float32(alpha)), ops.multiply(made_up, np.float32(beta))
    )
    return ops.subtract(_ONE, ops.divide(both, ops.add(ops.add(both, wrong), EPSILON)))


class Dice(LossFunctionWrapper):
    """`dice`.

    Parameters
    ----------
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    name : str, default "dice"
        The name; made from the name of the class if None.
    axis : int, optional
        Axis that the function runs along.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`, or data that do not fit y_pred.

    See Also
    --------
    dice, Tversky

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[0.0, 1.0]]), np.array([[0.2, 0.8]])
    >>> round(float(maskseq.losses.Dice()(y_true, y_pred)), 4)
    0.2
    """

    sums_products = True

    def __init__(
        self,
        reduction: str | None = REDUCTIONS[0],
        name: str = "dice",
        axis: Any = None,
        dtype: Any = None,
    ):
        super().__init__(dice, reduction, name, dtype, True, axis=axis)


class Tversky(LossFunctionWrapper):
    """`tversky`.

    Parameters
    ----------
    alpha : float, default 0.5
        Weight of false negatives, as in Keras.
    beta : float, default 0.5
        Weight of false positives.
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    name : str, default "tversky"
        The name; made from the name of the class if None.
    axis : int, optional
        Axis that the function runs along.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`, or data that do not fit y_pred.

    See Also
    --------
    tversky, Dice

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[0.0, 1.0]]), np.array([[0.2, 0.8]])
    >>> round(float(maskseq.losses.Tversky()(y_true, y_pred)), 4)
    0.2
    """

    sums_products = True

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
