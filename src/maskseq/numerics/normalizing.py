"""The way back through a normalisation of rows."""

import math
from typing import Any

import numpy as np

from .. import _kernels
from .reductions import axes_of, rows_along


def gradients(
    d: np.ndarray, x: np.ndarray, axis: Any, norm: str, epsilon: float, gamma: Any = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gradients of x, gamma and beta from that d of y = normalized(x, axis, norm, ...).

    Those of gamma and beta have the sizes of `axis`, one after the other.
    """
    rows, kept, _ = rows_along(x, axis)
    d_rows = np.ascontiguousarray(rows_along(d, axis)[0])
    weight = None if gamma is None else gamma.reshape(-1)
    back, products = _kernels.normalize_backward(d_rows, rows, norm, epsilon, weight)
    axes = axes_of(axis, x.ndim)
    moved = back.reshape(kept + tuple(x.shape[a] for a in axes))
    order = np.argsort([i for i in range(x.ndim) if i not in axes] + list(axes))
    to_gamma, to_beta = _kernels.column_sums(products), _kernels.column_sums(d_rows)
    return moved.transpose(order), to_gamma, to_beta


def grouped(
    d: np.ndarray, x: np.ndarray, groups: int, epsilon: float, gamma: Any = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same for groups of features over all cells of a sample; d, x (batch, ..., features)."""
    batch, features = x.shape[0], x.shape[-1]
    cells, size = math.prod(x.shape[1:-1]), features // groups
    cube = batch, cells, groups, size

    def as_rows(a: np.ndarray) -> np.ndarray:
        return a.reshape(cube).transpose(0, 2, 1, 3).reshape(batch * groups, cells * size)

    def as_cube(a: np.ndarray) -> np.ndarray:
        turned = a.reshape(batch, groups, cells, size).transpose(0, 2, 1, 3)
        return turned.reshape(batch * cells, features)

    rows, flat = as_rows(x), d.reshape(batch * cells, features)
    even = as_cube(_kernels.normalize(rows, "layer", epsilon))
    g = d if gamma is None else d * gamma
    back, _ = _kernels.normalize_backward(as_rows(g), rows, "layer", epsilon)
    to_gamma, to_beta = _kernels.column_sums(flat * even), _kernels.column_sums(flat)
    return as_cube(back).reshape(x.shape), to_gamma, to_beta
