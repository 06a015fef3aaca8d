"""Order: sorted numbers, and where numbers stand among others. Equal numbers keep their order."""

from typing import Any

import numpy as np

from .operation import operation
from .recording import NO_GRADIENT
from .shaping import take_along_axis


def _order(x, axis):
    return np.argsort(x, axis=axis, kind="stable")


def _sort_gradient(d, y, x, axis):
    flat = axis is None
    x, axis = (np.ravel(x), 0) if flat else (x, axis)
    found = np.zeros(np.shape(x), np.float32)
    np.put_along_axis(found, _order(x, axis), d, axis)
    return found


@operation("Sort", by_equality=True, gradient=_sort_gradient)
def sort(x, axis=-1):
    """`x` in ascending order along `axis`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    axis : int or sequence of int, default -1
        The axis.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.sort.
    """
    return np.sort(x, axis=axis, kind="stable")


@operation("Argsort", by_equality=True, gradient=NO_GRADIENT)
def argsort(x, axis=-1):
    """The places of the numbers in ascending order, int32.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    axis : int or sequence of int, default -1
        The axis.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.argsort.
    """
    return _order(x, axis).astype(np.int32)


@operation("_LargestPlaces", gradient=NO_GRADIENT)
def _largest_places(x, k):
    x = np.asarray(x)
    if not 0 <= k <= x.shape[-1]:
        raise ValueError(f"k must be from 0 to {x.shape[-1]}, the size of the last axis, got {k}")
    backward = _order(x[..., ::-1], -1)[..., ::-1][..., :k]
    return (x.shape[-1] - 1 - backward).astype(np.int32)


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Any, Any]:
    """The k largest numbers along the last axis, descending, and their places, int32.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    k : int
        How many.
    sorted : bool, default True
        Sort the result, the largest first.

    Returns
    -------
    tuple of Tensor
        The numbers, and their places.

    Notes
    -----
    Source: keras.ops.top_k.
    """
    places = _largest_places(x, k)
    return take_along_axis(x, places, axis=-1), places


@operation("InTopK", gradient=NO_GRADIENT)
def in_top_k(targets, predictions, k):
    """True where fewer than k classes are rated above the target's.

    Parameters
    ----------
    targets : array_like
        (batch,), ids.
    predictions : array_like
        (batch, classes).
    k : int
        How many of the largest are looked at.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.in_top_k.
    """
    own = np.take_along_axis(predictions, np.asarray(targets)[:, None].astype(np.int64), axis=1)
    return (np.count_nonzero(predictions > own, axis=1) < k) & np.isfinite(own[:, 0])


@operation("SearchSorted", gradient=NO_GRADIENT)
def searchsorted(sorted_sequence, values, side: Any = "left"):
    """Where `values` go into a sorted sequence, int32.

    Parameters
    ----------
    sorted_sequence : array_like
        Ascending numbers.
    values : array_like
        The values.
    side : str, default "left"
        "left" or "right".

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.searchsorted.
    """
    return np.searchsorted(sorted_sequence, values, side).astype(np.int32)


@operation("Digitize", gradient=NO_GRADIENT)
def digitize(x, bins):
    """How many of the ascending `bins` are not above each number, int32.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    bins : array_like
        The boundaries, ascending.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.digitize.
    """
    return np.asarray(np.digitize(x, bins)).astype(np.int32)


@operation("IsIn", gradient=NO_GRADIENT)
def isin(x1, x2, assume_unique=False, invert=False):
    """True where a number of x1 is among those of x2.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        The first tensor.
    x2 : array_like or KerasTensor
        The second, which broadcasts against it.
    assume_unique : bool, default False
        Accepted, without effect on a result.
    invert : bool, default False
        The opposite.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.isin.
    """
    return np.isin(x1, x2, assume_unique=assume_unique, invert=invert)


def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """The place along each axis of flat places, int32.

    Parameters
    ----------
    indices : array_like of int
        The places.
    shape : tuple of int
        The shape.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.unravel_index.
    """
    return tuple(_unravelled(indices, tuple(shape)))


@operation("_UnravelIndex", gradient=NO_GRADIENT)
def _unravelled(indices, shape):
    return [x.astype(np.int32) for x in map(np.asarray, np.unravel_index(indices, shape))]
