"""Correlations of labels and predictions along an axis. Source: keras.metrics."""

from typing import Any

import numpy as np

from ..losses.loss import of_one_rank
from ..numerics.reductions import reduce
from .metric import MeanMetricWrapper

_EPSILON = np.float32(1e-7)


def pearson_correlation(y_true: Any, y_pred: Any, axis: Any = -1) -> np.ndarray:
    """Pearson's coefficient, from -1 to 1; NaN where either side is constant."""
    parts = []
    with np.errstate(divide="ignore", invalid="ignore"):
        for x in of_one_rank(y_true, y_pred):
            x = np.asarray(x, np.float32)
            x = x - reduce(x, "mean", axis, True)
            parts.append(x / reduce(x, "std", axis, True))
        return reduce(parts[0] * parts[1], "mean", axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: Any = -1) -> np.ndarray:
    """Lin's coefficient of concordance: 1 only where both sides are the same."""
    labels, predicted = (np.asarray(x, np.float32) for x in of_one_rank(y_true, y_pred))
    means = [reduce(x, "mean", axis, True) for x in (labels, predicted)]
    variances = [reduce(x, "var", axis, True) for x in (labels, predicted)]
    together = (labels - means[1]) * (predicted - means[1])
    apart = variances[0] + variances[1] + np.square(means[0] - means[1])
    return reduce(2 * together / (apart + _EPSILON), "mean", axis)


class PearsonCorrelation(MeanMetricWrapper):
    """The mean of `pearson_correlation`."""

    def __init__(self, name: str = "pearson_correlation", dtype: Any = None, axis: Any = -1):
        super().__init__(pearson_correlation, name, dtype, axis=axis)


class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean of `concordance_correlation`."""

    def __init__(self, name: str = "concordance_correlation", dtype: Any = None, axis: Any = -1):
        super().__init__(concordance_correlation, name, dtype, axis=axis)
