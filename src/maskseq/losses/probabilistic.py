"""Losses of probabilities. Each function gives a value for each sample or step.

Probabilities are cut to 1e-7..1 - 1e-7 first, as in Keras. Source: keras.losses.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops
from ..tape import value_of
from ..tensor import set_keras_mask
from . import crossentropy
from .regression import EPSILON
from .targets import as_float32, of_users

_ONE = np.float32(1)


def _cut(y_pred: Any) -> Any:
    return ops.clip(y_pred, EPSILON, _ONE - EPSILON)


def _smooth(y_true: Any, label_smoothing: float, share: Any) -> np.ndarray:
    labels = as_float32(y_true)
    if not label_smoothing:
        return labels
    return labels * np.float32(1 - label_smoothing) + np.float32(label_smoothing) * share


def _same_shape(labels: np.ndarray, y_pred: Any, name: str) -> None:
    if labels.shape != value_of(y_pred).shape:
        raise ValueError(
            f"{name}: expected y_true of the shape of y_pred, {value_of(y_pred).shape}, "
            f"got {labels.shape}"
        )


def _smooth_binary(y_true: Any, y_pred: Any, label_smoothing: float) -> np.ndarray:
    labels = _smooth(y_true, label_smoothing, np.float32(0.5))
    _same_shape(labels, y_pred, "binary_crossentropy")
    return labels


@of_users
def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """The mean of -log of the probability of each label, along `axis`.

    Parameters
    ----------
    y_true : array_like (..., n)
        The labels.
    y_pred : numpy.ndarray (..., n)
        The predictions.
    from_logits : bool, default False
        Predictions are logits, not probabilities.
    label_smoothing : float, default 0.0
        Share of each label that is spread over all classes.
    axis : int, default -1
        Axis that the function runs along.

    Returns
    -------
    numpy.ndarray
        float32 (...), a value for each sample or step.

    Raises
    ------
    ValueError
        Unless both have the same shape.

    See Also
    --------
    BinaryCrossentropy, binary_focal_crossentropy, categorical_crossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [0.0]]), np.array([[0.9], [0.2]])
    >>> loss = maskseq.losses.binary_crossentropy(y_true, y_pred)
    >>> print(loss.round(4))
    [0.1054 0.2231]
    """
    labels = _smooth_binary(y_true, y_pred, label_smoothing)
    return crossentropy.mean_of_binary_labels(y_pred, labels, from_logits, axis)


@of_users
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """`binary_crossentropy` times (1 - p) ** gamma, p the probability of the label.

    Parameters
    ----------
    y_true : array_like (..., n)
        The labels.
    y_pred : numpy.ndarray (..., n)
        The predictions.
    apply_class_balancing : bool, default False
        Weigh classes by `alpha`.
    alpha : float, default 0.25
        Weight of class 1; class 0 has 1 - alpha.
    gamma : float, default 2.0
        Power that lowers the weight of easy predictions.
    from_logits : bool, default False
        Predictions are logits, not probabilities.
    label_smoothing : float, default 0.0
        Share of each label that is spread over all classes.
    axis : int, default -1
        Axis that the function runs along.

    Returns
    -------
    numpy.ndarray
        float32 (...), a value for each sample or step.

    Raises
    ------
    ValueError
        Unless both have the same shape.

    See Also
    --------
    BinaryFocalCrossentropy, binary_crossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [0.0]]), np.array([[0.9], [0.2]])
    >>> loss = maskseq.losses.binary_focal_crossentropy(y_true, y_pred)
    >>> print(loss.round(4))
    [0.0011 0.0089]
    """
    labels = _smooth_binary(y_true, y_pred, label_smoothing)
    y_pred = ops.sigmoid(y_pred) if from_logits else y_pred
    values, rest = crossentropy.of_binary_labels(y_pred, labels, False), _ONE - labels
    right = ops.add(ops.multiply(labels, y_pred), ops.multiply(rest, ops.subtract(_ONE, y_pred)))
    values = ops.multiply(ops.power(ops.subtract(_ONE, right), np.float32(gamma)), values)
    if apply_class_balancing:
        values = ops.multiply(labels * np.float32(alpha) + rest * np.float32(1 - alpha), values)
    return ops.mean(values, axis=axis)


def _of_all(y_pred: Any, axis: int) -> Any:
    """Probabilities that sum to 1 along `axis`, cut."""
    return _cut(ops.divide(y_pred, ops.sum(y_pred, axis=axis, keepdims=True)))


def _of_all_classes(y_true: Any, y_pred: Any, label_smoothing: float, name: str) -> Any:
    """Labels for each class, smoothed. Raises: ValueError unless they are shaped as y_pred is."""
    classes = np.shape(y_true)[-1] if np.ndim(y_true) else 1
    labels = _smooth(y_true, label_smoothing, np.float32(1 / max(classes, 1)))
    _same_shape(labels, y_pred, name)
    return labels


@of_users
def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-sum(y_true * log(y_pred)) along `axis`, labels being one-hot or probabilities.

    Parameters
    ----------
    y_true : array_like (..., classes)
        The labels.
    y_pred : numpy.ndarray (..., classes)
        The predictions.
    from_logits : bool, default False
        Predictions are logits, not probabilities.
    label_smoothing : float, default 0.0
        Share of each label that is spread over all classes.
    axis : int, default -1
        Axis that the function runs along.

    Returns
    -------
    numpy.ndarray
        float32 (...), a value for each sample or step.

    Raises
    ------
    ValueError
        Unless both have the same shape.

    See Also
    --------
    CategoricalCrossentropy, sparse_categorical_crossentropy, binary_crossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[0.0, 1.0]]), np.array([[0.2, 0.8]])
    >>> loss = maskseq.losses.categorical_crossentropy(y_true, y_pred)
    >>> print(loss.round(4))
    [0.2231]
    """
    labels = _of_all_classes(y_true, y_pred, label_smoothing, "categorical_crossentropy")
    return crossentropy.of_labels(y_pred, labels, from_logits, axis)


