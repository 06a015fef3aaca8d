"""Metrics, under Keras's names; they count real steps only. Source: keras.metrics, version 3.15."""

from typing import Any

import numpy as np

from .. import configured, losses
from ..losses import binary_crossentropy as binary_crossentropy
from ..losses import binary_focal_crossentropy as binary_focal_crossentropy
from ..losses import categorical_crossentropy as categorical_crossentropy
from ..losses import categorical_focal_crossentropy as categorical_focal_crossentropy
from ..losses import categorical_hinge as categorical_hinge
from ..losses import hinge as hinge
from ..losses import huber as huber
from ..losses import kl_divergence as kl_divergence
from ..losses import log_cosh as log_cosh
from ..losses import mean_absolute_error as mean_absolute_error
from ..losses import mean_absolute_percentage_error as mean_absolute_percentage_error
from ..losses import mean_squared_error as mean_squared_error
from ..losses import mean_squared_logarithmic_error as mean_squared_logarithmic_error
from ..losses import poisson as poisson
from ..losses import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from ..losses import squared_hinge as squared_hinge
from ..tape import value_of
from .accuracies import Accuracy as Accuracy
from .accuracies import BinaryAccuracy as BinaryAccuracy
from .accuracies import CategoricalAccuracy as CategoricalAccuracy
from .accuracies import SparseCategoricalAccuracy as SparseCategoricalAccuracy
from .accuracies import SparseTopKCategoricalAccuracy as SparseTopKCategoricalAccuracy
from .accuracies import TopKCategoricalAccuracy as TopKCategoricalAccuracy
from .accuracies import binary_accuracy as binary_accuracy
from .accuracies import categorical_accuracy as categorical_accuracy
from .accuracies import sparse_categorical_accuracy as sparse_categorical_accuracy
from .accuracies import sparse_top_k_categorical_accuracy as sparse_top_k_categorical_accuracy
from .accuracies import top_k_categorical_accuracy as top_k_categorical_accuracy
from .confusion import FalseNegatives as FalseNegatives
from .confusion import FalsePositives as FalsePositives
from .confusion import Precision as Precision
from .confusion import Recall as Recall
from .confusion import TrueNegatives as TrueNegatives
from .confusion import TruePositives as TruePositives
from .correlations import ConcordanceCorrelation as ConcordanceCorrelation
from .correlations import PearsonCorrelation as PearsonCorrelation
from .correlations import concordance_correlation as concordance_correlation
from .correlations import pearson_correlation as pearson_correlation
from .curves import AUC as AUC
from .curves import PrecisionAtRecall as PrecisionAtRecall
from .curves import RecallAtPrecision as RecallAtPrecision
from .curves import SensitivityAtSpecificity as SensitivityAtSpecificity
from .curves import SpecificityAtSensitivity as SpecificityAtSensitivity
from .metric import Mean as Mean
from .metric import MeanMetricWrapper as MeanMetricWrapper
from .metric import Metric as Metric
from .metric import Sum as Sum
from .of_losses import BinaryCrossentropy as BinaryCrossentropy
from .of_losses import CategoricalCrossentropy as CategoricalCrossentropy
from .of_losses import CategoricalHinge as CategoricalHinge
from .of_losses import CosineSimilarity as CosineSimilarity
from .of_losses import Hinge as Hinge
from .of_losses import KLDivergence as KLDivergence
from .of_losses import LogCoshError as LogCoshError
from .of_losses import MeanAbsoluteError as MeanAbsoluteError
from .of_losses import MeanAbsolutePercentageError as MeanAbsolutePercentageError
from .of_losses import MeanSquaredError as MeanSquaredError
from .of_losses import MeanSquaredLogarithmicError as MeanSquaredLogarithmicError
from .of_losses import Poisson as Poisson
from .of_losses import RootMeanSquaredError as RootMeanSquaredError
from .of_losses import SparseCategoricalCrossentropy as SparseCategoricalCrossentropy
from .of_losses import SquaredHinge as SquaredHinge
from .scores import BinaryIoU as BinaryIoU
from .scores import F1Score as F1Score
from .scores import FBetaScore as FBetaScore
from .scores import IoU as IoU
from .scores import MeanIoU as MeanIoU
from .scores import OneHotIoU as OneHotIoU
from .scores import OneHotMeanIoU as OneHotMeanIoU
from .scores import R2Score as R2Score

__all__ = [
    "AUC", "Accuracy", "BinaryAccuracy", "BinaryCrossentropy", "BinaryIoU",
    "CategoricalAccuracy", "CategoricalCrossentropy", "CategoricalHinge",
    "ConcordanceCorrelation", "CosineSimilarity", "F1Score", "FBetaScore", "FalseNegatives",
    "FalsePositives", "Hinge", "IoU", "KLDivergence", "LogCoshError", "Mean",
    "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanIoU", "MeanMetricWrapper",
    "MeanSquaredError", "MeanSquaredLogarithmicError", "Metric", "OneHotIoU", "OneHotMeanIoU",
    "PearsonCorrelation", "Poisson", "Precision", "PrecisionAtRecall", "R2Score", "Recall",
    "RecallAtPrecision", "RootMeanSquaredError", "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy", "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy", "SpecificityAtSensitivity", "SquaredHinge", "Sum",
    "TopKCategoricalAccuracy", "TrueNegatives", "TruePositives", "binary_accuracy",
    "binary_crossentropy", "binary_focal_crossentropy", "categorical_accuracy",
    "categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge",
    "concordance_correlation", "deserialize", "get", "hinge", "huber", "kl_divergence",
    "log_cosh", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
    "mean_squared_logarithmic_error", "pearson_correlation", "poisson", "serialize",
    "sparse_categorical_accuracy", "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy", "squared_hinge", "top_k_categorical_accuracy",
]  # fmt: skip

