"""Operations made of others, which bring their gradients and their records in graphs along."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..nest import is_nested
from . import elementwise, reduction, shaping
from .operation import operation
from .products import einsum
from .recording import NO_GRADIENT
from .sorting import sort

_FLOAT32 = np.finfo(np.float32)
amax, amin, empty_like = reduction.max, reduction.min, elementwise.zeros_like
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


# Cell by cell


@operation("Signbit", by_equality=True, gradient=NO_GRADIENT)
def signbit(x):
    """True where the sign is minus, also of -0.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.signbit.
    """
    return np.signbit(x)


@operation("Isclose", by_equality=True, gradient=NO_GRADIENT)
def isclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    """True where ``|x1 - x2|`` <= atol + rtol * ``|x2|``.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        The first tensor.
    x2 : array_like or KerasTensor
        The second, which broadcasts against it.
    rtol : float, default 1e-05
        Tolerance, relative to `x2`.
    atol : float, default 1e-08
        Tolerance, absolute.
    equal_nan : bool, default False
        NaN equals NaN.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.isclose.
    """
    return np.isclose(x1, x2, rtol, atol, equal_nan)


def allclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """True if all are close; see `isclose`.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        The first tensor.
    x2 : array_like or KerasTensor
        The second, which broadcasts against it.
    rtol : float, default 1e-05
        Tolerance, relative to `x2`.
    atol : float, default 1e-08
        Tolerance, absolute.
    equal_nan : bool, default False
        NaN equals NaN.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.allclose.
    """
    return reduction.all(isclose(x1, x2, rtol, atol, equal_nan))


def isposinf(x: Any) -> Any:
    """True where x is inf.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.isposinf.
    """
    return elementwise.equal(x, np.float32(np.inf))


def isneginf(x: Any) -> Any:
    """True where x is -inf.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.isneginf.
    """
    return elementwise.equal(x, np.float32(-np.inf))


def nan_to_num(x: Any, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """`x` with numbers for NaN, inf and -inf; by default the largest there are.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    nan : scalar, default 0.0
        What NaN becomes.
    posinf : scalar, optional
        What infinity becomes.
    neginf : scalar, optional
        What minus infinity becomes.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.nan_to_num.
    """
    high = np.float32(_FLOAT32.max if posinf is None else posinf)
    low = np.float32(_FLOAT32.min if neginf is None else neginf)
    found = elementwise.where(elementwise.isnan(x), np.float32(nan), x)
    return elementwise.where(isposinf(x), high, elementwise.where(isneginf(x), low, found))


def fmax(x1: Any, x2: Any) -> Any:
    """The larger of x1 and x2, of a NaN the other.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        The first tensor.
    x2 : array_like or KerasTensor
        The second, which broadcasts against it.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.fmax.
    """
    return elementwise.where(
        elementwise.isnan(x1),
        x2,
        elementwise.where(elementwise.isnan(x2), x1, elementwise.maximum(x1, x2)),
    )


def fmin(x1: Any, x2: Any) -> Any:
    """The smaller of x1 and x2, of a NaN the other.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        The first tensor.
    x2 : array_like or KerasTensor
        The second, which broadcasts against it.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.fmin.
    """
    return elementwise.where(
        elementwise.isnan(x1),
        x2,
        elementwise.where(elementwise.isnan(x2), x1, elementwise.minimum(x1, x2)),
    )


def fabs(x: Any) -> Any:
    """``|x|``, a float.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.fabs.
    """
    return elementwise.absolute(elementwise.cast(x, "float32"))


def exp2(x: Any) -> Any:
    """2 ** x.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.exp2.
    """
    return elementwise.power(np.float32(2), x)


def logaddexp(x1: Any, x2: Any) -> Any:
    """log(e ** x1 + e ** x2), without overflow.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        The first tensor.
    x2 : array_like or KerasTensor
        The second, which broadcasts against it.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.logaddexp.
    """
    first = elementwise.where(
        elementwise.ones_like(x2, "bool"), x1, x2
    )  # both in the shape that they broadcast to
    second = elementwise.where(elementwise.ones_like(x1, "bool"), x2, x1)
    return reduction.logsumexp(shaping.stack([first, second], axis=0), axis=0)


def heaviside(x1: Any, x2: Any) -> Any:
    """0 below 0, 1 above, x2 at 0.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        The first tensor.
    x2 : array_like or KerasTensor
        The second, which broadcasts against it.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.heaviside.
    """
    above = elementwise.cast(elementwise.greater(x1, 0), "float32")
    return elementwise.where(
        elementwise.equal(x1, 0), x2, elementwise.where(elementwise.isnan(x1), x1, above)
    )


def deg2rad(x: Any) -> Any:
    """Degrees as radians.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.deg2rad.
    """
    return elementwise.multiply(x, np.float32(math.pi / 180))


def rad2deg(x: Any) -> Any:
    """Radians as degrees.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.rad2deg.
    """
    return elementwise.multiply(x, np.float32(180 / math.pi))


def copy(x: Any) -> Any:
    """`x` in memory of its own.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.copy.
    """
    return elementwise.where(True, x, elementwise.zeros_like(x))


def saturate_cast(x: Any, dtype: Any) -> Any:
    """`x` as `dtype`, cut to what that can hold.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    dtype : str or dtype
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.saturate_cast.
    """
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return elementwise.cast(elementwise.clip(x, 0, 1), dtype)
    if kind.kind not in "iu":
        return elementwise.cast(x, dtype)
    ends = np.iinfo(kind)
    return elementwise.cast(elementwise.clip(x, ends.min, ends.max), dtype)


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """The choice of the first condition that holds, else `default`.

    Parameters
    ----------
    condlist : sequence of array_like
        The conditions.
    choicelist : sequence of array_like
        What each gives.
    default : scalar, default 0
        Where none holds.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.select.
    """
    found = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        found = elementwise.where(condition, choice, found)
    return found


# Along axes


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest less the smallest along `axis`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.ptp.
    """
    return elementwise.subtract(reduction.max(x, axis, keepdims), reduction.min(x, axis, keepdims))