@of_users
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float | Sequence[float] = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """`categorical_crossentropy`, each class times alpha * (1 - p) ** gamma.

    Parameters
    ----------
    y_true : array_like (..., classes)
        The labels.
    y_pred : numpy.ndarray (..., classes)
        The predictions.
    alpha : float or sequence of float, default 0.25
        Weight of all classes, or one for each.
    gamma : float, default 2.0
        Power that lowers the weight of easy predictions.
    from_logits : bool, default False
        Predictions are logits, not probabilities.
    label_smoothing : float, default 0.0
        Share of each label that is spread over all classes.
    axis : int, default -1
        Axis that the function runs along.

    Returns
    -------
    numpy.ndarray
        float32 (...), a value for each sample or step.

    Raises
    ------
    ValueError
        Unless both have the same shape, and `alpha` as many weights as there are classes.

    See Also
    --------
    CategoricalFocalCrossentropy, categorical_crossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[0.0, 1.0]]), np.array([[0.2, 0.8]])
    >>> loss = maskseq.losses.categorical_focal_crossentropy(y_true, y_pred)
    >>> print(loss.round(4))
    [0.0022]
    """
    labels = _of_all_classes(y_true, y_pred, label_smoothing, "categorical_focal_crossentropy")
    p = _of_all(ops.softmax(y_pred, axis) if from_logits else y_pred, axis)
    factor = ops.power(ops.subtract(_ONE, p), np.float32(gamma))
    weights, classes = np.asarray(alpha, np.float32), value_of(p).shape[-1]
    if weights.shape not in ((), (classes,)):
        raise ValueError(f"alpha must be a weight for each of {classes} classes, got {alpha!r}")
    values = ops.multiply(ops.multiply(factor, weights), ops.log(p))
    return ops.negative(ops.sum(ops.multiply(labels, values), axis=axis))


