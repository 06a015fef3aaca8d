"""Parts of arrays taken and replaced by their places: slices, scatters, diagonals, segments."""

from typing import Any

import numpy as np

from .operation import operation
from .recording import NO_GRADIENT
from .shaping import _placed


def _window(x, start_indices, shape):
    """The slices of a window that lies within `x`: a start too far out moves in."""
    starts = np.asarray(start_indices).reshape(-1).tolist()
    if not len(starts) == len(shape) == np.ndim(x):
        raise ValueError(
            f"start_indices and shape must have {np.ndim(x)} numbers, one for each axis, got "
            f"{starts} and {tuple(shape)}"
        )
    window = []
    for start, size, whole in zip(starts, shape, np.shape(x), strict=True):
        if not 0 <= size <= whole:
            raise ValueError(f"shape must be within {np.shape(x)}, got {tuple(shape)}")
        first = min(max(start + whole if start < 0 else start, 0), whole - size)
        window.append(np.s_[first : first + size])
    return tuple(window)


def _slice_gradient(d, y, inputs, start_indices, shape):
    found = np.zeros(np.shape(inputs), np.float32)
    found[_window(inputs, start_indices, shape)] = d
    return found


@operation("Slice", gradient=_slice_gradient)
def slice(inputs, start_indices, shape):
    """The part of `inputs` of a shape that begins at `start_indices`.

    Parameters
    ----------
    inputs : array_like or KerasTensor
        Any shape and dtype.
    start_indices : sequence of int
        Where the part begins, for each axis.
    shape : tuple of int
        The sizes of the part, for each axis.

    Returns
    -------
    Tensor or KerasTensor
        `shape`; the dtype of `inputs`.

    Raises
    ------
    ValueError
        If there is not one index and one size for each axis.

    See Also
    --------
    slice_update, get_item, take

    Notes
    -----
    Source: keras.ops.slice.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.slice([[1, 2, 3], [4, 5, 6]], [0, 1], (2, 2)))
    [[2 3]
     [5 6]]
    """
    return np.asarray(inputs)[_window(inputs, start_indices, shape)]


def _kept(d, y, inputs, start_indices, updates):
    found = np.array(d, np.float32)
    found[_window(inputs, start_indices, np.shape(updates))] = 0
    return found


def _replaced(d, y, inputs, start_indices, updates):
    return d[_window(inputs, start_indices, np.shape(updates))]


@operation("SliceUpdate", gradient=(_kept, None, _replaced))
def slice_update(inputs, start_indices, updates):
    """`inputs` with `updates` in place of the part that begins at `start_indices`.

    Parameters
    ----------
    inputs : array_like or KerasTensor
        Any shape and dtype.
    start_indices : sequence of int
        Where the part begins, for each axis.
    updates : array_like or KerasTensor
        The new values, with as many axes as `inputs`.

    Returns
    -------
    Tensor or KerasTensor
        The shape and dtype of `inputs`.

    Raises
    ------
    ValueError
        If there is not one index for each axis.

    See Also
    --------
    slice, scatter_update

    Notes
    -----
    Source: keras.ops.slice_update.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.slice_update([1, 2, 3, 4], [1], [20, 30]))
    [ 1 20 30  4]
    """
    found = np.array(inputs)
    found[_window(inputs, start_indices, np.shape(updates))] = updates
    return found


def _places(indices, shape):
    """An index of the first axes of an array of `shape`. Raises: ValueError for one outside."""
    indices = np.asarray(indices, order="C")
    if indices.ndim < 1 or indices.shape[-1] > len(shape):
        raise ValueError(
            f"indices must be (..., n), n at most {len(shape)}, got shape {indices.shape}"
        )
    sizes = np.array(shape[: indices.shape[-1]])
    outside = np.argwhere((indices < -sizes) | (indices >= sizes))
    if len(outside):
        place = tuple(outside[0].tolist())
        raise ValueError(
            f"indices must be within {tuple(shape)}, got {indices[place]} at {list(place)}"
        )
    return tuple(np.moveaxis(indices, -1, 0))


def _at(d, y, indices, values, shape):
    return d[_places(indices, shape)]


@operation("Scatter", gradient=(None, _at))
def scatter(indices, values, shape):
    """Zeros of `shape` with `values` added at `indices`.

    Parameters
    ----------
    indices : array_like of int
        Places (..., n), along the first n axes.
    values : array_like or KerasTensor
        Numbers (..., the other axes).
    shape : tuple of int
        The shape of the result.

    Returns
    -------
    Tensor or KerasTensor
        `shape`; the dtype of `values`.

    Raises
    ------
    ValueError
        For an index outside of `shape`.

    See Also
    --------
    scatter_update, segment_sum

    Notes
    -----
    Source: keras.ops.scatter.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.scatter([[0], [2], [0]], [1, 2, 10], (4,)))
    [11  0  2  0]
    """
    shape = tuple(int(n) for n in shape)
    kind = np.asarray(values).dtype
    found = np.zeros(shape, np.float64 if kind.kind == "f" else kind)
    np.add.at(found, _places(indices, shape), values)
    return found.astype(kind)


