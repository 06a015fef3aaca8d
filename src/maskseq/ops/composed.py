"""Operations made of others, which bring their gradients and their records in graphs along."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..given.numbers import float32_of, real_numbers
from ..nest import is_nested
from ..numerics.reductions import axes_of
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
        Numbers of any shape.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; bool.

    See Also
    --------
    sign, negative

    Notes
    -----
    Source: keras.ops.signbit.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.signbit([-0.0, 0.0, -2.0]))
    [ True False  True]
    """
    return np.signbit(x)


@operation("Isclose", by_equality=True, gradient=NO_GRADIENT)
def isclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    """True where the distance of x1 and x2 is at most `atol` + `rtol` * abs(x2).

    Parameters
    ----------
    x1 : array_like or KerasTensor
        Numbers.
    x2 : array_like or KerasTensor
        Numbers, of a shape that broadcasts against that of `x1`.
    rtol : float, default 1e-05
        Tolerance relative to `x2`.
    atol : float, default 1e-08
        Tolerance that is added to it.
    equal_nan : bool, default False
        Whether NaN is close to NaN.

    Returns
    -------
    Tensor or KerasTensor
        The broadcast shape; bool.

    Raises
    ------
    ValueError
        If the shapes do not broadcast against each other.

    See Also
    --------
    allclose, equal

    Notes
    -----
    Source: keras.ops.isclose.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.isclose([1.0, 2.0], [1.000001, 2.1]))
    [ True False]
    """
    return np.isclose(x1, x2, rtol, atol, equal_nan)


def allclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """True if all numbers of `x1` are close to those of `x2`.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        Numbers.
    x2 : array_like or KerasTensor
        Numbers, of a shape that broadcasts against that of `x1`.
    rtol : float, default 1e-05
        Tolerance relative to `x2`.
    atol : float, default 1e-08
        Tolerance that is added to it.
    equal_nan : bool, default False
        Whether NaN is close to NaN.

    Returns
    -------
    Tensor or KerasTensor
        A scalar; bool.

    Raises
    ------
    ValueError
        If the shapes do not broadcast against each other.

    See Also
    --------
    isclose, all

    Notes
    -----
    Source: keras.ops.allclose.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.allclose([1.0, 2.0], [1.000001, 2.0]))
    True
    """
    return reduction.all(isclose(x1, x2, rtol, atol, equal_nan))


def isposinf(x: Any) -> Any:
    """True where x is inf.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; bool.

    See Also
    --------
    isneginf, isinf

    Notes
    -----
    Source: keras.ops.isposinf.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.isposinf([1.0, float("inf"), float("-inf")]))
    [False  True False]
    """
    return elementwise.equal(x, np.float32(np.inf))


def isneginf(x: Any) -> Any:
    """True where x is -inf.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; bool.

    See Also
    --------
    isposinf, isinf

    Notes
    -----
    Source: keras.ops.isneginf.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.isneginf([1.0, float("inf"), float("-inf")]))
    [False False  True]
    """
    return elementwise.equal(x, np.float32(-np.inf))


