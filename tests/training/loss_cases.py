"""Losses that are compared with Keras: values, reductions and gradients."""

from typing import Any, NamedTuple

import numpy as np

MASK = np.array([[1, 1, 1, 1, 1], [0, 1, 1, 0, 1], [0, 0, 0, 0, 0], [1, 1, 0, 0, 0]], bool)
WEIGHTS = np.array(
    [[1, 2, 0, 1, 3], [0.5, 1, 2, 1, 1], [1, 1, 1, 1, 1], [2, 0.25, 1, 9, 1]], np.float32
)
REDUCTIONS = ["sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none"]


class Case(NamedTuple):
    """A loss, its options, and what labels and predictions it takes."""

    loss: str
    kind: str
    options: dict[str, Any]

    @property
    def name(self) -> str:
        return "-".join([self.loss, *(f"{k}={v}" for k, v in self.options.items())])


_LOGITS = {"from_logits": True}
_SMOOTH = {"label_smoothing": 0.1}
CASES = [
    Case("MeanSquaredError", "numbers", {}),
    Case("MeanAbsoluteError", "numbers", {}),
    Case("MeanAbsolutePercentageError", "numbers", {}),
    Case("MeanSquaredLogarithmicError", "positive", {}),
    Case("CosineSimilarity", "numbers", {}),
    Case("Huber", "numbers", {}),
    Case("Huber", "numbers", {"delta": 0.5}),
    Case("LogCosh", "numbers", {}),
    Case("Poisson", "positive", {}),
    Case("KLDivergence", "classes", {}),
    Case("Hinge", "binary", {}),
    Case("SquaredHinge", "binary", {}),
    Case("CategoricalHinge", "classes", {}),
    Case("BinaryCrossentropy", "binary", {}),
    Case("BinaryCrossentropy", "logits", _LOGITS | _SMOOTH),
    Case("BinaryFocalCrossentropy", "binary", {}),
    Case("BinaryFocalCrossentropy", "logits", _LOGITS | {"apply_class_balancing": True}),
    Case("CategoricalCrossentropy", "classes", _SMOOTH),
    Case("CategoricalCrossentropy", "class_logits", _LOGITS),
    Case("CategoricalFocalCrossentropy", "classes", {}),
    Case("CategoricalFocalCrossentropy", "class_logits", _LOGITS | {"gamma": 1.5}),
    Case("SparseCategoricalCrossentropy", "numbered", {}),
    Case("SparseCategoricalCrossentropy", "numbered_logits", _LOGITS),
    Case("SparseCategoricalCrossentropy", "numbered", {"ignore_class": 1}),
    Case("CategoricalGeneralizedCrossEntropy", "numbered", {"q": 0.7}),
    Case("Dice", "binary", {"axis": -1}),
    Case("Tversky", "binary", {"alpha": 0.3, "axis": -1}),
]


def given(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Labels and predictions, (4, 5, 3), or (4, 5) for the numbers of classes."""
    rng = np.random.default_rng(len(kind))
    x = rng.standard_normal((4, 5, 3)).astype(np.float32)
    p = np.exp(x) / np.exp(x).sum(-1, keepdims=True)
    numbers = rng.integers(0, 3, (4, 5))
    if kind == "numbers":
        return rng.standard_normal((4, 5, 3)).astype(np.float32), x
    if kind == "positive":
        return rng.random((4, 5, 3)).astype(np.float32), p
    if kind in ("binary", "logits"):
        labels = rng.integers(0, 2, (4, 5, 3)).astype(np.float32)
        return labels, x if kind == "logits" else 1 / (1 + np.exp(-x))
    if kind in ("classes", "class_logits"):
        return np.eye(3, dtype=np.float32)[numbers], x if kind == "class_logits" else p
    return numbers.astype(np.int32), x if kind == "numbered_logits" else p


def calls() -> list[tuple[str, bool, bool]]:
    """(reduction, whether there is a mask, whether there are weights)."""
    return [(r, masked, weighted) for r in REDUCTIONS for masked in (0, 1) for weighted in (0, 1)]


def of_batches() -> dict[str, tuple[str, dict[str, Any], np.ndarray, np.ndarray]]:
    """Name -> (loss, options, labels, predictions), of losses that take a batch as a whole."""
    rng = np.random.default_rng(4)
    vectors = rng.standard_normal((9, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    classes = np.array([0, 1, 0, 2, 1, 0, 3, 1, 1])
    logits = (2 * rng.standard_normal((4, 9, 5))).astype(np.float32)
    tags = np.array([[1, 2, 1, 4], [3, 3, 0, 0], [2, 0, 0, 0], [4, 1, 2, 3]])
    return {
        "Circle": ("Circle", {}, classes, vectors),
        "Circle-soft": ("Circle", {"gamma": 2.0, "margin": 0.25}, classes[:, None], vectors),
        "Circle-itself": ("Circle", {"remove_diagonal": False, "gamma": 8.0}, classes, vectors),
        "CTC": ("CTC", {}, tags, logits),
    }
