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
    """The part of `shape` that begins at `start_indices`.

    Parameters
    ----------
    inputs : array_like or KerasTensor
        The tensor.
    start_indices : sequence of int
        Where the part begins.
    shape : tuple of int
        The shape.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.slice.
    """
    return inputs[_window(inputs, start_indices, shape)]


def _kept(d, y, inputs, start_indices, updates):
    found = np.array(d, np.float32)
    found[_window(inputs, start_indices, np.shape(updates))] = 0
    return found


def _replaced(d, y, inputs, start_indices, updates):
    return d[_window(inputs, start_indices, np.shape(updates))]


@operation("SliceUpdate", gradient=(_kept, None, _replaced))
def slice_update(inputs, start_indices, updates):
    """`inputs` with `updates` in place of the part at `start_indices`.

    Parameters
    ----------
    inputs : array_like or KerasTensor
        The tensor.
    start_indices : sequence of int
        Where the part begins.
    updates : array_like
        The new values.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.slice_update.
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
    indices : array_like
        (..., n), of the first n axes.
    values : array_like
        (..., the other axes).
    shape : tuple of int
        The shape of the result.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Raises
    ------
    ValueError
        For an index outside.

    Notes
    -----
    Source: keras.ops.scatter.
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
    """`inputs` with `updates` at `indices`, or combined with them; of several the last one stays.

    Parameters
    ----------
    inputs : array_like or KerasTensor
        The tensor.
    indices : array_like
        (..., n), of the first n axes.
    updates : array_like
        (..., the other axes).
    reduction : str or None, default None
        None, "add", "mul", "max" or "min".

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Raises
    ------
    ValueError
        For an index outside.

    Notes
    -----
    Source: keras.ops.scatter_update.
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
    """`x`, and zeros above its k-th diagonal.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    k : int, default 0
        Which diagonal: 0 the main one, above it from 1 on, below it negative.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.tril.
    """
    return np.tril(x, k)


@operation("Triu", by_equality=True, gradient=lambda d, y, x, k: np.triu(d, k))
def triu(x, k=0):
    """`x`, and zeros below its k-th diagonal.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    k : int, default 0
        Which diagonal: 0 the main one, above it from 1 on, below it negative.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.triu.
    """
    return np.triu(x, k)


@operation("Diagonal", gradient=_placed(lambda x, **options: np.diagonal(x, **options)))
def diagonal(x, offset=0, axis1=0, axis2=1):
    """A diagonal of two axes, as the last axis.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    offset : int, default 0
        Which diagonal, as `k` of `diag`.
    axis1 : int, default 0
        The first axis.
    axis2 : int, default 1
        The second axis.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.diagonal.
    """
    return np.diagonal(x, offset, axis1, axis2)


def _segments(segment_ids, num_segments):
    ids = np.asarray(segment_ids).astype(np.int64)
    count = int(ids.max(initial=-1)) + 1 if num_segments is None else int(num_segments)
    return ids, count, (ids >= 0) & (ids < count)


def _of_segments(d, y, data, segment_ids, num_segments, sorted):
    ids, count, real = _segments(segment_ids, num_segments)
    found = np.zeros(np.shape(data), np.float32)
    found[real] = d[ids[real]]
    return found


def _of_extremes(d, y, data, segment_ids, num_segments, sorted):
    """All that are the largest of their segment, or the smallest, get an equal share."""
    ids, count, real = _segments(segment_ids, num_segments)
    same = np.zeros(np.shape(data), np.float32)
    same[real] = data[real] == y[ids[real]]
    counts = np.zeros(y.shape)
    np.add.at(counts, ids[real], same[real])
    share = np.divide(d, counts, out=np.zeros(y.shape), where=counts > 0)
    found = np.zeros(np.shape(data), np.float32)
    found[real] = same[real] * share[ids[real]]
    return found


def _reduced(function, first, data, segment_ids, num_segments):
    ids, count, real = _segments(segment_ids, num_segments)
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
    """The sums of the rows of each id from 0; rows of other ids count nowhere.

    Parameters
    ----------
    data : array_like or KerasTensor
        The rows.
    segment_ids : array_like of int
        The segment of each row.
    num_segments : optional
        One more than the largest id, if None.
    sorted : bool, default False
        Whether ids ascend; accepted, without effect on a result.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.segment_sum.
    """
    return _reduced(np.add, 0, data, segment_ids, num_segments)


@operation("SegmentMax", gradient=_of_extremes)
def segment_max(data, segment_ids, num_segments=None, sorted=False):
    """The largest of the rows of each id; -inf for none.

    Parameters
    ----------
    data : array_like or KerasTensor
        The rows.
    segment_ids : array_like of int
        The segment of each row.
    num_segments : int, optional
        How many segments; None: one more than the largest id.
    sorted : bool, default False
        Whether ids ascend; accepted, without effect on a result.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.segment_max.
    """
    return _reduced(np.maximum, _lowest(data), data, segment_ids, num_segments) + 0


@operation("SegmentMin", gradient=_of_extremes)
def segment_min(data, segment_ids, num_segments=None, sorted=False):
    """The smallest of the rows of each id; inf for none.

    Parameters
    ----------
    data : array_like or KerasTensor
        The rows.
    segment_ids : array_like of int
        The segment of each row.
    num_segments : int, optional
        How many segments; None: one more than the largest id.
    sorted : bool, default False
        Whether ids ascend; accepted, without effect on a result.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.segment_min.
    """
    return _reduced(np.minimum, _highest(data), data, segment_ids, num_segments) + 0


def nonzero(x: Any) -> tuple[Any, ...]:
    """The places along each axis of what is not 0, int32; of arrays only.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.

    Returns
    -------
    tuple of Tensor
        The places, an array for each axis.

    Notes
    -----
    Source: keras.ops.nonzero.
    """
    return tuple(_nonzero(x))


@operation("_Nonzero", gradient=NO_GRADIENT)
def _nonzero(x):
    return [found.astype(np.int32) for found in np.nonzero(x)]
