"""Penalties on weights and outputs, under Keras's names and with its values.

A regularizer is given as a name ("l2"), as a config ({"class_name": ..., "config": ...}), or as any
function of an array that returns a number. It is kept where it is given, for training to add up.
Source: keras.regularizers, version 3.15.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _kernels, configured
from .numerics import reductions


class Regularizer(configured.Configured):
    """Base of regularizers: a call takes an array and returns its penalty, a float32 number."""

    def __call__(self, x: Any) -> Any:
        return np.float32(0)


class L1L2(Regularizer):
    """l1 * sum(abs(x)) + l2 * sum(x ** 2)."""

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0):
        self.l1 = configured.number(0.0 if l1 is None else l1, "l1")
        self.l2 = configured.number(0.0 if l2 is None else l2, "l2")

    def __call__(self, x: Any) -> Any:
        x = _float(x)
        total = x.dtype.type(0)
        if self.l1:
            total += x.dtype.type(self.l1) * _sum(np.abs(x))
        if self.l2:
            total += x.dtype.type(self.l2) * _sum(np.square(x))
        return total


class L1(Regularizer):
    """l1 * sum(abs(x))."""

    def __init__(self, l1: float | None = 0.01):
        self.l1 = configured.number(0.01 if l1 is None else l1, "l1")

    def __call__(self, x: Any) -> Any:
        x = _float(x)
        return x.dtype.type(self.l1) * _sum(np.abs(x))


class L2(Regularizer):
    """l2 * sum(x ** 2)."""

    def __init__(self, l2: float | None = 0.01):
        self.l2 = configured.number(0.01 if l2 is None else l2, "l2")

    def __call__(self, x: Any) -> Any:
        x = _float(x)
        return x.dtype.type(self.l2) * _sum(np.square(x))


class OrthogonalRegularizer(Regularizer):
    """factor * the mean of abs(cosine) over all pairs of rows, or of columns, of a matrix.

    Arguments: mode: "rows" or "columns".
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows"):
        self.factor = configured.number(factor, "factor")
        if mode not in ("rows", "columns"):
            raise ValueError(f"mode must be 'rows' or 'columns', got {mode!r}")
        self.mode = mode

    def __call__(self, x: Any) -> Any:
        x = _float(x)
        if x.ndim != 2:
            raise ValueError(f"x must be a matrix, got shape {x.shape}")
        rows = reductions.unit(x if self.mode == "rows" else x.T, 1, 1e-7)
        cosines = np.abs(_kernels.dense(rows, _kernels.PackedDense(rows.T)))
        pairs = len(rows) * (len(rows) - 1) / 2
        np.fill_diagonal(cosines, 0)
        return x.dtype.type(self.factor) * x.dtype.type(0.5) * _sum(cosines) / x.dtype.type(pairs)


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer

KNOWN = configured.table_of(Regularizer, L1, L2, L1L2, OrthogonalRegularizer)
KNOWN["l1_l2"] = L1L2  # the name in Keras's documentation; its code knows l1l2


def get(identifier: Any) -> Callable[..., Any] | None:
    """The regularizer that `identifier` (None, a name, a config, a function, a class) means.

    A config of a class that is not known here gives an `Unknown` that keeps it.
    Raises: ValueError if there is none of that name.
    """
    return configured.get(identifier, KNOWN, "regularizer")


def serialize(regularizer: Any) -> Any:
    """Its config in Keras's form; None and objects of your own classes as they are."""
    return configured.serialize(regularizer, KNOWN, "keras.regularizers")


def _float(x: Any) -> np.ndarray:
    """`x`, a Variable too, as an array of floats; float32 if it is none yet."""
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(np.float32)


def _sum(x: np.ndarray) -> np.float32:
    return np.float32(reductions.reduce(x, "sum"))
