"""Losses of numbers. Each function gives a value for each sample or step. Source: keras.losses."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..numerics import reductions
from ..tape import value_of
from ..tensor import as_numpy
from .crossentropy import recorded
from .loss import REDUCTIONS, LossFunctionWrapper, Plain, of_one_rank
from .targets import as_float32, of_users

EPSILON = np.float32(1e-7)  # keras.config.epsilon()
_LOG_2 = np.float32(0.6931471805599453)


def _pair(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    labels, y_pred = of_one_rank(y_true, y_pred)
    return as_float32(labels), y_pred


def _is_alike(y_pred: Any, labels: np.ndarray) -> bool:
    """True for an array, Traced or not, whose shape and dtype the labels have, too."""
    held = value_of(y_pred)
    return isinstance(held, np.ndarray) and (held.shape, held.dtype) == (labels.shape, labels.dtype)


def _recorded_mean(
    labels: np.ndarray,
    y_pred: Any,
    function: Callable[[np.ndarray], np.ndarray],
    slope: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Any:
    """The mean of function(labels - y_pred) along the last axis, on the tape in one entry.

    The bits are those of its operations one by one.
    slope: (gradient of the function, what it was given) -> the gradient of that.
    """
    apart = labels - as_numpy(value_of(y_pred))

    def backward(d: np.ndarray) -> np.ndarray:
        return -slope((d / np.float32(labels.shape[-1]))[..., None], apart)

    return recorded(reductions.reduce(function(apart), "mean", -1), y_pred, backward)


@of_users
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """mean((y_true - y_pred) ** 2) along the last axis.

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
    MeanSquaredError, mean_absolute_error, huber

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
    >>> loss = maskseq.losses.mean_squared_error(y_true, y_pred)
    >>> print(loss.round(4))
    [0. 4.]
    """
    labels, y_pred = _pair(y_true, y_pred)
    if _is_alike(y_pred, labels):
        return _recorded_mean(labels, y_pred, np.square, lambda d, x: 2 * d * x)
    return ops.mean(ops.square(ops.subtract(labels, y_pred)), axis=-1)


@of_users
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of `|y_true - y_pred|` along the last axis.

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
    MeanAbsoluteError, mean_squared_error, huber

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
    >>> loss = maskseq.losses.mean_absolute_error(y_true, y_pred)
    >>> print(loss.round(4))
    [0. 2.]
    """
    labels, y_pred = _pair(y_true, y_pred)
    if _is_alike(y_pred, labels):
        return _recorded_mean(labels, y_pred, np.absolute, lambda d, x: d * np.sign(x))
    return ops.mean(ops.abs(ops.subtract(labels, y_pred)), axis=-1)


@of_users
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 times the mean of `|y_true - y_pred| / max(|y_true|, 1e-7)` along the last axis.

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
    MeanAbsolutePercentageError, mean_absolute_error

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
    >>> loss = maskseq.losses.mean_absolute_percentage_error(y_true, y_pred)
    >>> print(loss.round(4))
    [  0. 100.]
    """
    labels, y_pred = _pair(y_true, y_pred)
    size = ops.maximum(np.abs(labels), EPSILON)
    errors = ops.abs(ops.divide(ops.subtract(labels, y_pred), size))
    return ops.multiply(ops.mean(errors, axis=-1), np.float32(100))


@of_users
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """mean((log(1 + y_true) - log(1 + y_pred)) ** 2) along the last axis, both 1e-7 or more.

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
    MeanSquaredLogarithmicError, mean_squared_error

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]])
    >>> loss = maskseq.losses.mean_squared_logarithmic_error(y_true, y_pred)
    >>> print(loss.round(4))
    [0.     0.0828]
    """
    labels, y_pred = _pair(y_true, y_pred)
    one = np.float32(1)
    logs = [ops.log(ops.add(ops.maximum(x, EPSILON), one)) for x in (y_pred, labels)]
    return ops.mean(ops.square(ops.subtract(*logs)), axis=-1)


@of_users
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Half the square of errors up to `delta`, a line beyond it; the mean along the last axis.

    Parameters
    ----------
    y_true : array_like (..., n)
        The labels.
    y_pred : numpy.ndarray (..., n)
        The predictions.
    delta : float, default 1.0
        Error from which on the loss grows linearly.

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
    Huber, log_cosh, mean_squared_error

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
    >>> loss = maskseq.losses.huber(y_true, y_pred)
    >>> print(loss.round(4))
    [0.  1.5]
    """
    labels, y_pred = _pair(y_true, y_pred)
    limit, half = np.float32(delta), np.float32(0.5)
    error = ops.subtract(y_pred, labels)
    size = ops.abs(error)
    line = ops.subtract(ops.multiply(size, limit), half * limit * limit)
    small = ops.less_equal(size, limit)
    return ops.mean(ops.where(small, ops.multiply(ops.square(error), half), line), axis=-1)


