"""Sums and their like along axes, with the same bits on every CPU and for any order in memory.

Values are taken in the order of the axes, added in float64 and rounded once to float32.
"""

import math
import operator
from typing import Any

import numpy as np

from .. import _kernels


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """One axis, several or None for all, as ascending numbers from 0.

    Raises: ValueError if one is out of range or there twice.
    """
    given = range(ndim) if axis is None else axis if isinstance(axis, (list, tuple)) else [axis]
    axes = [operator.index(a) for a in given]
    if not all(-ndim <= a < ndim for a in axes):
        raise ValueError(f"axis must be below {ndim}, the number of axes, got {axis!r}")
    found = sorted({a % ndim for a in axes})
    if len(found) < len(axes):
        raise ValueError(f"axis must name each axis once, got {axis!r}")
    return tuple(found)


def rows_along(x: Any, axis: Any) -> tuple[np.ndarray, tuple[int, ...], tuple[int, ...]]:
    """`x` as float32 (rows, values along `axis`), the sizes kept, and all sizes, others as 1."""
    x = np.asarray(x, np.float32)
    axes = axes_of(axis, x.ndim)
    kept = tuple(n for i, n in enumerate(x.shape) if i not in axes)
    ones = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    moved = x.transpose([i for i in range(x.ndim) if i not in axes] + list(axes))
    return moved.reshape(math.prod(kept), math.prod(x.shape[i] for i in axes)), kept, ones


def reduce(x: Any, name: str, axis: Any = None, keepdims: bool = False) -> np.ndarray:
    """The "sum", "prod", "mean", "var" or "std" of float32 `x` along `axis`; None: all axes."""
    x = np.asarray(x, np.float32)
    if axis is None and not keepdims:
        return _kernels.reduce(x.reshape(1, x.size, 1), name).reshape(())
    axes = axes_of(axis, x.ndim)
    if axes and axes[-1] - axes[0] + 1 == len(axes):  # side by side: nothing moves
        shape, first, last = x.shape, axes[0], axes[-1] + 1
        kept, ones = (shape[:first] + middle + shape[last:] for middle in ((), (1,) * len(axes)))
        parts = shape[:first], shape[first:last], shape[last:]
        cube = x.reshape([math.prod(part) for part in parts])
    else:
        rows, kept, ones = rows_along(x, axes)
        cube = rows[:, :, None]
    return _kernels.reduce(cube, name).reshape(ones if keepdims else kept)


def log_sum_exp(x: Any, axis: Any = None, keepdims: bool = False) -> np.ndarray:
    """log(sum(exp(x))) along `axis`, without overflow."""
    rows, kept, ones = rows_along(x, axis)
    return _kernels.log_sum_exp(rows).reshape(ones if keepdims else kept)


def normalized(
    x: Any, axis: Any, norm: str, epsilon: float, gamma: Any = None, beta: Any = None
) -> np.ndarray:
    """_kernels.normalize along one or several axes; gamma and beta have the sizes of these.

    Raises: ValueError if they have others.
    """
    x = np.asarray(x, np.float32)
    if axis == (-1,) and x.ndim > 1 and x.size:
        rows = x if x.ndim == 2 else x.reshape(-1, x.shape[-1])
        return _kernels.normalize(rows, norm, epsilon, gamma, beta).reshape(x.shape)
    axes = axes_of(axis, x.ndim)
    if len(axes) > 1 and (gamma is not None or beta is not None):
        sizes, own = tuple(x.shape[a] for a in axes), (beta if gamma is None else gamma).shape
        if own != sizes:
            raise ValueError(f"inputs must have sizes {own} along axes {axes}, got {sizes}")
    rows, kept, _ = rows_along(x, axes)
    weights = [None if w is None else w.reshape(-1) for w in (gamma, beta)]
    y = _kernels.normalize(rows, norm, epsilon, *weights)
    moved = y.reshape(kept + tuple(x.shape[a] for a in axes))
    return moved.transpose(np.argsort([i for i in range(x.ndim) if i not in axes] + list(axes)))


def unit(x: Any, axis: Any, epsilon: float) -> np.ndarray:
    """`x` over its length along `axis`, which is taken to be at least `epsilon`."""
    return normalized(x, axis, "unit", epsilon)


def running_totals(x: Any) -> np.ndarray:
    """x[0], x[0] + x[1], ... along the first axis, in float64."""
    return np.cumsum(x, axis=0, dtype=np.float64)


def total(x: Any) -> np.ndarray:
    """The sum along the first axis, in float64, from its start on."""
    sums = running_totals(x)
    return sums[-1] if len(sums) else np.zeros(sums.shape[1:])
