"""How often predictions are right. Each function gives a value for each sample or step."""

from typing import Any

import numpy as np

from .. import ops
from ..losses.loss import of_one_rank
from ..losses.targets import of_users
from ..tensor import as_numpy
from .metric import MeanMetricWrapper


@of_users
def accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """1 where y_pred is y_true."""
    labels, y_pred = of_one_rank(y_true, y_pred)
    return (labels == np.asarray(y_pred)).astype(np.float32)


@of_users
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> np.ndarray:
    """1 where y_pred is on the side of `threshold` that the label, 0 or 1, says.

    Parameters
    ----------
    y_true : array_like (..., n)
        The labels.
    y_pred : numpy.ndarray (..., n)
        The predictions.
    threshold : float, default 0.5
        What a number must exceed.

    Returns
    -------
    numpy.ndarray
        float32 (..., n), a value for each prediction.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    See Also
    --------
    BinaryAccuracy, categorical_accuracy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1], [0]]), np.array([[0.9], [0.6]])
    >>> print(maskseq.metrics.binary_accuracy(y_true, y_pred).round(4))
    [[1.]
     [0.]]
    """
    labels, y_pred = of_one_rank(y_true, y_pred)
    return (labels == (np.asarray(y_pred) > np.float32(threshold))).astype(np.float32)


@of_users
def categorical_accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """1 where the largest of y_pred is at the place of the largest of y_true.

    Parameters
    ----------
    y_true : array_like (..., classes)
        The labels.
    y_pred : array_like (..., classes)
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
    CategoricalAccuracy, sparse_categorical_accuracy, top_k_categorical_accuracy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[0, 1], [1, 0]]), np.array([[0.2, 0.8], [0.4, 0.6]])
    >>> print(maskseq.metrics.categorical_accuracy(y_true, y_pred).round(4))
    [1. 0.]
    """
    right = _classes(y_true, y_pred) == np.argmax(np.asarray(y_pred), axis=-1)
    return right.astype(np.float32)


def _classes(y_true: Any, y_pred: Any) -> np.ndarray:
    """The classes of one-hot labels of the shape of the predictions."""
    if np.shape(y_true) != np.shape(y_pred):
        raise ValueError(
            f"y_true must be one-hot, of the shape of y_pred {np.shape(y_pred)}, got "
            f"{np.shape(y_true)}"
        )
    return np.argmax(y_true, axis=-1)


def _numbers(y_true: Any, y_pred: np.ndarray) -> np.ndarray:
    """The number of a class for each prediction."""
    labels, shape = np.asarray(y_true), y_pred.shape[:-1]
    if labels.ndim == y_pred.ndim and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.shape != shape:
        raise ValueError(
            f"y_true must be the number of a class for each {shape}, got {labels.shape}"
        )
    return labels


@of_users
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """1 where the largest of y_pred is at the place that the label says.

    Parameters
    ----------
    y_true : array_like of int (...) or (..., 1)
        The labels.
    y_pred : array_like (..., classes)
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
    SparseCategoricalAccuracy, categorical_accuracy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([1, 0]), np.array([[0.2, 0.8], [0.4, 0.6]])
    >>> print(maskseq.metrics.sparse_categorical_accuracy(y_true, y_pred).round(4))
    [1. 0.]
    """
    y_pred = np.asarray(y_pred)
    return (_numbers(y_true, y_pred) == np.argmax(y_pred, axis=-1)).astype(np.float32)


@of_users
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> np.ndarray:
    """1 where the class that is largest in y_true is among the `k` largest of y_pred.

    Parameters
    ----------
    y_true : array_like (..., classes)
        The labels.
    y_pred : array_like (..., classes)
        The predictions.
    k : int, default 5
        How many of the largest predictions are looked at.

    Returns
    -------
    numpy.ndarray
        float32 (...), a value for each sample or step.

    Raises
    ------
    ValueError
        For labels of another shape.

    See Also
    --------
    TopKCategoricalAccuracy, sparse_top_k_categorical_accuracy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[0, 1, 0]]), np.array([[0.5, 0.3, 0.2]])
    >>> print(maskseq.metrics.top_k_categorical_accuracy(y_true, y_pred, k=2).round(4))
    [1.]
    """
    return sparse_top_k_categorical_accuracy(_classes(y_true, y_pred), y_pred, k)