@of_users
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    """-log of the probability of the class whose number is given.

    Parameters
    ----------
    y_true : array_like of int (...) or (..., 1)
        The labels.
    y_pred : numpy.ndarray (..., classes)
        The predictions.
    from_logits : bool, default False
        Predictions are logits, not probabilities.
    ignore_class : int, optional
        Labels that do not count; the result then carries a mask.
    axis : int, default -1
        Axis that the function runs along.

    Returns
    -------
    numpy.ndarray
        float32 (...), a value for each sample or step.

    Raises
    ------
    ValueError
        For a label that is no class, with its place, or labels of another shape.

    See Also
    --------
    SparseCategoricalCrossentropy, categorical_crossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([1]), np.array([[0.2, 0.8]])
    >>> loss = maskseq.losses.sparse_categorical_crossentropy(y_true, y_pred)
    >>> print(loss.round(4))
    [0.2231]
    """
    shape = value_of(y_pred).shape
    labels = np.asarray(y_true)
    if labels.ndim == len(shape) and labels.shape[axis] == 1:
        labels = labels.squeeze(axis)
    axis = axis % len(shape)
    if labels.shape != shape[:axis] + shape[axis + 1 :]:
        raise ValueError(
            "sparse_categorical_crossentropy: expected the number of a class for each "
            f"{shape[:axis] + shape[axis + 1 :]}, got labels {labels.shape}"
        )
    counts = None
    if ignore_class is not None:
        counts = labels != ignore_class
        labels = np.where(counts, labels, 0)
    values = crossentropy.of_classes(y_pred, labels, from_logits, axis)
    if counts is None:
        return values
    values = ops.where(counts, values, np.float32(0))
    set_keras_mask(values, counts)
    return values


@of_users
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """sum(y_true * log(y_true / y_pred)) along the last axis, both cut to 1e-7..1.

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
    KLDivergence, categorical_crossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])
    >>> loss = maskseq.losses.kl_divergence(y_true, y_pred)
    >>> print(loss.round(4))
    [0.1438]
    """
    labels = np.asarray(ops.clip(as_float32(y_true), EPSILON, _ONE))
    y_pred = ops.clip(y_pred, EPSILON, _ONE)
    return ops.sum(ops.multiply(labels, ops.log(ops.divide(labels, y_pred))), axis=-1)


_GENERALIZED = "categorical_generalized_cross_entropy"


@of_users
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """(1 - p ** q) / q, p the probability of the class whose number is given.

    Parameters
    ----------
    y_true : array_like of int (...) or (..., 1)
        The labels.
    y_pred : numpy.ndarray (..., classes)
        The predictions.
    q : float
        Between 0, the crossentropy, and 1, the mean absolute error.

    Returns
    -------
    numpy.ndarray
        float32 (...), a value for each sample or step.

    Raises
    ------
    ValueError
        For a label that is no class.

    See Also
    --------
    CategoricalGeneralizedCrossEntropy, sparse_categorical_crossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([1]), np.array([[0.2, 0.8]])
    >>> loss = maskseq.losses.categorical_generalized_cross_entropy(y_true, y_pred, q=0.5)
    >>> print(loss.round(4))
    [0.2111]
    """
    labels, shape = np.asarray(y_true), value_of(y_pred).shape
    if labels.shape == (*shape[:-1], 1):
        labels = labels.squeeze(-1)
    if labels.shape != shape[:-1]:
        raise ValueError(
            f"{_GENERALIZED}: expected a class for each {shape[:-1]}, got {labels.shape}"
        )
    outside = np.argwhere((labels < 0) | (labels >= shape[-1]))
    if len(outside):
        place = outside[0].tolist()
        raise crossentropy.LabelError(labels[tuple(place)], place, shape[-1], _GENERALIZED)
    picked = ops.take_along_axis(y_pred, labels.astype(np.int64)[..., None], -1)
    power = ops.power(ops.squeeze(picked, -1), np.float32(q))
    return ops.divide(ops.subtract(_ONE, power), np.float32(q))
