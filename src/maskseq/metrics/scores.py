"""F scores, the share of variance explained, overlaps of classes. Source: keras.metrics."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..losses.loss import of_one_rank
from ..losses.targets import align
from ..numerics import extremes, reductions
from .metric import Metric, spread

_EPSILON = 1e-7
MOST_CLASSES = 10_000  # of IoU, whose counts are a square of them: a file may ask for any number


class FBetaScore(Metric):
    """(1 + beta^2) * precision * recall / (beta^2 * precision + recall), class by class.

    Parameters
    ----------
    average : str, optional
        None: one for each class; "micro": of all counts together; "macro": their mean; "weighted":
        their mean by how often each class is there. The result is float32, of None (classes,).
    beta : float, default 1.0
        Weight of recall beside precision.
    threshold : float, optional
        What a yes is above; None: the largest class of a step is its yes.
    name : str or None, default "fbeta_score"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    Raises
    ------
    ValueError
        For an unknown `average`, a `beta` that is not above 0, or a `threshold` that is not above 0
        and at most 1.

    See Also
    --------
    F1Score, Precision, Recall

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.FBetaScore()
    >>> y_true, y_pred = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.2, 0.8], [0.4, 0.6]])
    >>> metric.update_state(y_true, y_pred)
    >>> print(metric.result().round(4))
    [0.     0.6667]
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ):
        super().__init__(None, name)
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(f"{self.name}: there is no average {average!r}")
        if beta <= 0 or not (threshold is None or 0 < threshold <= 1):
            raise ValueError(
                f"{self.name}: beta must be above 0 and threshold between 0 and 1, "
                f"got {beta!r}, {threshold!r}"
            )
        self.average, self.beta, self.threshold = average, beta, threshold
        self.reset_state()

    def reset_state(self) -> None:
        self._counts: Any = np.zeros((3, 1))  # right ones, all that were predicted, all there are

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        given = align(y_true, y_pred, sample_weight)
        labels, scores = np.asarray(given.y_true, np.float64), np.asarray(given.y_pred)
        if labels.ndim != 2 or labels.shape != scores.shape:
            raise ValueError(
                f"{self.name}: expected labels and predictions (samples or real steps, classes), "
                f"got {labels.shape} and {scores.shape}"
            )
        if self.threshold is None:
            best = extremes.largest(scores, axis=-1, keepdims=True)
            yes = (scores >= best) & (np.abs(scores) > 1e-9)
        else:
            yes = scores > np.float32(self.threshold)
        weights = spread(1.0 if given.weights is None else given.weights, scores)
        parts = [x * weights for x in (yes * labels, yes, labels)]
        self._counts = self._counts + [reductions.total(x) for x in parts]

    def result(self) -> Any:
        counts = self._counts
        if self.average == "micro":
            counts = reductions.total(counts.T)[:, None]
        right, predicted, there = counts
        precision, recall = right / (predicted + _EPSILON), right / (there + _EPSILON)
        square = self.beta * self.beta
        scores = precision * recall / (square * precision + recall + _EPSILON) * (1 + square)
        if self.average == "weighted":
            share = there / (float(reductions.total(there)) + _EPSILON)
            return np.float32(reductions.total(scores * share))
        if self.average is None:
            return scores.astype(np.float32)
        return np.float32(reductions.total(scores) / len(scores))


