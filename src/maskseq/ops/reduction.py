"""Operations along axes: sums, extremes, moments.

Sums and products of integers are exact in any order: NumPy's. Those of floats are ours.
"""

import math

import numpy as np

from ..numerics import extremes, reductions
from .operation import operation


def _axes(axis):
    return tuple(axis) if isinstance(axis, list) else axis


def _is_exact(x):
    return np.asarray(x).dtype.kind in "biu"


def _extreme(function, x, axis, keepdims, initial=None):
    """NumPy's function. Raises: ValueError naming the axis along which there is nothing."""
    if initial is not None:
        return function(x, axis=axis, keepdims=keepdims, initial=initial)
    x = np.asarray(x)
    if x.size:
        return function(x, axis=axis, keepdims=keepdims)
    result = np.any(x, axis=axis, keepdims=keepdims)  # of the same shape
    if result.size:
        where = "at all" if axis is None else f"along axis {axis}"
        raise ValueError(f"x must have numbers {where}, got shape {x.shape}")
    return result.astype(x.dtype)


@operation("Any", by_equality=True)
def any(x, axis=None, keepdims=False):
    """True where any element along `axis` is. Source: keras.ops.any."""
    return np.any(x, axis=_axes(axis), keepdims=keepdims)


@operation("All", by_equality=True)
def all(x, axis=None, keepdims=False):
    """True where all elements along `axis` are. Source: keras.ops.all."""
    return np.all(x, axis=_axes(axis), keepdims=keepdims)


@operation("Sum", by_equality=True)
def sum(x, axis=None, keepdims=False):
    """Sum along `axis`. Source: keras.ops.sum."""
    if _is_exact(x):
        return np.sum(x, axis=_axes(axis), keepdims=keepdims)
    return reductions.reduce(x, "sum", axis, keepdims)


@operation("Prod", by_equality=True)
def prod(x, axis=None, keepdims=False, dtype=None):
    """Product along `axis`. Source: keras.ops.prod."""
    x = np.asarray(x, dtype)
    if _is_exact(x):
        return np.prod(x, axis=_axes(axis), keepdims=keepdims, dtype=dtype)
    return reductions.reduce(x, "prod", axis, keepdims)


@operation("Mean", by_equality=True)
def mean(x, axis=None, keepdims=False):
    """Mean along `axis`. Source: keras.ops.mean."""
    if _is_exact(x):
        shape = np.shape(x)
        count = math.prod(shape[a] for a in reductions.axes_of(axis, len(shape)))
        return np.sum(x, axis=_axes(axis), keepdims=keepdims) / count
    return reductions.reduce(x, "mean", axis, keepdims)


@operation("Var", by_equality=True)
def var(x, axis=None, keepdims=False):
    """Variance along `axis`. Source: keras.ops.var."""
    return reductions.reduce(x, "var", axis, keepdims)


@operation("Std", by_equality=True)
def std(x, axis=None, keepdims=False):
    """Standard deviation along `axis`. Source: keras.ops.std."""
    return reductions.reduce(x, "std", axis, keepdims)


@operation("Max", by_equality=True)
def max(x, axis=None, keepdims=False, initial=None):
    """Maximum along `axis`, at least `initial`. Source: keras.ops.max."""
    return _extreme(extremes.largest, x, _axes(axis), keepdims, initial)


@operation("Min", by_equality=True)
def min(x, axis=None, keepdims=False, initial=None):
    """Minimum along `axis`, at most `initial`. Source: keras.ops.min."""
    return _extreme(extremes.smallest, x, _axes(axis), keepdims, initial)


@operation("Argmax", by_equality=True)
def argmax(x, axis=None, keepdims=False):
    """The place of the first maximum along `axis`, int32. Source: keras.ops.argmax."""
    return _extreme(np.argmax, x, axis, keepdims).astype(np.int32)


@operation("Argmin", by_equality=True)
def argmin(x, axis=None, keepdims=False):
    """The place of the first minimum along `axis`, int32. Source: keras.ops.argmin."""
    return _extreme(np.argmin, x, axis, keepdims).astype(np.int32)


@operation("Cumsum")
def cumsum(x, axis=None, dtype=None):
    """Running sum along `axis`. Source: keras.ops.cumsum."""
    return np.cumsum(x, axis=axis, dtype=dtype)


@operation("CountNonzero", by_equality=True)
def count_nonzero(x, axis=None):
    """How many elements along `axis` are not 0, int32. Source: keras.ops.count_nonzero."""
    return np.asarray(np.count_nonzero(x, axis=_axes(axis))).astype(np.int32)


@operation("Logsumexp", by_equality=True)
def logsumexp(x, axis=None, keepdims=False):
    """log(sum(exp(x))) along `axis`, without overflow. Source: keras.ops.logsumexp."""
    return reductions.log_sum_exp(x, axis, keepdims)