def _last(indices, updates, shape):
    """True for the updates that stay: of several for one place, the last."""
    numbers = np.arange(np.size(updates)).reshape(np.shape(updates))
    stays = np.full(shape, -1)
    stays[_places(indices, shape)] = numbers
    return stays[_places(indices, shape)] == numbers


def _of_what_stays(d, y, inputs, indices, updates, reduction):
    if reduction == "add":
        return d
    _differentiable(reduction)
    found = np.array(d, np.float32)
    found[_places(indices, np.shape(inputs))] = 0
    return found


def _of_updates(d, y, inputs, indices, updates, reduction):
    shape = np.shape(inputs)
    found = d[_places(indices, shape)]
    if reduction == "add":
        return found
    _differentiable(reduction)
    return found * _last(indices, np.broadcast_to(updates, found.shape), shape)


def _differentiable(reduction):
    if reduction is not None:
        raise TypeError(f"ops.scatter_update with reduction={reduction!r} passes no gradient on")


_REDUCTIONS = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}


@operation("ScatterUpdate", gradient=(_of_what_stays, None, _of_updates))
def scatter_update(inputs, indices, updates, reduction=None):
    """`inputs` with `updates` at `indices`, or combined with them.

    Parameters
    ----------
    inputs : array_like or KerasTensor
        Numbers of any shape.
    indices : array_like of int
        Places (..., n), along the first n axes.
    updates : array_like or KerasTensor
        Numbers (..., the other axes).
    reduction : str, optional
        None replaces, the last of several at one place staying; "add", "mul", "max" or "min"
        combine.

    Returns
    -------
    Tensor or KerasTensor
        The shape and dtype of `inputs`.

    Raises
    ------
    ValueError
        For an index outside of `inputs`.

    See Also
    --------
    scatter, slice_update

    Notes
    -----
    Source: keras.ops.scatter_update.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.scatter_update([1, 2, 3], [[0], [2]], [10, 30]))
    [10  2 30]
    >>> print(ops.scatter_update([1, 2, 3], [[0], [2]], [10, 30], reduction="add"))
    [11  2 33]
    """
    found = np.array(inputs)
    places = _places(indices, found.shape)
    if reduction is None:
        found[places] = np.asarray(updates, order="C")  # else the last one may not come last
    elif reduction in _REDUCTIONS:
        _REDUCTIONS[reduction].at(found, places, updates)
        found = found + found.dtype.type(0)  # -0.0 + 0.0 is 0.0
    else:
        raise ValueError(f"reduction must be one of {[*_REDUCTIONS]} or None, got {reduction!r}")
    return found


@operation("Tril", by_equality=True, gradient=lambda d, y, x, k: np.tril(d, k))
def tril(x, k=0):
    """`x`, and zeros above its `k`-th diagonal.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers (..., n, m).
    k : int, default 0
        Which diagonal: 0 the main one, above it positive, below it negative.

    Returns
    -------
    Tensor or KerasTensor
        The shape and dtype of `x`.

    See Also
    --------
    triu, tri

    Notes
    -----
    Source: keras.ops.tril.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.tril([[1, 2], [3, 4]]))
    [[1 0]
     [3 4]]
    """
    return np.tril(x, k)


@operation("Triu", by_equality=True, gradient=lambda d, y, x, k: np.triu(d, k))
def triu(x, k=0):
    """`x`, and zeros below its `k`-th diagonal.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers (..., n, m).
    k : int, default 0
        Which diagonal: 0 the main one, above it positive, below it negative.

    Returns
    -------
    Tensor or KerasTensor
        The shape and dtype of `x`.

    See Also
    --------
    tril, tri

    Notes
    -----
    Source: keras.ops.triu.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.triu([[1, 2], [3, 4]]))
    [[1 2]
     [0 4]]
    """
    return np.triu(x, k)


@operation("Diagonal", gradient=_placed(lambda x, **options: np.diagonal(x, **options)))
def diagonal(x, offset=0, axis1=0, axis2=1):
    """A diagonal of two axes, as the last axis.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    offset : int, default 0
        Which diagonal: 0 the main one, above it positive, below it negative.
    axis1 : int, default 0
        The first axis.
    axis2 : int, default 1
        The second axis.

    Returns
    -------
    Tensor or KerasTensor
        The shape without the two axes, and the diagonal; the dtype of `x`.

    Raises
    ------
    ValueError
        If `x` has fewer than two axes.

    See Also
    --------
    diag, trace

    Notes
    -----
    Source: keras.ops.diagonal.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.diagonal([[1, 2], [3, 4]]))
    [1 4]
    """
    return np.diagonal(x, offset, axis1, axis2)


def _segments(data, segment_ids, num_segments):
    ids = np.asarray(segment_ids).astype(np.int64)
    if ids.ndim != 1 or np.shape(data)[:1] != ids.shape:
        raise ValueError(
            f"segment_ids must be of one axis, an id for each row of data {np.shape(data)}, got "
            f"shape {ids.shape}"
        )
    count = int(ids.max(initial=-1)) + 1 if num_segments is None else int(num_segments)
    return ids, count, (ids >= 0) & (ids < count)


