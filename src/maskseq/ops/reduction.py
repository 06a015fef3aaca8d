"""Operations along axes: sums, extremes, moments.

Sums and products of integers are exact in any order: NumPy's. Those of floats are ours.
"""

import math

import numpy as np

from .. import _kernels
from ..numerics import extremes, reductions
from .operation import operation
from .recording import NO_GRADIENT
from .steps import along_features


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


# The way back


def _kept(x, axis, keepdims, like):
    """A result of a reduction of `like` along `axis`, with all its axes."""
    x = np.asarray(x, np.float32)
    axes = reductions.axes_of(axis, np.ndim(like))
    return x.reshape([1 if i in axes else n for i, n in enumerate(np.shape(like))])


def _over(d, x, axis, keepdims):
    return np.broadcast_to(_kept(d, axis, keepdims, x), np.shape(x))


def _count(x, axis):
    return math.prod(np.shape(x)[a] for a in reductions.axes_of(axis, np.ndim(x)))


def _mean_gradient(d, y, x, axis, keepdims):
    return _over(d, x, axis, keepdims) / np.float32(_count(x, axis))


def _var_gradient(d, y, x, axis, keepdims):
    middle = reductions.reduce(x, "mean", axis, keepdims=True)
    return _over(d, x, axis, keepdims) * ((x - middle) * np.float32(2 / (_count(x, axis) or 1)))


def _std_gradient(d, y, x, axis, keepdims):
    """Where all are equal, so that there is no slope: 0."""
    y = _kept(y, axis, keepdims, x)
    middle = reductions.reduce(x, "mean", axis, keepdims=True)
    slope = np.divide(x - middle, y * _count(x, axis), out=np.zeros_like(x), where=y != 0)
    return _over(d, x, axis, keepdims) * slope


def _extreme_gradient(d, y, x, axis, keepdims, initial):
    """All that are the largest, or smallest, get an equal share."""
    found = (x == _kept(y, axis, keepdims, x)).astype(np.float32)
    count = extremes.maximum(reductions.reduce(found, "sum", axis, keepdims=True), np.float32(1))
    return _over(d, x, axis, keepdims) * (found / count)


def _prod_gradient(d, y, x, axis, keepdims, dtype):
    """The product of all others: of those before, and of those behind."""
    axes = reductions.axes_of(axis, x.ndim)
    order = [i for i in range(x.ndim) if i not in axes] + list(axes)
    moved = x.transpose(order)
    shape = moved.shape
    flat = moved.reshape(*shape[: x.ndim - len(axes)], _count(x, axis)).astype(np.float64)
    before, behind = np.ones_like(flat), np.ones_like(flat)
    np.cumprod(flat[..., :-1], axis=-1, out=before[..., 1:])
    behind[..., :-1] = np.cumprod(flat[..., :0:-1], axis=-1)[..., ::-1]
    others = (before * behind).astype(np.float32).reshape(shape).transpose(np.argsort(order))
    return _over(d, x, axis, keepdims) * others


def _cumsum_gradient(d, y, x, axis, dtype):
    along = 0 if axis is None else axis
    return np.flip(np.cumsum(np.flip(d, along), along), along).reshape(np.shape(x))


def _log_sum_exp_gradient(d, y, x, axis, keepdims):
    share = np.full_like(x, -np.inf)
    np.subtract(x, _kept(y, axis, keepdims, x), out=share, where=~np.isneginf(x))
    return _over(d, x, axis, keepdims) * _kernels.activation(share, "exponential")


def _cumprod_gradient(d, y, x, axis, dtype):
    """Of each number: the products that it is in, with 1 in its place."""
    along = 0 if axis is None else axis
    rows = np.moveaxis(np.ravel(x) if axis is None else x, along, 0).astype(np.float64)
    d = np.moveaxis(d, along, 0)
    found = np.zeros(rows.shape)
    for k in range(len(rows)):
        others = rows.copy()
        others[k] = 1
        found[k] = np.cumsum((d * np.cumprod(others, 0))[k:], 0)[-1]
    return np.moveaxis(found, 0, along).reshape(np.shape(x)).astype(np.float32)


# The operations


@along_features
@operation("Any", by_equality=True, gradient=NO_GRADIENT)
def any(x, axis=None, keepdims=False):
    """True where any number along `axis` is true, that is not 0.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`, or with size 1 there if `keepdims`; bool.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    all, logical_or

    Notes
    -----
    Source: keras.ops.any.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.any([[True, False], [False, False]], axis=1))
    [ True False]
    """
    return np.any(x, axis=_axes(axis), keepdims=keepdims)


