"""Order: sorted numbers, and where numbers stand among others. Equal numbers keep their order."""

from typing import Any

import numpy as np

from .operation import operation
from .recording import NO_GRADIENT
from .shaping import take_along_axis
from .steps import along_features


def _order(x, axis):
    return np.argsort(x, axis=axis, kind="stable")


def _sort_gradient(d, y, x, axis):
    flat = axis is None
    x, axis = (np.ravel(x), 0) if flat else (x, axis)
    found = np.zeros(np.shape(x), np.float32)
    np.put_along_axis(found, _order(x, axis), d, axis)
    return found


@along_features
@operation("Sort", by_equality=True, gradient=_sort_gradient)
def sort(x, axis=-1):
    """`x` in ascending order along `axis`; NaN comes last.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int, default -1
        The axis.

    Returns
    -------
    Tensor or KerasTensor
        The shape and dtype of `x`.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    argsort, top_k

    Notes
    -----
    Source: keras.ops.sort.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.sort([3, 1, 2]))
    [1 2 3]
    """
    return np.sort(x, axis=axis, kind="stable")


@along_features
@operation("Argsort", by_equality=True, gradient=NO_GRADIENT)
def argsort(x, axis=-1):
    """The places of the numbers along `axis`, from the smallest to the largest.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int, default -1
        The axis.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; int32. Equal numbers keep their order.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    sort, take_along_axis

    Notes
    -----
    Source: keras.ops.argsort.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.argsort([3, 1, 2]))
    [1 2 0]
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
    """The `k` largest numbers along the last axis, and their places.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers (..., n).
    k : int
        How many.
    sorted : bool, default True
        The largest first; they are, whatever it says.

    Returns
    -------
    tuple of Tensor
        The numbers (..., k), of the dtype of `x`, and the places (..., k), int32.

    Raises
    ------
    ValueError
        If the last axis has fewer than `k` numbers.

    See Also
    --------
    sort, argmax, in_top_k

    Notes
    -----
    Source: keras.ops.top_k.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.top_k([1, 9, 5], 2))
    (array([9, 5]), array([1, 2], dtype=int32))
    """
    places = _largest_places(x, k)
    return take_along_axis(x, places, axis=-1), places


@operation("InTopK", gradient=NO_GRADIENT)
def in_top_k(targets, predictions, k):
    """True where the target's class is among the `k` that are rated highest.

    Parameters
    ----------
    targets : array_like of int
        (batch,): ids of classes.
    predictions : array_like or KerasTensor
        Numbers (batch, classes).
    k : int
        How many of the highest count; equal ones all do.

    Returns
    -------
    Tensor or KerasTensor
        (batch,); bool. False for a target that is no class.

    See Also
    --------
    top_k

    Notes
    -----
    Source: keras.ops.in_top_k.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.in_top_k([1, 0], [[0.1, 0.7, 0.2], [0.1, 0.7, 0.2]], 2))
    [ True False]
    """
    predictions = np.asarray(predictions)
    targets = np.asarray(targets)
    if predictions.ndim != 2 or targets.shape != predictions.shape[:1]:
        raise ValueError(
            "in_top_k: expected targets (batch,) and predictions (batch, classes), got shapes "
            f"{targets.shape} and {predictions.shape}"
        )
    inside = (targets >= 0) & (targets < predictions.shape[1])
    places = np.where(inside, targets, 0).astype(np.int64)
    own = np.take_along_axis(predictions, places[:, None], axis=1)
    return (np.count_nonzero(predictions > own, axis=1) < k) & np.isfinite(own[:, 0]) & inside


@operation("SearchSorted", gradient=NO_GRADIENT)
def searchsorted(sorted_sequence, values, side: Any = "left"):
    """The places where `values` go into an ascending sequence.

    Parameters
    ----------
    sorted_sequence : array_like
        Ascending numbers (n,).
    values : array_like or KerasTensor
        Numbers of any shape.
    side : str, default "left"
        "left": before equal numbers; "right": behind them.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `values`; int32.

    Raises
    ------
    ValueError
        If `side` is neither "left" nor "right".

    See Also
    --------
    digitize, sort

    Notes
    -----
    Source: keras.ops.searchsorted.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.searchsorted([10, 20, 30], [20, 25]))
    [1 2]
    """
    return np.searchsorted(sorted_sequence, values, side).astype(np.int32)


@operation("Digitize", gradient=NO_GRADIENT)
def digitize(x, bins):
    """How many of the `bins` are not above each number.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    bins : array_like
        The boundaries (n,), ascending.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; int32.

    See Also
    --------
    searchsorted

    Notes
    -----
    Source: keras.ops.digitize.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.digitize([0.5, 1.0, 9.0], [1.0, 2.0]))
    [0 1 2]
    """
    return np.asarray(np.digitize(x, bins)).astype(np.int32)


@operation("IsIn", gradient=NO_GRADIENT)
def isin(x1, x2, assume_unique=False, invert=False):
    """True where a number of `x1` is among those of `x2`.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        Any shape and dtype.
    x2 : array_like or KerasTensor
        What to look for, of any shape.
    assume_unique : bool, default False
        Accepted, without effect on a result.
    invert : bool, default False
        True where it is not.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x1`; bool.

    See Also
    --------
    equal, any

    Notes
    -----
    Source: keras.ops.isin.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.isin([1, 2, 3], [2, 5]))
    [False  True False]
    """
    return np.isin(x1, x2, assume_unique=assume_unique, invert=invert)


def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """The places along each axis of places in the flat tensor.

    Parameters
    ----------
    indices : array_like of int
        Places in the flat tensor.
    shape : tuple of int
        The shape of the tensor.

    Returns
    -------
    tuple of Tensor
        int32, of the shape of `indices`, one tensor for each axis.

    Raises
    ------
    ValueError
        For an index outside of `shape`.

    See Also
    --------
    argmax, ravel

    Notes
    -----
    Source: keras.ops.unravel_index.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.unravel_index([1, 5], (2, 3)))
    (array([0, 1], dtype=int32), array([1, 2], dtype=int32))
    """
    return tuple(_unravelled(indices, tuple(shape)))


@operation("_UnravelIndex", gradient=NO_GRADIENT)
def _unravelled(indices, shape):
    return [x.astype(np.int32) for x in map(np.asarray, np.unravel_index(indices, shape))]