class F1Score(FBetaScore):
    """`FBetaScore` with beta 1.

    Parameters
    ----------
    average : str, optional
        None: one number for each class; "micro", "macro" or "weighted".
    threshold : float, optional
        What a number must exceed.
    name : str or None, default "f1_score"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    Raises
    ------
    ValueError
        For an unknown `average`, or a `threshold` that is not above 0 and at most 1.

    See Also
    --------
    FBetaScore, Precision, Recall

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.F1Score()
    >>> y_true, y_pred = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.2, 0.8], [0.4, 0.6]])
    >>> metric.update_state(y_true, y_pred)
    >>> print(metric.result().round(4))
    [0.     0.6667]
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ):
        super().__init__(average, 1.0, threshold, name)


class R2Score(Metric):
    """1 - the sum of squared errors over that of squared distances from the mean.

    Parameters
    ----------
    class_aggregation : str or None, default "uniform_average"
        Over columns: "uniform_average", "variance_weighted_average" or None:
        float32 (columns,).
    num_regressors : int, default 0
        Of the adjusted score, if not 0.
    name : str, default "r2_score"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    Raises
    ------
    ValueError
        For an unknown `class_aggregation`.

    See Also
    --------
    MeanSquaredError, ConcordanceCorrelation

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.R2Score()
    >>> y_true, y_pred = np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [2.0], [4.0]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.5
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str = "r2_score",
        dtype: Any = None,
    ):
        super().__init__(None, name)
        if class_aggregation not in (None, "uniform_average", "variance_weighted_average"):
            raise ValueError(f"r2_score: there is no class_aggregation {class_aggregation!r}")
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.reset_state()

    def reset_state(self) -> None:
        self._sums: Any = np.zeros((4, 1))  # weights, labels, their squares, squared errors
        self._samples = 0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        given = align(y_true, y_pred, sample_weight)
        labels, predicted = of_one_rank(given.y_true, given.y_pred)
        labels, predicted = labels.astype(np.float64), np.asarray(predicted, np.float64)
        if labels.ndim != 2 or labels.shape != predicted.shape:
            raise ValueError(
                "r2_score: expected labels and predictions (samples or real steps, columns), "
                f"got {labels.shape} and {predicted.shape}"
            )
        weights = spread(1.0 if given.weights is None else given.weights, labels)
        errors = np.square(labels - predicted)
        parts = [weights, labels * weights, np.square(labels) * weights, errors * weights]
        self._sums = self._sums + [reductions.total(x) for x in parts]
        self._samples += labels.size

    def result(self) -> Any:
        count, sums, squares, errors = self._sums
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = squares - sums * (sums / count)
            scores = 1 - errors / spread
            scores = np.where(np.isinf(scores), 0.0, scores)
            if self.class_aggregation == "uniform_average":
                score = reductions.total(scores) / len(scores)
            elif self.class_aggregation is not None:
                score = reductions.total(spread * scores) / reductions.total(spread)
            else:
                score = scores
        rest = self._samples - self.num_regressors - 1
        if self.num_regressors and rest > 0:
            score = 1 - (1 - score) * (self._samples - 1) / rest
        return np.asarray(score, np.float32)[()]


