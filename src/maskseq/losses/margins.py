"""Losses of margins. Each function gives a value for each sample or step. Source: keras.losses."""

from typing import Any

import numpy as np

from .. import ops
from .loss import Plain
from .targets import as_float32, of_users

_ONE = np.float32(1)


def _signs(y_true: Any) -> np.ndarray:
    """Labels as -1 and 1: those that all are 0 or 1 are moved there."""
    labels = as_float32(y_true)
    return 2 * labels - 1 if ((labels == 0) | (labels == 1)).all() else labels


def _margins(y_true: Any, y_pred: Any) -> Any:
    return ops.maximum(ops.subtract(_ONE, ops.multiply(_signs(y_true), y_pred)), np.float32(0))


@of_users
def hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y_true * y_pred, 0)) along the last axis, labels being -1 and 1, or 0 and 1.

    Parameters
    ----------
    y_true : array_like (..., n)
        The labels.
    y_pred : numpy.ndarray (..., n)
        The predictions.

    Returns
    -------
    numpy.ndarray
        float32 (...), a value for each sample or step.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    See Also
    --------
    Hinge, squared_hinge, categorical_hinge

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [-1.0]]), np.array([[0.5], [0.5]])
    >>> loss = maskseq.losses.hinge(y_true, y_pred)
    >>> print(loss.round(4))
    [0.5 1.5]
    """
    return ops.mean(_margins(y_true, y_pred), axis=-1)


@of_users
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y_true * y_pred, 0) ** 2) along the last axis, labels as in `hinge`.

    Parameters
    ----------
    y_true : array_like (..., n)
        The labels.
    y_pred : numpy.ndarray (..., n)
        The predictions.

    Returns
    -------
    numpy.ndarray
        float32 (...), a value for each sample or step.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    See Also
    --------
    SquaredHinge, hinge

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [-1.0]]), np.array([[0.5], [0.5]])
    >>> loss = maskseq.losses.squared_hinge(y_true, y_pred)
    >>> print(loss.round(4))
    [0.25 2.25]
    """
    return ops.mean(ops.square(_margins(y_true, y_pred)), axis=-1)


@of_users
def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(largest of the wrong classes - the right one + 1, 0), labels being one-hot.

    Parameters
    ----------
    y_true : array_like (..., classes)
        The labels.
    y_pred : numpy.ndarray (..., classes)
        The predictions.

    Returns
    -------
    numpy.ndarray
        float32 (...), a value for each sample or step.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    See Also
    --------
    CategoricalHinge, hinge, categorical_crossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[0.0, 1.0]]), np.array([[0.2, 0.8]])
    >>> loss = maskseq.losses.categorical_hinge(y_true, y_pred)
    >>> print(loss.round(4))
    [0.4]
    """
    labels = as_float32(y_true)
    right = ops.sum(ops.multiply(labels, y_pred), axis=-1)
    wrong = ops.max(ops.multiply(_ONE - labels, y_pred), axis=-1)
    return ops.maximum(ops.add(ops.subtract(wrong, right), _ONE), np.float32(0))


class Hinge(Plain):
    """`hinge`.

    Parameters
    ----------
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`, or data that do not fit y_pred.

    See Also
    --------
    hinge, maskseq.metrics.Hinge

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [-1.0]]), np.array([[0.5], [0.5]])
    >>> round(float(maskseq.losses.Hinge()(y_true, y_pred)), 4)
    1.0
    """

    function = staticmethod(hinge)


class SquaredHinge(Plain):
    """`squared_hinge`.

    Parameters
    ----------
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`, or data that do not fit y_pred.

    See Also
    --------
    squared_hinge, maskseq.metrics.SquaredHinge

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [-1.0]]), np.array([[0.5], [0.5]])
    >>> round(float(maskseq.losses.SquaredHinge()(y_true, y_pred)), 4)
    1.25
    """

    function = staticmethod(squared_hinge)


class CategoricalHinge(Plain):
    """`categorical_hinge`.

    Parameters
    ----------
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`, or data that do not fit y_pred.

    See Also
    --------
    categorical_hinge, maskseq.metrics.CategoricalHinge

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[0.0, 1.0]]), np.array([[0.2, 0.8]])
    >>> round(float(maskseq.losses.CategoricalHinge()(y_true, y_pred)), 4)
    0.4
    """

    function = staticmethod(categorical_hinge)
