"""The way back through a normalisation of rows."""

import math
from typing import Any

import numpy as np

from .. import _kernels
from .reductions import axes_of, reduce, rows_along


def gradients(
    d: np.ndarray, x: np.ndarray, axis: Any, norm: str, epsilon: float, gamma: Any = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gradients of x, gamma and beta from that d of y = normalized(x, axis, norm, ...).

    Those of gamma and beta have the sizes of `axis`, one after the other.
    """
    rows, kept, _ = rows_along(x, axis)
    d_rows = np.ascontiguousarray(rows_along(d, axis)[0])
    even = _kernels.normalize(rows, norm, epsilon)
    g = d_rows if gamma is None else d_rows * gamma.reshape(-1)
    back = _BACK[norm](g, np.ascontiguousarray(rows), even, np.float32(epsilon))
    axes = axes_of(axis, x.ndim)
    moved = back.reshape(kept + tuple(x.shape[a] for a in axes))
    order = np.argsort([i for i in range(x.ndim) if i not in axes] + list(axes))
    return moved.transpose(order), _kernels.column_sums(d_rows * even), _kernels.column_sums(d_rows)


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
    even = _kernels.normalize(rows, "layer", epsilon)
    g = d if gamma is None else d * gamma
    back = as_cube(_layer(as_rows(g), rows, even, np.float32(epsilon))).reshape(x.shape)
    return back, _kernels.column_sums(flat * as_cube(even)), _kernels.column_sums(flat)


def _layer(g: np.ndarray, x: np.ndarray, even: np.ndarray, epsilon: np.float32) -> np.ndarray:
    inverse = 1 / np.sqrt(reduce(x, "var", 1, keepdims=True) + epsilon)
    return inverse * (g - _mean(g) - even * _mean(g * even))


def _rms(g: np.ndarray, x: np.ndarray, even: np.ndarray, epsilon: np.float32) -> np.ndarray:
    inverse = 1 / np.sqrt(_mean(np.square(x)) + epsilon)
    return inverse * (g - even * _mean(g * even))


def _scaled(g: np.ndarray, x: np.ndarray, even: np.ndarray, epsilon: np.float32) -> np.ndarray:
    inverse = 1 / np.sqrt(reduce(x, "var", 1, keepdims=True) + epsilon)
    return inverse * (g - (x - _mean(x)) * inverse * _mean(g * even))


def _unit(g: np.ndarray, x: np.ndarray, even: np.ndarray, epsilon: np.float32) -> np.ndarray:
    length = np.sqrt(reduce(np.square(x), "sum", 1, keepdims=True))
    along = reduce(g * even, "sum", 1, keepdims=True)
    return np.where(length > epsilon, g - even * along, g) / np.where(
        length > epsilon, length, epsilon
    )


def _mean(x: np.ndarray) -> np.ndarray:
    return reduce(x, "mean", 1, keepdims=True)


_BACK = {"layer": _layer, "rms": _rms, "scaled": _scaled, "unit": _unit}
