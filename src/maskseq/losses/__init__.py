"""Losses, under Keras's names: functions, and objects that reduce what they give to one number.

Source: keras.losses, version 3.15.
"""

from collections.abc import Callable
from typing import Any, cast

from .. import configured
from .circle import Circle as Circle
from .circle import circle as circle
from .loss import Loss as Loss
from .loss import LossFunctionWrapper as LossFunctionWrapper
from .margins import CategoricalHinge as CategoricalHinge
from .margins import Hinge as Hinge
from .margins import SquaredHinge as SquaredHinge
from .margins import categorical_hinge as categorical_hinge
from .margins import hinge as hinge
from .margins import squared_hinge as squared_hinge
from .overlap import Dice as Dice
from .overlap import Tversky as Tversky
from .overlap import dice as dice
from .overlap import tversky as tversky
from .paths import CRF as CRF
from .paths import CTC as CTC
from .paths import ctc as ctc
from .probabilistic import binary_crossentropy as binary_crossentropy
from .probabilistic import binary_focal_crossentropy as binary_focal_crossentropy
from .probabilistic import categorical_crossentropy as categorical_crossentropy
from .probabilistic import categorical_focal_crossentropy as categorical_focal_crossentropy
from .probabilistic import (
    categorical_generalized_cross_entropy as categorical_generalized_cross_entropy,
)
from .probabilistic import kl_divergence as kl_divergence
from .probabilistic import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from .probabilistic_losses import BinaryCrossentropy as BinaryCrossentropy
from .probabilistic_losses import BinaryFocalCrossentropy as BinaryFocalCrossentropy
from .probabilistic_losses import CategoricalCrossentropy as CategoricalCrossentropy
from .probabilistic_losses import CategoricalFocalCrossentropy as CategoricalFocalCrossentropy
from .probabilistic_losses import (
    CategoricalGeneralizedCrossEntropy as CategoricalGeneralizedCrossEntropy,
)
from .probabilistic_losses import KLDivergence as KLDivergence
from .probabilistic_losses import SparseCategoricalCrossentropy as SparseCategoricalCrossentropy
from .regression import CosineSimilarity as CosineSimilarity
from .regression import Huber as Huber
from .regression import LogCosh as LogCosh
from .regression import MeanAbsoluteError as MeanAbsoluteError
from .regression import MeanAbsolutePercentageError as MeanAbsolutePercentageError
from .regression import MeanSquaredError as MeanSquaredError
from .regression import MeanSquaredLogarithmicError as MeanSquaredLogarithmicError
from .regression import Poisson as Poisson
from .regression import cosine_similarity as cosine_similarity
from .regression import huber as huber
from .regression import log_cosh as log_cosh
from .regression import mean_absolute_error as mean_absolute_error
from .regression import mean_absolute_percentage_error as mean_absolute_percentage_error
from .regression import mean_squared_error as mean_squared_error
from .regression import mean_squared_logarithmic_error as mean_squared_logarithmic_error
from .regression import poisson as poisson

__all__ = [
    "BinaryCrossentropy", "BinaryFocalCrossentropy", "CRF", "CTC", "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy", "CategoricalGeneralizedCrossEntropy", "CategoricalHinge",
    "Circle", "CosineSimilarity", "Dice", "Hinge", "Huber", "KLDivergence", "LogCosh", "Loss",
    "LossFunctionWrapper", "MeanAbsoluteError", "MeanAbsolutePercentageError",
    "MeanSquaredError", "MeanSquaredLogarithmicError", "Poisson",
    "SparseCategoricalCrossentropy", "SquaredHinge", "Tversky", "binary_crossentropy",
    "binary_focal_crossentropy", "categorical_crossentropy", "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy", "categorical_hinge", "circle", "cosine_similarity",
    "ctc", "deserialize", "dice", "get", "hinge", "huber", "kl_divergence", "log_cosh",
    "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
    "mean_squared_logarithmic_error", "poisson", "serialize", "sparse_categorical_crossentropy",
    "squared_hinge", "tversky",
]  # fmt: skip