class IoU(Metric):
    """Of some classes the mean of (where both are it) / (where one is it).

    Parameters
    ----------
    num_classes : int
        How many classes there are.
    target_class_ids : sequence of int
        The classes to look at.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.
    ignore_class : int, optional
        Labels that do not count.
    sparse_y_true, sparse_y_pred : bool, default True
        Numbers of classes, and not one-hot or scores along `axis`.
    axis : int, default -1
        Axis that the function runs along.

    Raises
    ------
    ValueError
        For `num_classes` outside 1 to 10000, or a target that is no class.

    See Also
    --------
    MeanIoU, OneHotIoU, BinaryIoU

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.IoU(num_classes=2, target_class_ids=[0])
    >>> y_true, y_pred = np.array([[0], [1]]), np.array([[0], [0]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.5
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        super().__init__(None, name)
        self.dtype = "int32" if dtype is None else dtype
        if not isinstance(num_classes, (int, np.integer)) or not 1 <= num_classes <= MOST_CLASSES:
            raise ValueError(
                f"num_classes must be an int from 1 to {MOST_CLASSES}, got {num_classes!r}"
            )
        ids = target_class_ids if np.iterable(target_class_ids) else [None]
        if not all(isinstance(i, (int, np.integer)) for i in ids):
            raise ValueError(f"target_class_ids must be a list of ints, got {target_class_ids!r}")
        if not all(0 <= i < num_classes for i in target_class_ids):
            raise ValueError(
                f"target_class_ids: expected classes below {num_classes}, got {target_class_ids!r}"
            )
        self.num_classes, self.target_class_ids = num_classes, list(target_class_ids)
        self.ignore_class, self.axis = ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.reset_state()

    def reset_state(self) -> None:
        self.total_cm = np.zeros((self.num_classes, self.num_classes))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        given = align(y_true, y_pred, sample_weight)
        labels, found = np.asarray(given.y_true), np.asarray(given.y_pred)
        labels = labels if self.sparse_y_true else self._largest(labels, "y_true")
        found = found if self.sparse_y_pred else self._largest(found, "y_pred")
        self._add(labels.astype(np.int64), found.astype(np.int64), given.weights)

    def _largest(self, values: np.ndarray, name: str) -> np.ndarray:
        if not values.ndim or values.shape[self.axis] > self.num_classes:
            raise ValueError(
                f"{self.name}: {name} must be of {self.num_classes} classes at most along axis "
                f"{self.axis}, got shape {values.shape}"
            )
        return np.argmax(values, axis=self.axis)

    def _add(self, labels: np.ndarray, found: np.ndarray, weights: Any) -> None:
        if labels.size != found.size:
            raise ValueError(
                f"{self.name}: expected a label for each prediction {found.shape}, got "
                f"{labels.shape}"
            )
        weights = spread(1.0 if weights is None else weights, found).reshape(-1)
        labels, found = labels.reshape(-1), found.reshape(-1)
        known = [(x >= 0) & (x < self.num_classes) for x in (labels, found)]
        counts = known[0] & known[1]
        if self.ignore_class is not None:
            counts &= labels != self.ignore_class
        places = labels[counts] * self.num_classes + found[counts]
        matrix = np.bincount(places, weights[counts], self.num_classes * self.num_classes)
        self.total_cm = self.total_cm + matrix.reshape(self.total_cm.shape)

    def result(self) -> np.float32:
        both = np.diag(self.total_cm)
        either = reductions.total(self.total_cm) + reductions.total(self.total_cm.T) - both
        both, either = both[self.target_class_ids], either[self.target_class_ids]
        there = either > 1e-9
        shares = np.where(there, both / (either + _EPSILON), 0.0)
        return np.float32(reductions.total(shares) / (np.count_nonzero(there) + _EPSILON))


class MeanIoU(IoU):
    """`IoU` of all classes.

    Parameters
    ----------
    num_classes : int
        How many classes there are.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.
    ignore_class : int, optional
        A label that does not count.
    sparse_y_true : bool, default True
        Labels are numbers of classes, not one-hot.
    sparse_y_pred : bool, default True
        Predictions are numbers of classes, not scores along `axis`.
    axis : int, default -1
        Axis that the function runs along.

    Raises
    ------
    ValueError
        For `num_classes` outside 1 to 10000.

    See Also
    --------
    IoU, OneHotMeanIoU

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.MeanIoU(num_classes=2)
    >>> y_true, y_pred = np.array([[0], [1]]), np.array([[0], [0]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.25
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        options = (ignore_class, sparse_y_true, sparse_y_pred, axis)
        super().__init__(num_classes, range(num_classes), name, dtype, *options)


class OneHotIoU(IoU):
    """`IoU` of one-hot labels, and of scores unless `sparse_y_pred`.

    Parameters
    ----------
    num_classes : int
        How many classes there are.
    target_class_ids : sequence of int
        The classes to look at.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.
    ignore_class : int, optional
        A label that does not count.
    sparse_y_pred : bool, default False
        Predictions are numbers of classes, not scores along `axis`.
    axis : int, default -1
        Axis that the function runs along.

    Raises
    ------
    ValueError
        For `num_classes` outside 1 to 10000, or a target that is no class.

    See Also
    --------
    IoU, OneHotMeanIoU

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.OneHotIoU(num_classes=2, target_class_ids=[0])
    >>> y_true, y_pred = np.array([[0, 1], [1, 0]]), np.array([[0.2, 0.8], [0.4, 0.6]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.0
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        options = (ignore_class, False, sparse_y_pred, axis)
        super().__init__(num_classes, target_class_ids, name, dtype, *options)


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot labels, and of scores unless `sparse_y_pred`.

    Parameters
    ----------
    num_classes : int
        How many classes there are.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.
    ignore_class : int, optional
        A label that does not count.
    sparse_y_pred : bool, default False
        Predictions are numbers of classes, not scores along `axis`.
    axis : int, default -1
        Axis that the function runs along.

    Raises
    ------
    ValueError
        For `num_classes` outside 1 to 10000.

    See Also
    --------
    MeanIoU, OneHotIoU

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.OneHotMeanIoU(num_classes=2)
    >>> y_true, y_pred = np.array([[0, 1], [1, 0]]), np.array([[0.2, 0.8], [0.4, 0.6]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.25
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)


class BinaryIoU(IoU):
    """`IoU` of the two classes below `threshold` and from it on.

    Parameters
    ----------
    target_class_ids : sequence of int, default (0, 1)
        The classes to look at.
    threshold : float, default 0.5
        The least number that is a yes.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    Raises
    ------
    ValueError
        For a target other than 0 and 1.

    See Also
    --------
    IoU, BinaryAccuracy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.BinaryIoU()
    >>> y_true, y_pred = np.array([[1], [0]]), np.array([[0.9], [0.6]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.25
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        given = align(y_true, y_pred, sample_weight)
        labels, scores = of_one_rank(given.y_true, given.y_pred)
        yes = np.asarray(scores) >= np.float32(self.threshold)
        self._add(labels.astype(np.int64), yes.astype(np.int64), given.weights)
