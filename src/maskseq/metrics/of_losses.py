"""Means of the functions of `maskseq.losses`. Source: keras.metrics."""

import math
from typing import Any

import numpy as np

from .. import losses
from ..losses.loss import of_one_rank
from .metric import MeanMetricWrapper


class _Plain(MeanMetricWrapper):
    """Base of those without options."""

    function: Any
    usual_name = ""

    def __init__(self, name: str | None = None, dtype: Any = None):
        function = type(self).function
        super().__init__(function, name or self.usual_name or function.__name__, dtype)


class MeanSquaredError(_Plain):
    """The mean of `losses.mean_squared_error`."""

    function = staticmethod(losses.mean_squared_error)


class MeanAbsoluteError(_Plain):
    """The mean of `losses.mean_absolute_error`."""

    function = staticmethod(losses.mean_absolute_error)


class MeanAbsolutePercentageError(_Plain):
    """The mean of `losses.mean_absolute_percentage_error`."""

    function = staticmethod(losses.mean_absolute_percentage_error)


class MeanSquaredLogarithmicError(_Plain):
    """The mean of `losses.mean_squared_logarithmic_error`."""

    function = staticmethod(losses.mean_squared_logarithmic_error)


class LogCoshError(_Plain):
    """The mean of `losses.log_cosh`."""

    function = staticmethod(losses.log_cosh)
    usual_name = "logcosh"


class Poisson(_Plain):
    """The mean of `losses.poisson`."""

    function = staticmethod(losses.poisson)


class KLDivergence(_Plain):
    """The mean of `losses.kl_divergence`."""

    function = staticmethod(losses.kl_divergence)


class Hinge(_Plain):
    """The mean of `losses.hinge`."""

    function = staticmethod(losses.hinge)


class SquaredHinge(_Plain):
    """The mean of `losses.squared_hinge`."""

    function = staticmethod(losses.squared_hinge)


class CategoricalHinge(_Plain):
    """The mean of `losses.categorical_hinge`."""

    function = staticmethod(losses.categorical_hinge)


def _squares(y_true: Any, y_pred: Any) -> Any:
    labels, y_pred = of_one_rank(y_true, y_pred)
    return np.square(np.subtract(y_pred, labels.astype(np.float32)))


class RootMeanSquaredError(_Plain):
    """The root of the mean of all squared errors."""

    function = staticmethod(_squares)
    usual_name = "root_mean_squared_error"

    def result(self) -> np.float32:
        return np.float32(math.sqrt(self.total / self.count) if self.count else 0.0)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine of the angle between y_true and y_pred: 1 is the same direction."""
    return -np.asarray(losses.cosine_similarity(y_true, y_pred, axis))


class CosineSimilarity(MeanMetricWrapper):
    """The mean of `cosine_similarity`."""

    def __init__(self, name: str = "cosine_similarity", dtype: Any = None, axis: int = -1):
        super().__init__(cosine_similarity, name, dtype, axis=axis)


class BinaryCrossentropy(MeanMetricWrapper):
    """The mean of `losses.binary_crossentropy`."""

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ):
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(losses.binary_crossentropy, name, dtype, **options)


class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `losses.categorical_crossentropy`."""

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ):
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(losses.categorical_crossentropy, name, dtype, **options)


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `losses.sparse_categorical_crossentropy`."""

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ):
        options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(losses.sparse_categorical_crossentropy, name, dtype, **options)
