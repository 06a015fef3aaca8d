"""Correlations of labels and predictions along an axis. Source: keras.metrics."""

from typing import Any

import numpy as np

from ..losses.loss import of_one_rank
from ..losses.targets import of_users
from ..numerics.reductions import reduce
from .metric import MeanMetricWrapper

_EPSILON = np.float32(1e-7)


@of_users
def pearson_correlation(y_true: Any, y_pred: Any, axis: Any = -1) -> np.ndarray:
    """Pearson's coefficient, from -1 to 1; NaN where either side is constant.

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
    PearsonCorrelation, concordance_correlation

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 2.0, 4.0]])
    >>> print(maskseq.metrics.pearson_correlation(y_true, y_pred).round(4))
    [0.982]
    """
    parts = []
    with np.errstate(divide="ignore", invalid="ignore"):
        for x in of_one_rank(y_true, y_pred):
            x = np.asarray(x, np.float32)
            x = x - reduce(x, "mean", axis, True)
            parts.append(x / reduce(x, "std", axis, True))
        return reduce(parts[0] * parts[1], "mean", axis)


@of_users
def concordance_correlation(y_true: Any, y_pred: Any, axis: Any = -1) -> np.ndarray:
    """Lin's coefficient of concordance: 1 only where both sides are the same.

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
    ConcordanceCorrelation, pearson_correlation

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 2.0, 4.0]])
    >>> print(maskseq.metrics.concordance_correlation(y_true, y_pred).round(4))
    [0.8571]
    """
    labels, predicted = (np.asarray(x, np.float32) for x in of_one_rank(y_true, y_pred))
    means = [reduce(x, "mean", axis, True) for x in (labels, predicted)]
    variances = [reduce(x, "var", axis, True) for x in (labels, predicted)]
    together = (labels - means[1]) * (predicted - means[1])
    apart = variances[0] + variances[1] + np.square(means[0] - means[1])
    return reduce(2 * together / (apart + _EPSILON), "mean", axis)


class PearsonCorrelation(MeanMetricWrapper):
    """The mean of `pearson_correlation`.

    Parameters
    ----------
    name : str, default "pearson_correlation"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.
    axis : int, default -1
        Axis that the function runs along.

    See Also
    --------
    pearson_correlation, ConcordanceCorrelation

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.PearsonCorrelation()
    >>> y_true, y_pred = np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 2.0, 4.0]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.982
    """

    _direction = "up"

    def __init__(self, name: str = "pearson_correlation", dtype: Any = None, axis: Any = -1):
        super().__init__(pearson_correlation, name, dtype, axis=axis)


class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean of `concordance_correlation`.

    Parameters
    ----------
    name : str, default "concordance_correlation"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.
    axis : int, default -1
        Axis that the function runs along.

    See Also
    --------
    concordance_correlation, PearsonCorrelation, R2Score

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.ConcordanceCorrelation()
    >>> y_true, y_pred = np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 2.0, 4.0]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.8571
    """

    _direction = "up"

    def __init__(self, name: str = "concordance_correlation", dtype: Any = None, axis: Any = -1):
        super().__init__(concordance_correlation, name, dtype, axis=axis)
