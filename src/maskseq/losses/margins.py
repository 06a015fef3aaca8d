"""Losses of margins. Each function gives a value for each sample or step. Source: keras.losses."""

from typing import Any

import numpy as np

from .. import ops
from .loss import Plain

_ONE = np.float32(1)


def _signs(y_true: Any) -> np.ndarray:
    """Labels as -1 and 1: those that all are 0 or 1 are moved there."""
    labels = np.asarray(y_true, np.float32)
    return 2 * labels - 1 if ((labels == 0) | (labels == 1)).all() else labels


def _margins(y_true: Any, y_pred: Any) -> Any:
    return ops.maximum(ops.subtract(_ONE, ops.multiply(_signs(y_true), y_pred)), np.float32(0))


def hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y_true * y_pred, 0)) along the last axis, labels being -1 and 1, or 0 and 1."""
    return ops.mean(_margins(y_true, y_pred), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y_true * y_pred, 0) ** 2) along the last axis, labels as in `hinge`."""
    return ops.mean(ops.square(_margins(y_true, y_pred)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(largest of the wrong classes - the right one + 1, 0), labels being one-hot."""
    labels = np.asarray(y_true, np.float32)
    right = ops.sum(ops.multiply(labels, y_pred), axis=-1)
    wrong = ops.max(ops.multiply(_ONE - labels, y_pred), axis=-1)
    return ops.maximum(ops.add(ops.subtract(wrong, right), _ONE), np.float32(0))


class Hinge(Plain):
    """`hinge`."""

    function = staticmethod(hinge)


class SquaredHinge(Plain):
    """`squared_hinge`."""

    function = staticmethod(squared_hinge)


class CategoricalHinge(Plain):
    """`categorical_hinge`."""

    function = staticmethod(categorical_hinge)