def nan_to_num(x: Any, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """`x` with numbers in place of NaN, inf and -inf.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    nan : scalar, default 0.0
        What NaN becomes.
    posinf : scalar, optional
        What inf becomes; None: the largest float32.
    neginf : scalar, optional
        What -inf becomes; None: the smallest float32.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    See Also
    --------
    isnan, isfinite, clip

    Notes
    -----
    Source: keras.ops.nan_to_num.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.nan_to_num([1.5, float("nan"), float("inf")], posinf=9.0))
    [1.5 0.  9. ]
    """
    high = _FLOAT32.max if posinf is None else float32_of(posinf, "posinf")
    low = _FLOAT32.min if neginf is None else float32_of(neginf, "neginf")
    found = elementwise.where(elementwise.isnan(x), float32_of(nan, "nan"), x)
    return elementwise.where(isposinf(x), high, elementwise.where(isneginf(x), low, found))


def fmax(x1: Any, x2: Any) -> Any:
    """The larger of x1 and x2; where one is NaN, the other.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        Numbers.
    x2 : array_like or KerasTensor
        Numbers, of a shape that broadcasts against that of `x1`.

    Returns
    -------
    Tensor or KerasTensor
        The broadcast shape; the dtype that NumPy gives the two.

    Raises
    ------
    ValueError
        If the shapes do not broadcast against each other.

    See Also
    --------
    fmin, maximum

    Notes
    -----
    Source: keras.ops.fmax.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.fmax([1.0, float("nan")], [3.0, 2.0]))
    [3. 2.]
    """
    return elementwise.where(
        elementwise.isnan(x1),
        x2,
        elementwise.where(elementwise.isnan(x2), x1, elementwise.maximum(x1, x2)),
    )


def fmin(x1: Any, x2: Any) -> Any:
    """The smaller of x1 and x2; where one is NaN, the other.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        Numbers.
    x2 : array_like or KerasTensor
        Numbers, of a shape that broadcasts against that of `x1`.

    Returns
    -------
    Tensor or KerasTensor
        The broadcast shape; the dtype that NumPy gives the two.

    Raises
    ------
    ValueError
        If the shapes do not broadcast against each other.

    See Also
    --------
    fmax, minimum

    Notes
    -----
    Source: keras.ops.fmin.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.fmin([1.0, float("nan")], [3.0, 2.0]))
    [1. 2.]
    """
    return elementwise.where(
        elementwise.isnan(x1),
        x2,
        elementwise.where(elementwise.isnan(x2), x1, elementwise.minimum(x1, x2)),
    )


def fabs(x: Any) -> Any:
    """The size of x without its sign, as a float.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    See Also
    --------
    absolute

    Notes
    -----
    Source: keras.ops.fabs.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.fabs([-2, 3]))
    [2. 3.]
    """
    return elementwise.absolute(elementwise.cast(x, "float32"))


def exp2(x: Any) -> Any:
    """2 to the power x.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    See Also
    --------
    exp, log2, power

    Notes
    -----
    Source: keras.ops.exp2.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.exp2([0, 3, -1]))
    [1.  8.  0.5]
    """
    return elementwise.power(np.float32(2), x)


def logaddexp(x1: Any, x2: Any) -> Any:
    """log(exp(x1) + exp(x2)), without overflow.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        Numbers.
    x2 : array_like or KerasTensor
        Numbers, of a shape that broadcasts against that of `x1`.

    Returns
    -------
    Tensor or KerasTensor
        The broadcast shape; float32.

    Raises
    ------
    ValueError
        If the shapes do not broadcast against each other.

    See Also
    --------
    logsumexp, softplus

    Notes
    -----
    Source: keras.ops.logaddexp.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.logaddexp([0.0, 1000.0], [0.0, 1000.0]))
    [6.9314718e-01 1.0006932e+03]
    """
    first = elementwise.where(
        elementwise.ones_like(x2, "bool"), x1, x2
    )  # both in the shape that they broadcast to
    second = elementwise.where(elementwise.ones_like(x1, "bool"), x2, x1)
    return reduction.logsumexp(shaping.stack([first, second], axis=0), axis=0)


def heaviside(x1: Any, x2: Any) -> Any:
    """0 below 0, 1 above 0, and `x2` at 0.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        Numbers.
    x2 : scalar or array_like
        What stands where `x1` is 0.

    Returns
    -------
    Tensor or KerasTensor
        The broadcast shape; float32.

    Raises
    ------
    ValueError
        If the shapes do not broadcast against each other.

    See Also
    --------
    sign

    Notes
    -----
    Source: keras.ops.heaviside.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.heaviside([-1.0, 0.0, 2.0], 0.5))
    [0.  0.5 1. ]
    """
    above = elementwise.cast(elementwise.greater(x1, 0), "float32")
    return elementwise.where(
        elementwise.equal(x1, 0), x2, elementwise.where(elementwise.isnan(x1), x1, above)
    )


def deg2rad(x: Any) -> Any:
    """Degrees as radians: x * pi / 180.

    Parameters
    ----------
    x : array_like or KerasTensor
        Angles in degrees.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    See Also
    --------
    rad2deg

    Notes
    -----
    Source: keras.ops.deg2rad.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.deg2rad([90.0, 180.0]))
    [1.5707964 3.1415927]
    """
    return elementwise.multiply(x, np.float32(math.pi / 180))


def rad2deg(x: Any) -> Any:
    """Radians as degrees: x * 180 / pi.

    Parameters
    ----------
    x : array_like or KerasTensor
        Angles in radians.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    See Also
    --------
    deg2rad

    Notes
    -----
    Source: keras.ops.rad2deg.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.rad2deg([0.0, 1.0]))
    [ 0.      57.29578]
    """
    return elementwise.multiply(x, np.float32(180 / math.pi))


def copy(x: Any) -> Any:
    """`x` in memory of its own.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.

    Returns
    -------
    Tensor or KerasTensor
        The shape and dtype of `x`, float32 for float64.

    See Also
    --------
    convert_to_tensor, stop_gradient

    Notes
    -----
    Source: keras.ops.copy.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.copy([1, 2]))
    [1 2]
    """
    return elementwise.where(True, x, elementwise.zeros_like(x))


def saturate_cast(x: Any, dtype: Any) -> Any:
    """`x` as `dtype`, numbers beyond what that can hold cut to its limits.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    dtype : str or dtype
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; `dtype`.

    Raises
    ------
    TypeError
        If `dtype` is no dtype.

    See Also
    --------
    cast, clip

    Notes
    -----
    Source: keras.ops.saturate_cast.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.saturate_cast([-5.0, 300.0], "uint8"))
    [  0 255]
    """
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return elementwise.cast(elementwise.clip(x, 0, 1), dtype)
    if kind.kind not in "iu":
        return elementwise.cast(x, dtype)
    ends = np.iinfo(kind)
    return elementwise.cast(elementwise.clip(x, ends.min, ends.max), dtype)


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """For each cell the choice of the first condition that holds, else `default`.

    Parameters
    ----------
    condlist : sequence of array_like of bool
        The conditions, of one shape.
    choicelist : sequence of array_like
        What each condition gives.
    default : scalar, default 0
        What stands where none holds.

    Returns
    -------
    Tensor or KerasTensor
        The broadcast shape; the dtype that NumPy gives all choices.

    Raises
    ------
    ValueError
        If the lists have different lengths or shapes do not broadcast.

    See Also
    --------
    where

    Notes
    -----
    Source: keras.ops.select.

    Examples
    --------
    >>> from maskseq import ops
    >>> answer = ops.select(
    ...     [[True, False, False], [True, True, False]], [[1, 2, 3], [10, 20, 30]], default=-1
    ... )
    >>> print(answer)
    [ 1 20 -1]
    """
    found = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        found = elementwise.where(condition, choice, found)
    return found


# Along axes


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest number along `axis` less the smallest.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`, or with size 1 there if `keepdims`; the dtype of `x`.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    max, min

    Notes
    -----
    Source: keras.ops.ptp.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.ptp([[1, 5], [7, 2]], axis=1))
    [4 5]
    """
    return elementwise.subtract(reduction.max(x, axis, keepdims), reduction.min(x, axis, keepdims))


def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """The mean along `axis`, each number counted by its weight.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    weights : array_like, optional
        Of the shape of `x`, or (size of `axis`,); None: all 1.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`; float32.

    Raises
    ------
    ValueError
        If `weights` have neither the shape of `x` nor the size of `axis`.

    See Also
    --------
    mean

    Notes
    -----
    Source: keras.ops.average.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.average([1.0, 5.0], weights=[3.0, 1.0]))
    2.0
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
    """The mean and the variance along `axes`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axes : int or sequence of int
        The axes.
    keepdims : bool, default False
        Keep the axes that go, with size 1.
    synchronized : bool, default False
        Keras's option for several devices; only False.

    Returns
    -------
    tuple of Tensor
        Both have the shape without `axes`, or with size 1 there if `keepdims`; float32.

    Raises
    ------
    ValueError
        If one of `axes` is none of `x`.

    See Also
    --------
    mean, var

    Notes
    -----
    Source: keras.ops.moments.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.moments([[1.0, 3.0], [2.0, 6.0]], axes=[1]))
    (array([2., 4.], dtype=float32), array([1., 4.], dtype=float32))
    """
    axes = tuple(axes) if is_nested(axes) else axes
    return reduction.mean(x, axes, keepdims), reduction.var(x, axes, keepdims)


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Each number less the one before it along `axis`, `n` times over.

    Parameters
    ----------
    a : array_like or KerasTensor
        Numbers of any shape.
    n : int, default 1
        How often.
    axis : int, default -1
        The axis.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `a` with `n` fewer along `axis`; the dtype of `a`.

    Raises
    ------
    ValueError
        If `axis` is none of `a`.

    See Also
    --------
    cumsum, subtract

    Notes
    -----
    Source: keras.ops.diff.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.diff([1, 4, 9, 16]))
    [3 5 7]
    >>> print(ops.diff([1, 4, 9, 16], n=2))
    [2 2]
    """
    before = [slice(None)] * shaping.ndim(a)
    behind = [slice(None)] * shaping.ndim(a)
    (place,) = axes_of(axis, len(before))
    before[place], behind[place] = slice(None, -1), slice(1, None)
    for _ in range(n):
        a = elementwise.subtract(
            shaping.get_item(a, tuple(behind)), shaping.get_item(a, tuple(before))
        )
    return a


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The length of the vectors, or the norm of the matrices, along `axis`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    ord : int, float or str, optional
        Of vectors: 2 (also None), 1, inf, -inf or another number, 0 to count those that are not 0;
        of matrices: None or "fro".
    axis : int or sequence of int, optional
        The axis of vectors, the two of matrices; None: all numbers as one vector.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`, or with size 1 there if `keepdims`; float32.

    Raises
    ------
    ValueError
        If `ord` is a norm of matrices other than None and "fro".

    See Also
    --------
    normalize

    Notes
    -----
    Source: keras.ops.norm.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.norm([[3.0, 4.0], [6.0, 8.0]], axis=1))
    [ 5. 10.]
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
    if ord == 0:
        return reduction.sum(
            elementwise.cast(elementwise.not_equal(x, 0), "float32"), axis, keepdims
        )
    if ord == 1:
        return reduction.sum(size, axis, keepdims)
    return elementwise.power(
        reduction.sum(elementwise.power(size, float(ord)), axis, keepdims), 1 / float(ord)
    )


def _or(x: Any, neutral: float) -> Any:
    """`x`, and `neutral` where it is NaN."""
    return elementwise.where(elementwise.isnan(x), np.float32(neutral), x)


def _unless_all_nan(x: Any, found: Any, axis: Any, keepdims: bool) -> Any:
    """`found` of the numbers of `x` along `axis` that are not NaN; NaN where all are."""
    none = reduction.all(elementwise.isnan(x), axis, keepdims)
    return elementwise.where(none, np.float32(math.nan), found)


def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum along `axis` of the numbers that are not NaN; 0 if all are.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`, or with size 1 there if `keepdims`; float32.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    sum, isnan

    Notes
    -----
    Source: keras.ops.nansum.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.nansum([2.0, float("nan"), 4.0]))
    6.0
    """
    return reduction.sum(_or(x, 0), axis, keepdims)