def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """The mean along `axis`, with weights of the shape of `x` or of that axis.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    weights : array_like, optional
        What each number counts for.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.average.
    """
    if weights is None:
        return reduction.mean(x, axis)
    if isinstance(axis, int) and shaping.ndim(weights) == 1 < shaping.ndim(x):
        shape = [1] * shaping.ndim(x)
        shape[axis] = -1
        weights = shaping.reshape(weights, shape)
    weights = elementwise.add(weights, elementwise.zeros_like(x))
    return elementwise.divide(
        reduction.sum(elementwise.multiply(x, weights), axis), reduction.sum(weights, axis)
    )


def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> Any:
    """(mean, variance) along `axes`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    axes : sequence of int or int
        The axes.
    keepdims : bool, default False
        Keep the axes that go, with size 1.
    synchronized : bool, default False
        Only False.

    Returns
    -------
    tuple of Tensor
        The mean and the variance.

    Notes
    -----
    Source: keras.ops.moments.
    """
    axes = tuple(axes) if is_nested(axes) else axes
    return reduction.mean(x, axes, keepdims), reduction.var(x, axes, keepdims)


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Each number less the one before it along `axis`, n times.

    Parameters
    ----------
    a : array_like or KerasTensor
        The tensor.
    n : int, default 1
        How many, or how often.
    axis : int or sequence of int, default -1
        The axis.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.diff.
    """
    before = [slice(None)] * shaping.ndim(a)
    behind = [slice(None)] * shaping.ndim(a)
    before[axis], behind[axis] = slice(None, -1), slice(1, None)
    for _ in range(n):
        a = elementwise.subtract(
            shaping.get_item(a, tuple(behind)), shaping.get_item(a, tuple(before))
        )
    return a


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The length of vectors along `axis`; of all numbers if it is None.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    ord : optional
        None or 2, 1, inf, -inf, or another positive number; of two axes None or "fro".
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Raises
    ------
    ValueError
        For other norms of matrices.

    Notes
    -----
    Source: keras.ops.norm.
    """
    axis = tuple(axis) if isinstance(axis, list) else axis
    ndim = shaping.ndim(x) if axis is None else len(axis) if isinstance(axis, tuple) else 1
    if ndim > 1 and ord not in (None, "fro"):
        raise ValueError(f"ord must be None or 'fro' for {ndim} axes, got {ord!r}")
    x = elementwise.cast(x, "float32")
    if ord in (None, 2, "fro"):
        return elementwise.sqrt(reduction.sum(elementwise.square(x), axis, keepdims))
    size = elementwise.absolute(x)
    if ord in (np.inf, "inf"):
        return reduction.max(size, axis, keepdims)
    if ord in (-np.inf, "-inf"):
        return reduction.min(size, axis, keepdims)
    if ord == 1:
        return reduction.sum(size, axis, keepdims)
    return elementwise.power(
        reduction.sum(elementwise.power(size, float(ord)), axis, keepdims), 1 / float(ord)
    )