@of_users
def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> np.ndarray:
    """1 where the class that the label says is among the `k` largest of y_pred.

    Parameters
    ----------
    y_true : array_like of int (...) or (..., 1)
        The labels.
    y_pred : array_like (..., classes)
        The predictions.
    k : int, default 5
        How many of the largest predictions are looked at.
    from_sorted_ids : bool, default False
        Predictions hold the numbers of classes, the most probable first.

    Returns
    -------
    numpy.ndarray
        float32 (...), a value for each sample or step; 0 for a label that is no class.

    Raises
    ------
    ValueError
        For labels of another shape.

    See Also
    --------
    SparseTopKCategoricalAccuracy, top_k_categorical_accuracy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([1]), np.array([[0.5, 0.3, 0.2]])
    >>> print(maskseq.metrics.sparse_top_k_categorical_accuracy(y_true, y_pred, k=2).round(4))
    [1.]
    """
    y_pred = np.asarray(y_pred)
    labels = _numbers(y_true, y_pred)
    if from_sorted_ids:
        return (y_pred[..., :k] == labels[..., None]).any(axis=-1).astype(np.float32)
    flat = y_pred.reshape(labels.size, y_pred.shape[-1])
    found = ops.in_top_k(labels.reshape(-1), flat, k)
    return as_numpy(found).reshape(labels.shape).astype(np.float32)


class Accuracy(MeanMetricWrapper):
    """The mean of `accuracy`.

    Parameters
    ----------
    name : str, default "accuracy"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    See Also
    --------
    BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.Accuracy()
    >>> y_true, y_pred = np.array([[1], [2]]), np.array([[1], [3]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.5
    """

    _direction = "up"

    def __init__(self, name: str = "accuracy", dtype: Any = None):
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """The mean of `binary_accuracy`.

    Parameters
    ----------
    name : str, default "binary_accuracy"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.
    threshold : float, default 0.5
        What a number must exceed.

    See Also
    --------
    binary_accuracy, Accuracy, maskseq.losses.BinaryCrossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.BinaryAccuracy()
    >>> y_true, y_pred = np.array([[1], [0]]), np.array([[0.9], [0.6]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.5
    """

    _direction = "up"

    def __init__(self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5):
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """The mean of `categorical_accuracy`.

    Parameters
    ----------
    name : str, default "categorical_accuracy"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    See Also
    --------
    categorical_accuracy, SparseCategoricalAccuracy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.CategoricalAccuracy()
    >>> y_true, y_pred = np.array([[0, 1], [1, 0]]), np.array([[0.2, 0.8], [0.4, 0.6]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.5
    """

    _direction = "up"

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None):
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """The mean of `sparse_categorical_accuracy`.

    Parameters
    ----------
    name : str, default "sparse_categorical_accuracy"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    See Also
    --------
    sparse_categorical_accuracy, CategoricalAccuracy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.SparseCategoricalAccuracy()
    >>> y_true, y_pred = np.array([1, 0]), np.array([[0.2, 0.8], [0.4, 0.6]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.5
    """

    _direction = "up"

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None):
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """The mean of `top_k_categorical_accuracy`.

    Parameters
    ----------
    k : int, default 5
        How many of the largest predictions are looked at.
    name : str, default "top_k_categorical_accuracy"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    See Also
    --------
    top_k_categorical_accuracy, CategoricalAccuracy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.TopKCategoricalAccuracy(k=2)
    >>> y_true, y_pred = np.array([[0, 1, 0]]), np.array([[0.5, 0.3, 0.2]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    1.0
    """

    _direction = "up"

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None):
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """The mean of `sparse_top_k_categorical_accuracy`.

    Parameters
    ----------
    k : int, default 5
        How many of the largest predictions are looked at.
    name : str, default "sparse_top_k_categorical_accuracy"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.
    from_sorted_ids : bool, default False
        Predictions hold the numbers of classes, the most probable first.

    Raises
    ------
    ValueError
        In `update_state`, for labels of another shape.

    See Also
    --------
    sparse_top_k_categorical_accuracy, TopKCategoricalAccuracy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.SparseTopKCategoricalAccuracy(k=2)
    >>> y_true, y_pred = np.array([1]), np.array([[0.5, 0.3, 0.2]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    1.0
    """

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ):
        options = {"k": k, **({"from_sorted_ids": True} if from_sorted_ids else {})}
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, **options)