def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The product along `axis` of the numbers that are not NaN; 1 if all are.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`, or with size 1 there if `keepdims`; float32.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    prod, isnan

    Notes
    -----
    Source: keras.ops.nanprod.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.nanprod([2.0, float("nan"), 4.0]))
    8.0
    """
    return reduction.prod(_or(x, 1), axis, keepdims)


def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest number along `axis` that is not NaN; NaN if all are.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`, or with size 1 there if `keepdims`; float32.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    max, fmax

    Notes
    -----
    Source: keras.ops.nanmax.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.nanmax([2.0, float("nan"), 4.0]))
    4.0
    """
    return _unless_all_nan(x, reduction.max(_or(x, -math.inf), axis, keepdims), axis, keepdims)


def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest number along `axis` that is not NaN; NaN if all are.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`, or with size 1 there if `keepdims`; float32.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    min, fmin

    Notes
    -----
    Source: keras.ops.nanmin.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.nanmin([2.0, float("nan"), 4.0]))
    2.0
    """
    return _unless_all_nan(x, reduction.min(_or(x, math.inf), axis, keepdims), axis, keepdims)


def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean along `axis` of the numbers that are not NaN; NaN if all are.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`, or with size 1 there if `keepdims`; float32.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    mean, isnan

    Notes
    -----
    Source: keras.ops.nanmean.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.nanmean([2.0, float("nan"), 4.0]))
    3.0
    """
    count = reduction.sum(
        elementwise.cast(elementwise.logical_not(elementwise.isnan(x)), "float32"), axis, keepdims
    )
    return elementwise.divide(nansum(x, axis, keepdims), count)


def quantile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The number along `axis` below which a share `q` of the others lies; NaN if any is.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    q : scalar or array_like
        Shares, from 0 to 1.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    method : str, default "linear"
        "linear" between the two nearest numbers, or "lower", "higher", "nearest".
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `q`, then that of `x` without `axis`; float32.

    Raises
    ------
    ValueError
        If `q` is outside of 0 to 1, `method` is another, or there are no numbers along `axis`.

    See Also
    --------
    percentile, median

    Notes
    -----
    Source: keras.ops.quantile.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.quantile([1.0, 2.0, 3.0, 4.0], 0.5))
    2.5
    """
    if is_nested(q) or np.ndim(q):
        parts = real_numbers(np.asarray(q), "q")
        return shaping.stack([quantile(x, part, axis, method, keepdims) for part in parts])
    if not 0 <= q <= 1:
        raise ValueError(f"q must be from 0 to 1, got {q!r}")
    ndim, size = shaping.ndim(x), shaping.shape(x)
    axes = list(axes_of(axis, ndim))
    kept = [i for i in range(ndim) if i not in axes]
    moved = shaping.transpose(elementwise.cast(x, "float32"), [*kept, *axes])
    sizes: Any = [size[i] for i in axes]
    count = -1 if None in size else math.prod(sizes)
    rows = sort(shaping.reshape(moved, [*(size[i] for i in kept), count]))
    if count == 0:
        raise ValueError(f"x must have numbers along axis {axis}, got shape {size}")
    columns: Any = shaping.shape(rows)[-1]
    last = columns - 1  # Raises: TypeError, if it is not known
    # NaN comes last, and where there is one the answer is NaN, as in Keras.
    largest = rows[..., last]
    found = elementwise.where(
        elementwise.isnan(largest), largest, _between(rows, q * last, last, method)
    )
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
    places = {"lower": low, "higher": math.ceil(place), "nearest": math.ceil(place - 0.5)}
    if method not in places:
        raise ValueError(f"method must be 'linear' or one of {[*places]}, got {method!r}")
    return rows[..., places[method]]


def percentile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The number along `axis` below which `q` percent of the others lie; NaN if any is.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    q : scalar or array_like
        Percent, from 0 to 100.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    method : str, default "linear"
        "linear" between the two nearest numbers, or "lower", "higher", "nearest".
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `q`, then that of `x` without `axis`; float32.

    Raises
    ------
    ValueError
        If `q` is outside of 0 to 100, or `method` is another.

    See Also
    --------
    quantile, median

    Notes
    -----
    Source: keras.ops.percentile.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.percentile([1.0, 2.0, 3.0, 5.0], [0, 50, 100]))
    [1.  2.5 5. ]
    """
    return quantile(x, real_numbers(np.asarray(q), "q") / np.float64(100), axis, method, keepdims)


def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The number in the middle along `axis`; of an even count, the mean of the two; NaN if any is.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`, or with size 1 there if `keepdims`; float32.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    quantile, mean

    Notes
    -----
    Source: keras.ops.median.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.median([[1.0, 9.0, 2.0], [4.0, 6.0, 5.0]], axis=1))
    [2. 5.]
    """
    return quantile(x, 0.5, axis, "linear", keepdims)


# Products


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """The sum of products over the last `axes` of `x1` and the first of `x2`.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        Numbers of any shape.
    x2 : array_like or KerasTensor
        Numbers of any shape.
    axes : int or pair of sequences of int, default 2
        How many, or the axes of `x1` and those of `x2`.

    Returns
    -------
    Tensor or KerasTensor
        The other axes of `x1`, then those of `x2`; the dtype as of `matmul`.

    Raises
    ------
    ValueError
        If the sizes of those axes differ.

    See Also
    --------
    dot, einsum

    Notes
    -----
    Source: keras.ops.tensordot.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.tensordot([[1.0, 2.0]], [[1.0], [10.0]], axes=1))
    [[21.]]
    """
    m, n = shaping.ndim(x1), shaping.ndim(x2)
    if isinstance(axes, int):
        first, second = [*range(m - axes, m)], [*range(axes)]
    else:
        first, second = (list(a) if is_nested(a) else [a] for a in axes)
    if len(first) != len(second):
        raise ValueError(f"axes must be as many of x1 as of x2, got {first} and {second}")
    if not all(-m <= a < m and -n <= b < n for a, b in zip(first, second, strict=True)):
        raise ValueError(f"axes must be those of {m} and {n} axes, got {axes!r}")
    left, right = [*_LETTERS[:m]], [*_LETTERS[m : m + n]]
    for a, b in zip(first, second, strict=True):
        right[b] = left[a]
    summed = {left[a] for a in first}
    kept = [c for c in [*left, *right] if c not in summed]
    return einsum(f"{''.join(left)},{''.join(right)}->{''.join(kept)}", x1, x2)


def dot(x1: Any, x2: Any) -> Any:
    """The sum of products over the last axis of `x1` and the last but one of `x2`.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        Numbers of any shape.
    x2 : array_like or KerasTensor
        Numbers; a vector counts along its only axis.

    Returns
    -------
    Tensor or KerasTensor
        The other axes of `x1`, then those of `x2`; the dtype as of `matmul`. A scalar
        multiplies.

    Raises
    ------
    ValueError
        If the sizes of those axes differ.

    See Also
    --------
    matmul, inner, vdot

    Notes
    -----
    Source: keras.ops.dot.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.dot([1.0, 2.0], [3.0, 4.0]))
    11.0
    """
    m, n = (np.ndim(x) if not hasattr(x, "shape") else shaping.ndim(x) for x in (x1, x2))
    if 0 in (m, n):
        return elementwise.multiply(x1, x2)
    return tensordot(x1, x2, [[m - 1], [n - 2 if n > 1 else 0]])


def inner(x1: Any, x2: Any) -> Any:
    """The sum of products over the last axes of both.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        Numbers of any shape.
    x2 : array_like or KerasTensor
        Numbers of any shape.

    Returns
    -------
    Tensor or KerasTensor
        The other axes of `x1`, then those of `x2`; the dtype as of `matmul`.

    Raises
    ------
    ValueError
        If the sizes of the last axes differ.

    See Also
    --------
    dot, outer

    Notes
    -----
    Source: keras.ops.inner.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.inner([[1.0, 2.0], [3.0, 4.0]], [1.0, 10.0]))
    [21. 43.]
    """
    if 0 in (shaping.ndim(x1), shaping.ndim(x2)):
        return elementwise.multiply(x1, x2)
    return tensordot(x1, x2, [[shaping.ndim(x1) - 1], [shaping.ndim(x2) - 1]])


def outer(x1: Any, x2: Any) -> Any:
    """The product of every number of `x1` with every number of `x2`.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        Numbers of any shape.
    x2 : array_like or KerasTensor
        Numbers of any shape.

    Returns
    -------
    Tensor or KerasTensor
        (numbers of x1, numbers of x2); the dtype that NumPy gives the two.

    See Also
    --------
    inner, multiply

    Notes
    -----
    Source: keras.ops.outer.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.outer([1, 2], [1, 10, 100]))
    [[  1  10 100]
     [  2  20 200]]
    """
    return elementwise.multiply(
        shaping.expand_dims(shaping.ravel(x1), 1), shaping.expand_dims(shaping.ravel(x2), 0)
    )


def vdot(x1: Any, x2: Any) -> Any:
    """The sum of the products of all numbers, both tensors flat.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        Numbers of any shape.
    x2 : array_like or KerasTensor
        Numbers of any shape.

    Returns
    -------
    Tensor or KerasTensor
        A scalar; float32, int64 of integers.

    Raises
    ------
    ValueError
        If they have different numbers of cells.

    See Also
    --------
    dot, inner

    Notes
    -----
    Source: keras.ops.vdot.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.vdot([[1, 2], [3, 4]], [[1, 1], [2, 2]]))
    17
    """
    return reduction.sum(elementwise.multiply(shaping.ravel(x1), shaping.ravel(x2)))