_BASES = ("Metric", "MeanMetricWrapper")
_CLASSES: dict[str, Any] = {
    name: value
    for name, value in list(globals().items())
    if isinstance(value, type) and issubclass(value, Metric) and name not in _BASES
}
_SHORT = {
    "bce": BinaryCrossentropy,
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError,
}
KNOWN: dict[str, Any] = {
    **_CLASSES,
    **{configured.snake_case(name): cls for name, cls in _CLASSES.items()},
    **_SHORT,
    **{name.upper(): cls for name, cls in _SHORT.items()},
}
_FUNCTIONS = {
    function.__name__: function
    for function in (
        *(binary_accuracy, categorical_accuracy, sparse_categorical_accuracy),
        *(sparse_top_k_categorical_accuracy, top_k_categorical_accuracy),
    )
}
BY_OUTPUT: dict[str, Any] = {
    "accuracy": (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy),
    "crossentropy": (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy),
}
"""Names that mean a metric that fits the output and its labels."""
BY_OUTPUT |= {"acc": BY_OUTPUT["accuracy"], "ce": BY_OUTPUT["crossentropy"]}


def get(identifier: Any) -> Any:
    """The metric that a name, a config, a class or itself means; a function as it is.

    Parameters
    ----------
    identifier : object
        A name, a config, a class, an object, or None.

    Returns
    -------
    Metric or callable
        The metric.

    Raises
    ------
    ValueError
        Naming the nearest one there is.

    See Also
    --------
    deserialize, serialize

    Examples
    --------
    >>> import maskseq
    >>> maskseq.metrics.get("mae").name
    'mean_absolute_error'
    """
    return configured.found(identifier, KNOWN, "metric", deserialize)


def for_output(identifier: Any, y_true: Any, y_pred: Any) -> Metric:
    """A metric for an output and its labels, under the name that it was given by.

    "accuracy", "acc", "crossentropy" and "ce" mean what fits them, as in Keras: the binary one for
    an output of one column, the sparse one for labels that have an axis less, or one column.

    Parameters
    ----------
    identifier : object
        A name, a config, a class, an object, or None.
    y_true : array_like
        The labels.
    y_pred : array_like
        The predictions.

    Returns
    -------
    Metric
        The metric.
    """
    if isinstance(identifier, str) and identifier.lower() in BY_OUTPUT:
        binary, sparse, categorical = BY_OUTPUT[identifier.lower()]
        shape, labels = value_of(y_pred).shape, _shape_of_labels(y_true)
        if shape[-1] == 1:
            return binary(name=identifier)
        if len(labels) < len(shape) or labels[-1] == 1:
            return sparse(name=identifier)
        return categorical(name=identifier)
    metric = get(identifier)
    if isinstance(identifier, str) and isinstance(metric, Metric):
        metric.name = identifier
    if isinstance(metric, Metric):
        return metric
    return MeanMetricWrapper(metric, getattr(metric, "name", None))


def _shape_of_labels(y_true: Any) -> tuple[int, ...]:
    features = getattr(y_true, "features", None)  # of a Ragged
    return np.shape(y_true) if features is None else (len(y_true), y_true.time, *features)


def serialize(metric: Any) -> Any:
    """Its config in Keras's form; functions of ours by name, your own as they are.

    Parameters
    ----------
    metric : Metric
        The metric.

    Returns
    -------
    str or dict
        The config.

    Examples
    --------
    >>> import maskseq
    >>> maskseq.metrics.serialize(maskseq.metrics.Recall())["class_name"]
    'Recall'
    """
    if isinstance(metric, str):
        return metric
    name = getattr(metric, "__name__", "")
    if metric is not None and _FUNCTIONS.get(name) is metric:
        return configured.function(name)
    if isinstance(metric, losses.Loss) or name in losses.FUNCTIONS:
        return losses.serialize(metric)
    return configured.serialize(metric, _CLASSES, "keras.metrics")


def deserialize(config: Any) -> Any:
    """The metric that a config or a name describes.

    Parameters
    ----------
    config : dict or str
        What `serialize` gave.

    Returns
    -------
    Metric or callable
        The metric.

    Raises
    ------
    ValueError
        If it is not known.

    Examples
    --------
    >>> import maskseq
    >>> config = maskseq.metrics.serialize(maskseq.metrics.AUC(num_thresholds=50))
    >>> maskseq.metrics.deserialize(config).num_thresholds
    50
    """
    if isinstance(config, dict) and config.get("class_name") == "function":
        config = config.get("config")
        if config in losses.FUNCTIONS:
            return losses.FUNCTIONS[config]
    if isinstance(config, str):
        return configured.named(config, KNOWN, "metric")()
    return configured.from_table(config, _CLASSES, "metric")
