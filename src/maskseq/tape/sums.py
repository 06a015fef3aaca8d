"""Gradients that add up: arrays, those of Rows with and without pads, and sparse ones of tables."""

from typing import Any

import numpy as np


class SparseRows:
    """The gradient of a table of which a step read few rows; all others have gradient 0.

    ids: int64 (k,), ascending, each once.  values: float32 (k, *features).  shape: the table's.
    """

    __slots__ = ("ids", "values", "shape")

    def __init__(self, ids: np.ndarray, values: np.ndarray, shape: tuple[int, ...]):
        self.ids, self.values, self.shape = ids, values, tuple(shape)

    def to_dense(self) -> np.ndarray:
        """The same gradient as an array of the table's shape."""
        dense = np.zeros(self.shape, np.float32)
        dense[self.ids] = self.values
        return dense

    def __repr__(self) -> str:
        return f"<SparseRows of {len(self.ids)} rows, shape={self.shape}>"


def add_gradients(first: Any, second: Any) -> Any:
    """The sum of two gradients of one value; None is zero. Neither is changed."""
    if first is None or second is None:
        return second if first is None else first
    if type(first) is SparseRows or type(second) is SparseRows:
        return _add_sparse(first, second)
    if len(first) == len(second) if first.ndim else True:
        return first + second
    # Of Rows, one with pads and one without: the pads of the latter are zero.
    longer, shorter = (first, second) if len(first) > len(second) else (second, first)
    total = longer.copy()
    total[: len(shorter)] += shorter
    return total


def _add_sparse(first: Any, second: Any) -> Any:
    if type(first) is not SparseRows or type(second) is not SparseRows:
        sparse, dense = (first, second) if type(first) is SparseRows else (second, first)
        total = np.array(dense)
        total[sparse.ids] += sparse.values
        return total
    ids = np.union1d(first.ids, second.ids)
    total = np.zeros((len(ids), *first.shape[1:]), np.float32)
    for part in (first, second):
        total[np.searchsorted(ids, part.ids)] += part.values
    return SparseRows(ids, total, first.shape)