_BASES = ("Loss", "LossFunctionWrapper")
_CLASSES: dict[str, Any] = {
    name: value
    for name, value in globals().items()
    if isinstance(value, type) and issubclass(value, Loss) and name not in _BASES
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in cast(
        tuple[Any, ...],
        (
            *(binary_crossentropy, binary_focal_crossentropy, categorical_crossentropy),
            *(categorical_focal_crossentropy, categorical_generalized_cross_entropy),
            *(categorical_hinge, cosine_similarity, dice, hinge, huber, kl_divergence, log_cosh),
            *(mean_absolute_error, mean_absolute_percentage_error, mean_squared_error),
            *(mean_squared_logarithmic_error, poisson, sparse_categorical_crossentropy),
            *(squared_hinge, tversky, circle, ctc),
        ),
    )
}
_SHORT: dict[str, Any] = {
    "crf": CRF,
    "bce": binary_crossentropy,
    "kld": kl_divergence,
    "mae": mean_absolute_error,
    "mape": mean_absolute_percentage_error,
    "mse": mean_squared_error,
    "msle": mean_squared_logarithmic_error,
}
_OF_BATCHES: dict[Any, type[Loss]] = {circle: Circle, ctc: CTC}
"""The functions that do not give a value for each step, and what they are as a Loss."""
KNOWN: dict[str, Any] = {
    **_CLASSES,
    **FUNCTIONS,
    **_SHORT,
    **{name.upper(): known for name, known in _SHORT.items()},
}


def get(identifier: Any) -> Any:
    """The loss, a function or an object, that a name, a config, a class or itself means.

    Parameters
    ----------
    identifier : object
        A name, a config, a class, an object, or None.

    Returns
    -------
    Loss or callable
        The loss.

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
    >>> import numpy as np
    >>> maskseq.losses.get("mse")(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]])).tolist()
    [2.0]
    """
    return configured.found(identifier, KNOWN, "loss", deserialize)


def as_loss(identifier: Any, reduction: str = "sum_over_batch_size") -> Loss | None:
    """`get`, with a function made a Loss.

    Parameters
    ----------
    identifier : object
        A name, a config, a class, an object, or None.
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.

    Returns
    -------
    Loss
        The loss.
    """
    loss = get(identifier)
    if loss is None or isinstance(loss, Loss):
        return loss
    if loss in _OF_BATCHES:
        return _OF_BATCHES[loss](reduction=reduction)
    own = loss in FUNCTIONS.values()
    return LossFunctionWrapper(loss, reduction, getattr(loss, "__name__", None), stepwise=own)


def serialize(loss: Any) -> Any:
    """Its config, or a name, in Keras's form; what is your own as it is.

    Parameters
    ----------
    loss : Loss or function
        The loss.

    Returns
    -------
    str or dict
        The config.

    Examples
    --------
    >>> import maskseq
    >>> maskseq.losses.serialize(maskseq.losses.Huber(delta=2.0))["config"]["delta"]
    2.0
    """
    if isinstance(loss, str):
        cls = KNOWN.get(loss)
        return loss if getattr(cls, "in_keras", True) else serialize(cls)
    name = getattr(loss, "__name__", "")
    if loss is not None and FUNCTIONS.get(name) is loss:
        return configured.function(name)
    return configured.serialize(loss, _CLASSES, "keras.losses")


def deserialize(config: Any) -> Any:
    """The loss that a config or a name describes.

    Parameters
    ----------
    config : dict or str
        What `serialize` gave.

    Returns
    -------
    Loss or callable
        The loss.

    Raises
    ------
    ValueError
        If it is not known.

    Examples
    --------
    >>> import maskseq
    >>> config = maskseq.losses.serialize(maskseq.losses.Huber(delta=2.0))
    >>> maskseq.losses.deserialize(config).name
    'huber_loss'
    """
    if isinstance(config, dict) and config.get("class_name") == "function":
        config = config.get("config")
    if isinstance(config, str):
        return configured.named(config, KNOWN, "loss")
    return configured.from_table(config, _CLASSES, "loss")