@of_users
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """mean(log(cosh(y_pred - y_true))) along the last axis.

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
    LogCosh, huber

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
    >>> loss = maskseq.losses.log_cosh(y_true, y_pred)
    >>> print(loss.round(4))
    [0.    1.325]
    """
    labels, y_pred = _pair(y_true, y_pred)
    error = ops.subtract(y_pred, labels)
    grown = ops.add(error, ops.softplus(ops.multiply(error, np.float32(-2))))
    return ops.mean(ops.subtract(grown, _LOG_2), axis=-1)


@of_users
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """-cos of the angle between y_true and y_pred along `axis`: -1 is the same direction.

    Parameters
    ----------
    y_true : array_like (..., n)
        The labels.
    y_pred : numpy.ndarray (..., n)
        The predictions.
    axis : int, default -1
        Axis that the function runs along.

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
    CosineSimilarity, maskseq.utils.normalize

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]])
    >>> loss = maskseq.losses.cosine_similarity(y_true, y_pred)
    >>> print(loss.round(4))
    [-0.96]
    """
    labels, y_pred = _pair(y_true, y_pred)
    product = ops.multiply(ops.normalize(labels, axis), ops.normalize(y_pred, axis))
    return ops.negative(ops.sum(product, axis=axis))


@of_users
def poisson(y_true: Any, y_pred: Any) -> Any:
    """mean(y_pred - y_true * log(y_pred + 1e-7)) along the last axis.

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
    Poisson, kl_divergence

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]])
    >>> loss = maskseq.losses.poisson(y_true, y_pred)
    >>> print(loss.round(4))
    [1.     0.8028]
    """
    labels = as_float32(y_true)
    logs = ops.multiply(labels, ops.log(ops.add(y_pred, EPSILON)))
    return ops.mean(ops.subtract(y_pred, logs), axis=-1)


class MeanSquaredError(Plain):
    """`mean_squared_error`.

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
    mean_squared_error, maskseq.metrics.MeanSquaredError

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
    >>> round(float(maskseq.losses.MeanSquaredError()(y_true, y_pred)), 4)
    2.0
    """

    function = staticmethod(mean_squared_error)


class MeanAbsoluteError(Plain):
    """`mean_absolute_error`.

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
    mean_absolute_error, maskseq.metrics.MeanAbsoluteError

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
    >>> round(float(maskseq.losses.MeanAbsoluteError()(y_true, y_pred)), 4)
    1.0
    """

    function = staticmethod(mean_absolute_error)


class MeanAbsolutePercentageError(Plain):
    """`mean_absolute_percentage_error`.

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
    mean_absolute_percentage_error, maskseq.metrics.MeanAbsolutePercentageError

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
    >>> round(float(maskseq.losses.MeanAbsolutePercentageError()(y_true, y_pred)), 4)
    50.0
    """

    function = staticmethod(mean_absolute_percentage_error)


class MeanSquaredLogarithmicError(Plain):
    """`mean_squared_logarithmic_error`.

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
    mean_squared_logarithmic_error, maskseq.metrics.MeanSquaredLogarithmicError

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]])
    >>> round(float(maskseq.losses.MeanSquaredLogarithmicError()(y_true, y_pred)), 4)
    0.0414
    """

    function = staticmethod(mean_squared_logarithmic_error)


class LogCosh(Plain):
    """`log_cosh`.

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
    log_cosh, maskseq.metrics.LogCoshError

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
    >>> round(float(maskseq.losses.LogCosh()(y_true, y_pred)), 4)
    0.6625
    """

    function = staticmethod(log_cosh)


class Poisson(Plain):
    """`poisson`.

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
    poisson, maskseq.metrics.Poisson

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]])
    >>> round(float(maskseq.losses.Poisson()(y_true, y_pred)), 4)
    0.9014
    """

    function = staticmethod(poisson)


class Huber(LossFunctionWrapper):
    """`huber`.

    Parameters
    ----------
    delta : float, default 1.0
        Error from which on the loss grows linearly.
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    name : str, default "huber_loss"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`, or data that do not fit y_pred.

    See Also
    --------
    huber, LogCosh

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
    >>> round(float(maskseq.losses.Huber()(y_true, y_pred)), 4)
    0.75
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = REDUCTIONS[0],
        name: str = "huber_loss",
        dtype: Any = None,
    ):
        super().__init__(huber, reduction, name, dtype, stepwise=True, delta=delta)


class CosineSimilarity(LossFunctionWrapper):
    """`cosine_similarity`.

    Parameters
    ----------
    axis : int, default -1
        Axis that the function runs along.
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    name : str, default "cosine_similarity"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`, or data that do not fit y_pred.

    See Also
    --------
    cosine_similarity, maskseq.metrics.CosineSimilarity

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]])
    >>> round(float(maskseq.losses.CosineSimilarity()(y_true, y_pred)), 4)
    -0.96
    """

    sums_products = True

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = REDUCTIONS[0],
        name: str = "cosine_similarity",
        dtype: Any = None,
    ):
        super().__init__(cosine_similarity, reduction, name, dtype, stepwise=True, axis=axis)