def _of_segments(d, y, data, segment_ids, num_segments, sorted):
    ids, count, real = _segments(data, segment_ids, num_segments)
    found = np.zeros(np.shape(data), np.float32)
    found[real] = d[ids[real]]
    return found


def _of_extremes(d, y, data, segment_ids, num_segments, sorted):
    """All that are the largest of their segment, or the smallest, get an equal share."""
    ids, count, real = _segments(data, segment_ids, num_segments)
    same = np.zeros(np.shape(data), np.float32)
    same[real] = data[real] == y[ids[real]]
    counts = np.zeros(y.shape)
    np.add.at(counts, ids[real], same[real])
    share = np.divide(d, counts, out=np.zeros(y.shape), where=counts > 0)
    found = np.zeros(np.shape(data), np.float32)
    found[real] = same[real] * share[ids[real]]
    return found


def _reduced(function, first, data, segment_ids, num_segments):
    ids, count, real = _segments(data, segment_ids, num_segments)
    data = np.asarray(data)
    wide = np.float64 if data.dtype.kind == "f" else data.dtype
    found = np.full((count, *data.shape[1:]), first, wide)
    function.at(found, ids[real], data[real])
    return found.astype(data.dtype)


def _lowest(data):
    kind = np.asarray(data).dtype
    return -np.inf if kind.kind == "f" else np.iinfo(kind).min


def _highest(data):
    kind = np.asarray(data).dtype
    return np.inf if kind.kind == "f" else np.iinfo(kind).max


@operation("SegmentSum", gradient=_of_segments)
def segment_sum(data, segment_ids, num_segments=None, sorted=False):
    """The sum of the rows of each segment; 0 of one without rows.

    Parameters
    ----------
    data : array_like or KerasTensor
        Numbers (rows, ...).
    segment_ids : array_like of int
        (rows,): the segment of each row; negative and too large ones count nowhere.
    num_segments : int, optional
        How many segments; None: one more than the largest id.
    sorted : bool, default False
        Whether ids ascend; accepted, without effect on a result.

    Returns
    -------
    Tensor or KerasTensor
        (num_segments, ...); the dtype of `data`.

    See Also
    --------
    segment_max, segment_min, scatter

    Notes
    -----
    Source: keras.ops.segment_sum.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.segment_sum([1, 2, 10], [0, 0, 2]))
    [ 3  0 10]
    """
    return _reduced(np.add, 0, data, segment_ids, num_segments)


@operation("SegmentMax", gradient=_of_extremes)
def segment_max(data, segment_ids, num_segments=None, sorted=False):
    """The largest of the rows of each segment; -inf of one without rows.

    Parameters
    ----------
    data : array_like or KerasTensor
        Numbers (rows, ...).
    segment_ids : array_like of int
        (rows,): the segment of each row; negative and too large ones count nowhere.
    num_segments : int, optional
        How many segments; None: one more than the largest id.
    sorted : bool, default False
        Whether ids ascend; accepted, without effect on a result.

    Returns
    -------
    Tensor or KerasTensor
        (num_segments, ...); the dtype of `data`.

    See Also
    --------
    segment_min, segment_sum

    Notes
    -----
    Source: keras.ops.segment_max.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.segment_max([1.0, 2.0, 10.0], [0, 0, 2]))
    [  2. -inf  10.]
    """
    return _reduced(np.maximum, _lowest(data), data, segment_ids, num_segments) + 0


@operation("SegmentMin", gradient=_of_extremes)
def segment_min(data, segment_ids, num_segments=None, sorted=False):
    """The smallest of the rows of each segment; inf of one without rows.

    Parameters
    ----------
    data : array_like or KerasTensor
        Numbers (rows, ...).
    segment_ids : array_like of int
        (rows,): the segment of each row; negative and too large ones count nowhere.
    num_segments : int, optional
        How many segments; None: one more than the largest id.
    sorted : bool, default False
        Whether ids ascend; accepted, without effect on a result.

    Returns
    -------
    Tensor or KerasTensor
        (num_segments, ...); the dtype of `data`.

    See Also
    --------
    segment_max, segment_sum

    Notes
    -----
    Source: keras.ops.segment_min.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.segment_min([1.0, 2.0, 10.0], [0, 0, 2]))
    [ 1. inf 10.]
    """
    return _reduced(np.minimum, _highest(data), data, segment_ids, num_segments) + 0


def nonzero(x: Any) -> tuple[Any, ...]:
    """The places of what is not 0, axis by axis.

    Parameters
    ----------
    x : array_like
        Any shape and dtype; no symbolic tensor.

    Returns
    -------
    tuple of Tensor
        int32 (places,), one tensor for each axis.

    See Also
    --------
    where, count_nonzero

    Notes
    -----
    Source: keras.ops.nonzero.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.nonzero([[0, 5], [7, 0]]))
    (array([0, 1], dtype=int32), array([1, 0], dtype=int32))
    """
    return tuple(_nonzero(x))


@operation("_Nonzero", gradient=NO_GRADIENT)
def _nonzero(x):
    return [found.astype(np.int32) for found in np.nonzero(x)]