@along_features
@operation("All", by_equality=True, gradient=NO_GRADIENT)
def all(x, axis=None, keepdims=False):
    """True where all numbers along `axis` are true, that is not 0.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`, or with size 1 there if `keepdims`; bool.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    any, logical_and

    Notes
    -----
    Source: keras.ops.all.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.all([[True, False], [True, True]], axis=1))
    [False  True]
    """
    return np.all(x, axis=_axes(axis), keepdims=keepdims)


@along_features
@operation(
    "Sum", by_equality=True, gradient=lambda d, y, x, axis, keepdims: _over(d, x, axis, keepdims)
)
def sum(x, axis=None, keepdims=False):
    """The sum along `axis`.

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
        The shape without `axis`, or with size 1 there if `keepdims`; float32, int64 of integers and
        bools.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    mean, cumsum, nansum, segment_sum

    Notes
    -----
    Source: keras.ops.sum.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.sum([[1, 2], [3, 4]]))
    10
    >>> print(ops.sum([[1, 2], [3, 4]], axis=1))
    [3 7]
    """
    if _is_exact(x):
        return np.sum(x, axis=_axes(axis), keepdims=keepdims)
    return reductions.reduce(x, "sum", axis, keepdims)


@along_features
@operation("Prod", by_equality=True, gradient=_prod_gradient)
def prod(x, axis=None, keepdims=False, dtype=None):
    """The product along `axis`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    keepdims : bool, default False
        Keep the axes that go, with size 1.
    dtype : str or dtype, optional
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`, or with size 1 there if `keepdims`; float32, int64 of integers and
        bools, or `dtype`.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    sum, cumprod, nanprod

    Notes
    -----
    Source: keras.ops.prod.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.prod([[1, 2], [3, 4]], axis=1))
    [ 2 12]
    """
    x = np.asarray(x, dtype)
    if _is_exact(x):
        return np.prod(x, axis=_axes(axis), keepdims=keepdims, dtype=dtype)
    return reductions.reduce(x, "prod", axis, keepdims)


@along_features
@operation("Mean", by_equality=True, gradient=_mean_gradient)
def mean(x, axis=None, keepdims=False):
    """The mean along `axis`; NaN of no numbers.

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
    average, median, var, nanmean

    Notes
    -----
    Source: keras.ops.mean.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.mean([[1, 2], [3, 6]], axis=1))
    [1.5 4.5]
    """
    if _is_exact(x):
        shape = np.shape(x)
        count = math.prod(shape[a] for a in reductions.axes_of(axis, len(shape)))
        return np.sum(x, axis=_axes(axis), keepdims=keepdims) / count
    return reductions.reduce(x, "mean", axis, keepdims)


@along_features
@operation("Var", by_equality=True, gradient=_var_gradient)
def var(x, axis=None, keepdims=False):
    """The variance along `axis`: the mean of squared distances from the mean.

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
    std, moments, mean

    Notes
    -----
    Source: keras.ops.var.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.var([[1, 3], [2, 6]], axis=1))
    [1. 4.]
    """
    return reductions.reduce(x, "var", axis, keepdims)


@along_features
@operation("Std", by_equality=True, gradient=_std_gradient)
def std(x, axis=None, keepdims=False):
    """The standard deviation along `axis`: the root of `var`.

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
    var, moments

    Notes
    -----
    Source: keras.ops.std.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.std([[1, 3], [2, 6]], axis=1))
    [1. 2.]
    """
    return reductions.reduce(x, "std", axis, keepdims)


@along_features
@operation("Max", by_equality=True, gradient=_extreme_gradient)
def max(x, axis=None, keepdims=False, initial=None):
    """The largest number along `axis`, or `initial` if that is larger; NaN if one is.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    keepdims : bool, default False
        Keep the axes that go, with size 1.
    initial : scalar, optional
        Takes part; the answer where there are no numbers.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`, or with size 1 there if `keepdims`; the dtype of `x`.

    Raises
    ------
    ValueError
        If `axis` is none of `x`, or has no numbers and there is no `initial`.

    See Also
    --------
    min, argmax, maximum, nanmax

    Notes
    -----
    Source: keras.ops.max.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.max([[1, 5], [7, 2]], axis=1))
    [5 7]
    """
    return _extreme(extremes.largest, x, _axes(axis), keepdims, initial)


