"""Products that gradients of weights and inputs are made of, each sum in one fixed order."""

import numpy as np

from .. import _kernels


def outer(x: np.ndarray, dz: np.ndarray, index: np.ndarray | None = None) -> np.ndarray:
    """x (n, f), dz (n, units) -> x^T dz, (f, units): the gradient of a kernel.

    index: int64 (n,): the row of x that each row of dz meets; -1: none.
    """
    return _kernels.outer(x, dz, index)


def turned(dz: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """dz (n, units), kernel (f, units) -> dz kernel^T, (n, f): the gradient of its input."""
    return _kernels.dense(dz, _kernels.PackedDense(kernel, turned=True))


def column_sums(dz: np.ndarray) -> np.ndarray:
    """dz (n, units) -> (units,): the gradient of a bias."""
    return _kernels.column_sums(dz)
