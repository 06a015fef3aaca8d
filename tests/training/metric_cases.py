"""Metrics that are compared with Keras, on the real steps of two batches."""

from typing import Any, NamedTuple

import numpy as np

from tests.training import loss_cases

MASKS = [loss_cases.MASK, loss_cases.MASK[::-1]]
WEIGHTS = [loss_cases.WEIGHTS, 2 * loss_cases.WEIGHTS[::-1]]


class Case(NamedTuple):
    """A metric, its options, and what labels and predictions it takes."""

    metric: str
    kind: str
    options: dict[str, Any]

    @property
    def name(self) -> str:
        return "-".join([self.metric, *(f"{k}={v}" for k, v in self.options.items())])


_AT = {"num_thresholds": 21}
_OF_LABELS = (
    {},
    {"curve": "PR", "num_labels": 3},
    {"label_weights": [0.5, 1.0, 2.0], "summation_method": "minoring"},
)
CASES = [
    *(Case(name, "numbers", {}) for name in ("MeanSquaredError", "MeanAbsoluteError")),
    Case("MeanAbsolutePercentageError", "numbers", {}),
    Case("MeanSquaredLogarithmicError", "positive", {}),
    Case("RootMeanSquaredError", "numbers", {}),
    Case("CosineSimilarity", "numbers", {}),
    Case("LogCoshError", "numbers", {}),
    Case("Poisson", "positive", {}),
    Case("KLDivergence", "classes", {}),
    *(Case(name, "binary", {}) for name in ("Hinge", "SquaredHinge", "BinaryCrossentropy")),
    Case("CategoricalHinge", "classes", {}),
    Case("BinaryCrossentropy", "logits", {"from_logits": True}),
    Case("CategoricalCrossentropy", "classes", {"label_smoothing": 0.1}),
    Case("SparseCategoricalCrossentropy", "numbered_logits", {"from_logits": True}),
    Case("BinaryAccuracy", "binary", {"threshold": 0.4}),
    Case("CategoricalAccuracy", "classes", {}),
    Case("SparseCategoricalAccuracy", "numbered", {}),
    Case("TopKCategoricalAccuracy", "classes", {"k": 2}),
    Case("SparseTopKCategoricalAccuracy", "numbered", {"k": 2}),
    Case("TruePositives", "binary", {}),
    Case("FalsePositives", "binary", {"thresholds": [0.2, 0.7]}),
    Case("TrueNegatives", "binary", {"thresholds": 0.3}),
    Case("FalseNegatives", "binary", {}),
    *(Case(name, "binary", {}) for name in ("Precision", "Recall")),
    *(Case(name, "classes", {"top_k": 2, "class_id": 1}) for name in ("Precision", "Recall")),
    Case("Precision", "binary", {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]}),
    Case("AUC", "binary", {}),
    Case("AUC", "logits", {"from_logits": True, "summation_method": "minoring"}),
    Case("AUC", "binary", {"curve": "PR", "num_thresholds": 30}),
    Case("AUC", "binary", {"curve": "PR", "summation_method": "majoring"}),
    Case("AUC", "binary", {"thresholds": [0.1, 0.5, 0.6]}),
    Case("SensitivityAtSpecificity", "binary", {"specificity": 0.5, **_AT}),
    Case("SpecificityAtSensitivity", "binary", {"sensitivity": 0.5, **_AT}),
    Case("PrecisionAtRecall", "binary", {"recall": 0.5, **_AT}),
    Case("RecallAtPrecision", "binary", {"precision": 0.5, **_AT}),
    *(Case(name, "numbers", {}) for name in ("PearsonCorrelation", "ConcordanceCorrelation")),
    *(Case("AUC", "classes", {"multi_label": True, **o, **_AT}) for o in _OF_LABELS),
    Case("AUC", "classes", {"label_weights": [0.5, 1.0, 2.0], **_AT}),
    Case("F1Score", "classes", {}),
    *(Case("FBetaScore", "classes", {"average": a, "beta": 2.0}) for a in ("micro", "macro")),
    Case("FBetaScore", "binary", {"average": "weighted", "threshold": 0.4}),
    Case("R2Score", "numbers", {}),
    Case("R2Score", "numbers", {"class_aggregation": "variance_weighted_average"}),
    Case("R2Score", "numbers", {"class_aggregation": None, "num_regressors": 2}),
    Case("OneHotIoU", "classes", {"num_classes": 3, "target_class_ids": [0, 2]}),
    Case("OneHotMeanIoU", "classes", {"num_classes": 3}),
    Case("BinaryIoU", "binary", {"threshold": 0.4}),
    Case("MeanIoU", "numbered", {"num_classes": 3, "sparse_y_pred": False}),
    Case("IoU", "numbered", {"num_classes": 3, "target_class_ids": [1], "sparse_y_pred": False}),
]


def batches(kind: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Labels and predictions of two batches, (4, 5, 3)."""
    y_true, y_pred = loss_cases.given(kind)
    return [(y_true, y_pred), (y_true[::-1, ::-1], y_pred[:, ::-1])]
