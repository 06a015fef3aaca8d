"""Metrics of the curve that many thresholds make. Source: keras.metrics."""

from typing import Any

import numpy as np

from .. import _kernels, activations
from ..losses.targets import align
from ..numerics import extremes, reductions
from .confusion import Thresholds, ratio
from .metric import spread

MOST_THRESHOLDS = 1_000_000


class AUC(Thresholds):
    """The area under the curve ROC or PR, from the counts at `num_thresholds` thresholds.

    Not here: the curve "PRGAIN".

    Parameters
    ----------
    num_thresholds : int, default 200
        How many thresholds are tried.
    curve : str, default "ROC"
        "ROC" or "PR".
    summation_method : str, default "interpolation"
        "interpolation", "minoring" or "majoring".
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.
    thresholds : float or sequence of float, optional
        Those between 0 and 1.
    multi_label : bool, default False
        The mean of the areas of the `num_labels` columns, times `label_weights`; without it these
        are weights of the columns' counts.
    num_labels : int, optional
        How many columns there are, with `multi_label`.
    label_weights : array_like, optional
        Weights of the columns.
    from_logits : bool, default False
        Predictions are logits.

    Raises
    ------
    ValueError
        For an unknown `curve` or `summation_method`, `num_thresholds` outside 2 to 1000000,
        or `num_labels` without `multi_label`.

    See Also
    --------
    PrecisionAtRecall, SensitivityAtSpecificity

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.AUC()
    >>> y_true, y_pred = np.array([[1], [0], [1]]), np.array([[0.9], [0.2], [0.6]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    1.0
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ):
        if num_labels and not multi_label:
            raise ValueError("AUC: num_labels is for multi_label only")
        if curve not in ("ROC", "PR"):
            raise ValueError(f"AUC: curve must be 'ROC' or 'PR', got {curve!r}")
        if summation_method not in ("interpolation", "minoring", "majoring"):
            raise ValueError(f"AUC: there is no summation_method {summation_method!r}")
        if thresholds is not None and not isinstance(thresholds, (list, tuple, np.ndarray)):
            raise ValueError(f"AUC: thresholds must be a list of numbers, got {thresholds!r}")
        levels = _levels(num_thresholds) if thresholds is None else [0.0, *sorted(thresholds), 1.0]
        super().__init__(levels, name)
        self.levels = [-1e-7, *levels[1:-1], 1 + 1e-7]
        self.num_thresholds, self.curve = len(levels), curve
        self.summation_method, self.from_logits = summation_method, from_logits
        self.multi_label, self.num_labels = multi_label, num_labels
        self.label_weights = None if label_weights is None else np.asarray(label_weights).tolist()
        self.given = thresholds
        self._of_labels: list[AUC] = []

    def reset_state(self) -> None:
        super().reset_state()
        self._of_labels = []

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return config if self.given is None else {**config, "thresholds": self.levels[1:-1]}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        if self.from_logits:
            given = align(y_true, y_pred, sample_weight)
            scores = activations.sigmoid(np.asarray(given.y_pred, np.float32))
            super().update_state(given.y_true, scores, given.weights)
        else:
            super().update_state(y_true, y_pred, sample_weight)

    def _count(self, labels: np.ndarray, scores: np.ndarray, weights: Any) -> None:
        columns = scores.shape[-1] if scores.ndim else 0
        if self.label_weights is not None and len(self.label_weights) != columns:
            raise ValueError(
                f"{self.name}: expected {len(self.label_weights)} columns, one for each of the "
                f"label_weights, got {columns}"
            )
        if not self.multi_label:
            if self.label_weights is not None:
                weights = spread(1.0 if weights is None else weights, scores)
                weights = weights * np.asarray(self.label_weights)
            super()._count(labels, scores, weights)
            return
        expected = self.num_labels or len(self._of_labels) or columns
        if scores.ndim != 2 or labels.shape != scores.shape or columns != expected:
            raise ValueError(
                f"{self.name}: expected labels and predictions (samples or real steps, "
                f"{expected}), got {labels.shape} and {scores.shape}"
            )
        weights = spread(1.0 if weights is None else weights, scores)
        if not self._of_labels:
            options = (self.curve, self.summation_method, None, None, self.given)
            self._of_labels = [AUC(self.num_thresholds, *options) for _ in range(columns)]
        for i, one in enumerate(self._of_labels):
            one._count(labels[:, i], scores[:, i], weights[:, i])

    def result(self) -> np.float32:
        if self.multi_label:
            areas = np.array([one.result() for one in self._of_labels], np.float64)
            if not len(areas):
                return np.float32(0)
            shares = np.ones(len(areas)) if self.label_weights is None else self.label_weights
            whole = float(reductions.total(np.asarray(shares, np.float64)))
            return np.float32(reductions.total(areas * shares) / whole if whole else 0.0)
        tp, fp, fn = self.true_positives, self.false_positives, self.false_negatives
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._interpolated()
        recall = ratio(tp, tp + fn)
        if self.curve == "ROC":
            x, y = ratio(fp, fp + self.true_negatives), recall
        else:
            x, y = recall, ratio(tp, tp + fp)
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / 2
        elif self.summation_method == "minoring":
            heights = extremes.minimum(y[:-1], y[1:])
        else:
            heights = extremes.maximum(y[:-1], y[1:])
        return np.float32(reductions.total((x[:-1] - x[1:]) * heights))

    def _interpolated(self) -> np.float32:
        """As Davis and Goadrich have it, 2006, "The relationship between precision-recall and ROC
        curves": not the precision is on a line between two points but the true positives are.
        """
        tp, fn = self.true_positives, self.false_negatives
        found = tp + self.false_positives
        more, wider = tp[:-1] - tp[1:], found[:-1] - found[1:]
        slope = ratio(more, extremes.maximum(wider, 0))
        start = tp[1:] - slope * found[1:]
        both = (found[:-1] > 0) & (found[1:] > 0)
        grown = np.where(both, ratio(found[:-1], found[1:]), 1.0)
        logs = _kernels.elementary(grown.astype(np.float32), "log").astype(np.float64)
        whole = extremes.maximum(tp[1:] + fn[1:], 0)
        return np.float32(reductions.total(ratio(slope * (more + start * logs), whole)))


class _At(Thresholds):
    """Base: the best of one share where another is at least a given value."""

    _direction = "up"

    option = ""

    def __init__(self, value: float, num_thresholds: int, class_id: Any, name: str | None):
        if not 0 <= value <= 1:
            raise ValueError(f"{self.option} must be between 0 and 1, got {value!r}")
        levels = [0.5] if num_thresholds == 1 else _levels(num_thresholds)
        super().__init__(levels, name, None, class_id)
        self.num_thresholds = num_thresholds
        setattr(self, self.option, value)

    def _best(self, constrained: np.ndarray, dependent: np.ndarray) -> np.float32:
        allowed = constrained >= getattr(self, self.option)
        return np.float32(extremes.largest(np.where(allowed, dependent, 0.0), initial=0.0))

    def _shares(self) -> dict[str, np.ndarray]:
        tp, fp = self.true_positives, self.false_positives
        return {
            "recall": ratio(tp, tp + self.false_negatives),
            "precision": ratio(tp, tp + fp),
            "specificity": ratio(self.true_negatives, self.true_negatives + fp),
        }


class SensitivityAtSpecificity(_At):
    """The best recall where the share of right ones among label 0 is `specificity` at least.

    Parameters
    ----------
    specificity : float
        The specificity that is asked for, between 0 and 1.
    num_thresholds : int, default 200
        How many thresholds are tried.
    class_id : int, optional
        The one column that counts; None: all.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    Raises
    ------
    ValueError
        Unless `specificity` is between 0 and 1, and `num_thresholds` from 1 to 1000000.

    See Also
    --------
    SpecificityAtSensitivity, AUC

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.SensitivityAtSpecificity(0.5)
    >>> y_true, y_pred = np.array([[1], [0], [1]]), np.array([[0.9], [0.2], [0.6]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    1.0
    """

    option = "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(specificity, num_thresholds, class_id, name)

    def result(self) -> np.float32:
        shares = self._shares()
        return self._best(shares["specificity"], shares["recall"])


class SpecificityAtSensitivity(_At):
    """The best share of right ones among label 0 where the recall is `sensitivity` at least.

    Parameters
    ----------
    sensitivity : float
        The sensitivity that is asked for, between 0 and 1.
    num_thresholds : int, default 200
        How many thresholds are tried.
    class_id : int, optional
        The one column that counts; None: all.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    Raises
    ------
    ValueError
        Unless `sensitivity` is between 0 and 1, and `num_thresholds` from 1 to 1000000.

    See Also
    --------
    SensitivityAtSpecificity, AUC

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.SpecificityAtSensitivity(0.5)
    >>> y_true, y_pred = np.array([[1], [0], [1]]), np.array([[0.9], [0.2], [0.6]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    1.0
    """

    option = "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(sensitivity, num_thresholds, class_id, name)

    def result(self) -> np.float32:
        shares = self._shares()
        return self._best(shares["recall"], shares["specificity"])


class PrecisionAtRecall(_At):
    """The best precision where the recall is `recall` at least.

    Parameters
    ----------
    recall : float
        The recall that is asked for, between 0 and 1.
    num_thresholds : int, default 200
        How many thresholds are tried.
    class_id : int, optional
        The one column that counts; None: all.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    Raises
    ------
    ValueError
        Unless `recall` is between 0 and 1, and `num_thresholds` from 1 to 1000000.

    See Also
    --------
    RecallAtPrecision, Precision

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.PrecisionAtRecall(0.5)
    >>> y_true, y_pred = np.array([[1], [0], [1]]), np.array([[0.9], [0.2], [0.6]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    1.0
    """

    option = "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(recall, num_thresholds, class_id, name)

    def result(self) -> np.float32:
        shares = self._shares()
        return self._best(shares["recall"], shares["precision"])


class RecallAtPrecision(_At):
    """The best recall where the precision is `precision` at least.

    Parameters
    ----------
    precision : float
        The precision that is asked for, between 0 and 1.
    num_thresholds : int, default 200
        How many thresholds are tried.
    class_id : int, optional
        The one column that counts; None: all.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    Raises
    ------
    ValueError
        Unless `precision` is between 0 and 1, and `num_thresholds` from 1 to 1000000.

    See Also
    --------
    PrecisionAtRecall, Recall

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.RecallAtPrecision(0.5)
    >>> y_true, y_pred = np.array([[1], [0], [1]]), np.array([[0.9], [0.2], [0.6]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    1.0
    """

    option = "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(precision, num_thresholds, class_id, name)

    def result(self) -> np.float32:
        shares = self._shares()
        return self._best(shares["precision"], shares["recall"])


def _levels(count: int) -> list[float]:
    """`count` numbers from 0 to 1. So many that they fit in memory: a file may ask for any."""
    if not isinstance(count, (int, np.integer)) or not 2 <= count <= MOST_THRESHOLDS:
        raise ValueError(
            f"num_thresholds must be an int above 1, at most {MOST_THRESHOLDS}, got {count!r}"
        )
    return [i / (count - 1) for i in range(count)]