def _without_nan(name: str, neutral: float) -> Any:
    reduce = getattr(reduction, name)

    def call(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return reduce(
            elementwise.where(elementwise.isnan(x), np.float32(neutral), x),
            axis=axis,
            keepdims=keepdims,
        )

    call.__name__ = call.__qualname__ = f"nan{name}"
    call.__doc__ = f"""`{name}` of what is not NaN; {neutral} of nothing.

Parameters
----------
x : array_like or KerasTensor
    The tensor.
axis : int or sequence of int, optional
    The axis, or axes; None: all.
keepdims : bool, default False
    Keep the axes that go, with size 1.

Returns
-------
Tensor or KerasTensor
    The result, without a mask; symbolic if an argument is.

Notes
-----
Source: keras.ops.{call.__name__}.
"""
    return call


nansum, nanprod = _without_nan("sum", 0), _without_nan("prod", 1)
nanmax, nanmin = _without_nan("max", -math.inf), _without_nan("min", math.inf)


def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean of what is not NaN; NaN of nothing.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.nanmean.
    """
    count = reduction.sum(
        elementwise.cast(elementwise.logical_not(elementwise.isnan(x)), "float32"), axis, keepdims
    )
    return elementwise.divide(nansum(x, axis, keepdims), count)


def quantile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The number below which a share `q` of those along `axis` is, between the two nearest.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    q : array_like
        Shares, between 0 and 1.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    method : str, default "linear"
        "linear", "lower", "higher" or "nearest".
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Raises
    ------
    ValueError
        For another method, or q.

    Notes
    -----
    Source: keras.ops.quantile.
    """
    if is_nested(q) or np.ndim(q):
        return shaping.stack([quantile(x, part, axis, method, keepdims) for part in np.asarray(q)])
    if not 0 <= q <= 1:
        raise ValueError(f"q must be from 0 to 1, got {q!r}")
    ndim, size = shaping.ndim(x), shaping.shape(x)
    axes = range(ndim) if axis is None else axis if is_nested(axis) else [axis]
    axes = [a % ndim for a in axes]
    kept = [i for i in range(ndim) if i not in axes]
    moved = shaping.transpose(elementwise.cast(x, "float32"), [*kept, *axes])
    rows = sort(shaping.reshape(moved, [*(size[i] for i in kept), -1]))
    columns: Any = shaping.shape(rows)[-1]
    last = columns - 1  # Raises: TypeError, if it is not known
    found = _between(rows, q * last, last, method)
    return shaping.expand_dims(found, axes) if keepdims else found


def _between(rows: Any, place: float, last: int, method: str) -> Any:
    """What is at a place of sorted rows that may lie between two numbers."""
    low = math.floor(place)
    high = low + 1 if low < last else last
    if method == "linear":
        share = np.float32(place - low)
        below, above = rows[..., low], rows[..., high]
        return (
            below
            if not share
            else elementwise.add(
                below, elementwise.multiply(elementwise.subtract(above, below), share)
            )
        )
    places = {"lower": low, "higher": math.ceil(place), "nearest": int(np.round(place))}
    if method not in places:
        raise ValueError(f"method must be 'linear' or one of {[*places]}, got {method!r}")
    return rows[..., places[method]]


def percentile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """`quantile`, of q in percent.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    q : array_like
        Shares in percent, between 0 and 100.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    method : str, default "linear"
        How to interpolate.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.percentile.
    """
    return quantile(x, np.asarray(q, np.float64) / 100, axis, method, keepdims)


def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The number in the middle along `axis`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.median.
    """
    return quantile(x, 0.5, axis, "linear", keepdims)


# Products


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """Sums of products over axes of x1 and of x2: the last and the first `axes`, or two lists.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        The first tensor.
    x2 : array_like or KerasTensor
        The second, which broadcasts against it.
    axes : sequence of int or int, default 2
        The axes.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.tensordot.
    """
    m, n = shaping.ndim(x1), shaping.ndim(x2)
    if isinstance(axes, int):
        first, second = [*range(m - axes, m)], [*range(axes)]
    else:
        first, second = (list(a) if is_nested(a) else [a] for a in axes)
    if len(first) != len(second):
        raise ValueError(f"axes must be as many of x1 as of x2, got {first} and {second}")
    left, right = [*_LETTERS[:m]], [*_LETTERS[m : m + n]]
    for a, b in zip(first, second, strict=True):
        right[b] = left[a]
    summed = {left[a] for a in first}
    kept = [c for c in [*left, *right] if c not in summed]
    return einsum(f"{''.join(left)},{''.join(right)}->{''.join(kept)}", x1, x2)


def dot(x1: Any, x2: Any) -> Any:
    """The sum of products over the last axis of x1 and the last but one of x2.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        The first tensor.
    x2 : array_like or KerasTensor
        The second, which broadcasts against it.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.dot.
    """
    m, n = (np.ndim(x) if not hasattr(x, "shape") else shaping.ndim(x) for x in (x1, x2))
    if 0 in (m, n):
        return elementwise.multiply(x1, x2)
    return tensordot(x1, x2, [[m - 1], [n - 2 if n > 1 else 0]])


def inner(x1: Any, x2: Any) -> Any:
    """The sum of products over the last axes.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        The first tensor.
    x2 : array_like or KerasTensor
        The second, which broadcasts against it.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.inner.
    """
    if 0 in (shaping.ndim(x1), shaping.ndim(x2)):
        return elementwise.multiply(x1, x2)
    return tensordot(x1, x2, [[shaping.ndim(x1) - 1], [shaping.ndim(x2) - 1]])


def outer(x1: Any, x2: Any) -> Any:
    """The products of each number of x1 with each of x2.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        The first tensor.
    x2 : array_like or KerasTensor
        The second, which broadcasts against it.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.outer.
    """
    return elementwise.multiply(
        shaping.expand_dims(shaping.ravel(x1), 1), shaping.expand_dims(shaping.ravel(x2), 0)
    )


def vdot(x1: Any, x2: Any) -> Any:
    """The sum of the products of all numbers.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        The first tensor.
    x2 : array_like or KerasTensor
        The second, which broadcasts against it.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.vdot.
    """
    return reduction.sum(elementwise.multiply(shaping.ravel(x1), shaping.ravel(x2)))
