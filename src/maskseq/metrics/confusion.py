"""Right and wrong, yes and no, counted above and below thresholds. Source: keras.metrics."""

from typing import Any

import numpy as np

from ..losses.loss import of_one_rank
from ..losses.targets import align
from ..numerics import reductions
from .metric import Metric, spread

_PARTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


class Thresholds(Metric):
    """Base: counts at thresholds, float64 (thresholds,): a prediction above one is a yes."""

    true_positives: np.ndarray
    false_positives: np.ndarray
    true_negatives: np.ndarray
    false_negatives: np.ndarray

    def __init__(
        self,
        thresholds: list[float],
        name: str | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
    ):
        super().__init__(None, name)
        self.levels, self.top_k, self.class_id = thresholds, top_k, class_id
        even = np.arange(len(thresholds)) / max(len(thresholds) - 1, 1)
        self._even = len(thresholds) > 2 and np.allclose(thresholds, even, rtol=0, atol=2e-7)
        self.reset_state()

    def reset_state(self) -> None:
        for part in _PARTS:
            setattr(self, part, np.zeros(len(self.levels)))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        given = align(y_true, y_pred, sample_weight)
        labels, scores = of_one_rank(given.y_true, given.y_pred)
        self._count(labels, np.asarray(scores, np.float32), given.weights)

    def _count(self, labels: np.ndarray, scores: np.ndarray, weights: Any) -> None:
        if labels.shape != scores.shape:
            raise ValueError(
                f"{self.name}: expected labels of the shape of the predictions, {scores.shape}, "
                f"got {labels.shape}"
            )
        weights = spread(1.0 if weights is None else weights, scores)
        if self.top_k is not None:
            ahead = np.argsort(np.argsort(-scores, axis=-1, kind="stable"), axis=-1, kind="stable")
            scores = np.where(ahead < self.top_k, scores, np.float32(-1e10))
        if self.class_id is not None:
            labels, scores, weights = (x[..., self.class_id] for x in (labels, scores, weights))
        labels, scores, weights = (x.reshape(-1) for x in (labels, scores, weights))
        counts = self._by_buckets if self._even else self._by_comparison
        labels = labels.astype(bool).astype(np.float64)
        for yes, no, share in (
            ("true_positives", "false_negatives", labels * weights),
            ("false_positives", "true_negatives", (1 - labels) * weights),
        ):
            above, whole = counts(scores, share), float(reductions.total(share))
            setattr(self, yes, getattr(self, yes) + above)
            setattr(self, no, getattr(self, no) + (whole - above))

    def _by_comparison(self, scores: np.ndarray, shares: np.ndarray) -> np.ndarray:
        levels = np.asarray(self.levels, np.float32)
        return np.array([float(reductions.total(shares[scores > t])) for t in levels])

    def _by_buckets(self, scores: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """The same for many thresholds at one distance: each score falls between two.

        A score of 0 is above none, unless the first threshold is below 0.
        """
        last = len(self.levels) - 1
        places = np.ceil(scores * np.float32(last)).astype(np.int64) - 1
        if self.levels[0] < 0:
            places[places < 0] = 0
        places[places > last] = last
        above = places >= 0
        places, shares = places[above], shares[above]
        found = np.bincount(places, shares, len(self.levels))
        return reductions.running_totals(found[::-1])[::-1]

    def _scalar(self, values: np.ndarray) -> Any:
        values = values.astype(np.float32)
        return values[0] if len(values) == 1 else values


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, 0 where whole is 0."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole != 0)


def _given_levels(thresholds: Any, usual: float) -> list[float]:
    levels = [usual] if thresholds is None else np.atleast_1d(thresholds).tolist()
    if thresholds is not None and not all(0 <= t <= 1 for t in levels):
        raise ValueError(f"thresholds: expected numbers between 0 and 1, got {thresholds!r}")
    return levels


class _Count(Thresholds):
    part = ""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None):
        super().__init__(_given_levels(thresholds, 0.5), name)
        self.thresholds = thresholds

    def result(self) -> Any:
        return self._scalar(getattr(self, self.part))