@along_features
@operation("Min", by_equality=True, gradient=_extreme_gradient)
def min(x, axis=None, keepdims=False, initial=None):
    """The smallest number along `axis`, or `initial` if that is smaller; NaN if one is.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.
    keepdims : bool, default False
        Keep the axes that go, with size 1.
    initial : scalar, optional
        Takes part; the answer where there are no numbers.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`, or with size 1 there if `keepdims`; the dtype of `x`.

    Raises
    ------
    ValueError
        If `axis` is none of `x`, or has no numbers and there is no `initial`.

    See Also
    --------
    max, argmin, minimum, nanmin

    Notes
    -----
    Source: keras.ops.min.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.min([[1, 5], [7, 2]], axis=1))
    [1 2]
    """
    return _extreme(extremes.smallest, x, _axes(axis), keepdims, initial)


@along_features
@operation("Argmax", by_equality=True, gradient=NO_GRADIENT)
def argmax(x, axis=None, keepdims=False):
    """The place of the largest number along `axis`; of equal ones, the first.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int, optional
        The axis; None: places in the flat tensor.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`, or with size 1 there if `keepdims`; int32.

    Raises
    ------
    ValueError
        If `axis` is none of `x`, or has no numbers.

    See Also
    --------
    argmin, max, top_k

    Notes
    -----
    Source: keras.ops.argmax.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.argmax([[1, 5], [7, 2]], axis=1))
    [1 0]
    """
    return _extreme(np.argmax, x, axis, keepdims).astype(np.int32)


@along_features
@operation("Argmin", by_equality=True, gradient=NO_GRADIENT)
def argmin(x, axis=None, keepdims=False):
    """The place of the smallest number along `axis`; of equal ones, the first.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int, optional
        The axis; None: places in the flat tensor.
    keepdims : bool, default False
        Keep the axes that go, with size 1.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`, or with size 1 there if `keepdims`; int32.

    Raises
    ------
    ValueError
        If `axis` is none of `x`, or has no numbers.

    See Also
    --------
    argmax, min, argsort

    Notes
    -----
    Source: keras.ops.argmin.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.argmin([[1, 5], [7, 2]], axis=1))
    [0 1]
    """
    return _extreme(np.argmin, x, axis, keepdims).astype(np.int32)


@along_features
@operation("Cumsum", gradient=_cumsum_gradient)
def cumsum(x, axis=None, dtype=None):
    """The sum of all numbers up to each one along `axis`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int, optional
        The axis; None: all numbers in one row.
    dtype : str or dtype, optional
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`, flat if `axis` is None; float32, int64 of integers, or `dtype`.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    sum, cumprod, diff

    Notes
    -----
    Source: keras.ops.cumsum.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.cumsum([[1, 2, 3], [4, 5, 6]], axis=1))
    [[ 1  3  6]
     [ 4  9 15]]
    """
    return np.cumsum(x, axis=axis, dtype=dtype)


@along_features
@operation("Cumprod", gradient=_cumprod_gradient)
def cumprod(x, axis=None, dtype=None):
    """The product of all numbers up to each one along `axis`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int, optional
        The axis; None: all numbers in one row.
    dtype : str or dtype, optional
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`, flat if `axis` is None; float32, int64 of integers, or `dtype`.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    prod, cumsum

    Notes
    -----
    Source: keras.ops.cumprod.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.cumprod([1, 2, 3, 4]))
    [ 1  2  6 24]
    """
    return np.cumprod(x, axis=axis, dtype=dtype)


@along_features
@operation("CountNonzero", by_equality=True, gradient=NO_GRADIENT)
def count_nonzero(x, axis=None):
    """How many numbers along `axis` are not 0.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.

    Returns
    -------
    Tensor or KerasTensor
        The shape without `axis`; int32.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    nonzero, any

    Notes
    -----
    Source: keras.ops.count_nonzero.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.count_nonzero([[1, 0], [2, 3]], axis=1))
    [1 2]
    """
    return np.asarray(np.count_nonzero(x, axis=_axes(axis))).astype(np.int32)


@along_features
@operation("Logsumexp", by_equality=True, gradient=_log_sum_exp_gradient)
def logsumexp(x, axis=None, keepdims=False):
    """log(sum(exp(x))) along `axis`, without overflow.

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
    logaddexp, log_softmax

    Notes
    -----
    Source: keras.ops.logsumexp.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.logsumexp([1000.0, 1000.0]))
    1000.6932
    """
    return reductions.log_sum_exp(x, axis, keepdims)