class TruePositives(_Count):
    """How many steps with label 1 are above the threshold.

    Parameters
    ----------
    thresholds : float or sequence of float, optional
        What a number must exceed to be a yes; by default 0.5.
        Of several the result is float32 (thresholds,).
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    Raises
    ------
    ValueError
        For a threshold that is not between 0 and 1.

    See Also
    --------
    FalsePositives, FalseNegatives, Recall

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.TruePositives()
    >>> y_true, y_pred = np.array([[1], [0]]), np.array([[0.9], [0.6]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    1.0
    """

    part = "true_positives"


class FalsePositives(_Count):
    """How many steps with label 0 are above the threshold.

    Parameters
    ----------
    thresholds : float or sequence of float, optional
        What a number must exceed to be a yes; by default 0.5.
        Of several the result is float32 (thresholds,).
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    Raises
    ------
    ValueError
        For a threshold that is not between 0 and 1.

    See Also
    --------
    TruePositives, TrueNegatives, Precision

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.FalsePositives()
    >>> y_true, y_pred = np.array([[1], [0]]), np.array([[0.9], [0.6]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    1.0
    """

    part = "false_positives"


class TrueNegatives(_Count):
    """How many steps with label 0 are not above the threshold.

    Parameters
    ----------
    thresholds : float or sequence of float, optional
        What a number must exceed to be a yes; by default 0.5.
        Of several the result is float32 (thresholds,).
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    Raises
    ------
    ValueError
        For a threshold that is not between 0 and 1.

    See Also
    --------
    TruePositives, FalsePositives

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.TrueNegatives()
    >>> y_true, y_pred = np.array([[1], [0]]), np.array([[0.9], [0.4]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    1.0
    """

    part = "true_negatives"


class FalseNegatives(_Count):
    """How many steps with label 1 are not above the threshold.

    Parameters
    ----------
    thresholds : float or sequence of float, optional
        What a number must exceed to be a yes; by default 0.5.
        Of several the result is float32 (thresholds,).
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    Raises
    ------
    ValueError
        For a threshold that is not between 0 and 1.

    See Also
    --------
    TruePositives, TrueNegatives, Recall

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.FalseNegatives()
    >>> y_true, y_pred = np.array([[1], [1]]), np.array([[0.9], [0.4]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    1.0
    """

    part = "false_negatives"


class Precision(Thresholds):
    """Of what is above the threshold, the share with label 1.

    Parameters
    ----------
    thresholds : float or sequence of float, optional
        What a number must exceed to be a yes; by default 0.5.
        Of several the result is float32 (thresholds,).
    top_k : int, optional
        Only the largest k of each step are looked at.
    class_id : int, optional
        The one column that counts.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    Raises
    ------
    ValueError
        For a threshold that is not between 0 and 1.
    IndexError
        In `update_state`, if there is no column `class_id`.

    See Also
    --------
    Recall, PrecisionAtRecall, F1Score

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.Precision()
    >>> y_true, y_pred = np.array([[1], [0]]), np.array([[0.9], [0.6]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.5
    """

    _direction = "up"

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        usual = 0.5 if top_k is None else -1e10
        super().__init__(_given_levels(thresholds, usual), name, top_k, class_id)
        self.thresholds = thresholds

    def result(self) -> Any:
        return self._scalar(ratio(self.true_positives, self.true_positives + self.false_positives))


class Recall(Precision):
    """Of what has label 1, the share that is above the threshold.

    Parameters
    ----------
    thresholds : float or sequence of float, optional
        What a number must exceed to be a yes; by default 0.5.
        Of several the result is float32 (thresholds,).
    top_k : int, optional
        Only the largest so many of each step are looked at; None: all.
    class_id : int, optional
        The one column that counts; None: all.
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    Raises
    ------
    ValueError
        For a threshold that is not between 0 and 1.
    IndexError
        In `update_state`, if there is no column `class_id`.

    See Also
    --------
    Precision, RecallAtPrecision, F1Score

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.Recall()
    >>> y_true, y_pred = np.array([[1], [1]]), np.array([[0.9], [0.4]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.5
    """

    def result(self) -> Any:
        return self._scalar(ratio(self.true_positives, self.true_positives + self.false_negatives))
