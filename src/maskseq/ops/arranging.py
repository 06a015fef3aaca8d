"""Joins, splits and turns of arrays, made of other operations."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import elementwise, reduction, shaping
from .making import _whole, eye
from .placing import diagonal


def _at_least(x: Any, ndim: int) -> Any:
    """`x` with axes as vstack and dstack see it."""
    x = x if hasattr(x, "shape") else np.asarray(x)
    if shaping.ndim(x) == 0:
        x = shaping.reshape(x, (1,))
    if shaping.ndim(x) == 1 and ndim > 1:
        x = shaping.expand_dims(x, 0)
    return shaping.expand_dims(x, -1) if shaping.ndim(x) == 2 and ndim > 2 else x


def hstack(xs: Sequence[Any]) -> Any:
    """Arrays joined along the second axis; vectors along the first.

    Parameters
    ----------
    xs : sequence of array_like
        The tensors.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.hstack.
    """
    given = [_at_least(x, 1) for x in xs]
    return shaping.concatenate(given, axis=0 if shaping.ndim(given[0]) == 1 else 1)


def vstack(xs: Sequence[Any]) -> Any:
    """Arrays joined along the first axis; vectors are rows.

    Parameters
    ----------
    xs : sequence of array_like
        The tensors.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.vstack.
    """
    return shaping.concatenate([_at_least(x, 2) for x in xs], axis=0)


def dstack(xs: Sequence[Any]) -> Any:
    """Arrays joined along the third axis.

    Parameters
    ----------
    xs : sequence of array_like
        The tensors.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.dstack.
    """
    return shaping.concatenate([_at_least(x, 3) for x in xs], axis=2)


def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """x2 behind x1 along `axis`; both flat if it is None.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        The first tensor.
    x2 : array_like or KerasTensor
        The second, which broadcasts against it.
    axis : int, optional
        The axis; None: that of the tensor in one row.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.append.
    """
    if axis is None:
        return shaping.concatenate([shaping.ravel(x1), shaping.ravel(x2)], axis=0)
    return shaping.concatenate([x1, x2], axis=axis)


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """`x` cut into parts, of which the first are longer by one.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    indices_or_sections : int or sequence of int
        How many parts, or where to cut.
    axis : int or sequence of int, default 0
        The axis.

    Returns
    -------
    list of Tensor
        The parts.

    Notes
    -----
    Source: keras.ops.array_split.
    """
    if not isinstance(indices_or_sections, int):
        return shaping.split(x, indices_or_sections, axis)
    size = _whole(shaping.shape(x)[axis], "the size of that axis")
    least, more = divmod(size, indices_or_sections)
    ends = np.cumsum([least + (i < more) for i in range(indices_or_sections)])[:-1]
    return shaping.split(x, ends.tolist(), axis)


def hsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """`x` cut along the second axis; a vector along the first.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    indices_or_sections : int or sequence of int
        How many parts, or where to cut.

    Returns
    -------
    list of Tensor
        The parts.

    Notes
    -----
    Source: keras.ops.hsplit.
    """
    return shaping.split(x, indices_or_sections, 0 if shaping.ndim(x) == 1 else 1)


def vsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """`x` cut along the first axis.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    indices_or_sections : int or sequence of int
        How many parts, or where to cut.

    Returns
    -------
    list of Tensor
        The parts.

    Notes
    -----
    Source: keras.ops.vsplit.
    """
    return shaping.split(x, indices_or_sections, 0)


def fliplr(x: Any) -> Any:
    """`x` with its second axis reversed.

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
    Source: keras.ops.fliplr.
    """
    return shaping.flip(x, 1)


def flipud(x: Any) -> Any:
    """`x` with its first axis reversed.

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
    Source: keras.ops.flipud.
    """
    return shaping.flip(x, 0)


def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """The coordinates of all points of a grid, an array for each axis.

    Parameters
    ----------
    *x : array_like or KerasTensor
        The tensor.
    indexing : str, default "xy"
        "xy": the second axis is that of the first array; "ij": the first.

    Returns
    -------
    list of Tensor
        The grids.

    Notes
    -----
    Source: keras.ops.meshgrid.
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"indexing must be 'xy' or 'ij', got {indexing!r}")
    count = len(x)
    order = [1, 0, *range(2, count)] if indexing == "xy" and count > 1 else [*range(count)]
    flat = [shaping.ravel(part) for part in x]
    sizes = [shaping.shape(part)[0] for part in flat]
    shape = [sizes[order.index(axis)] for axis in range(count)]
    grids = []
    for part, axis in zip(flat, order, strict=True):
        own = [1] * count
        own[axis] = -1
        grids.append(shaping.broadcast_to(shaping.reshape(part, own), shape))
    return grids


def diag(x: Any, k: int = 0) -> Any:
    """The k-th diagonal of a matrix; of a vector, the matrix that has it there, else zeros.

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
    Source: keras.ops.diag.
    """
    if shaping.ndim(x) == 2:
        return diagonal(x, k)
    if shaping.ndim(x) != 1:
        raise ValueError(f"x must have one axis or two, got shape {shaping.shape(x)}")
    size = _whole(shaping.shape(x)[0], "the size of x")
    here = eye(size, size, dtype="bool")
    made = elementwise.where(here, shaping.expand_dims(x, 1), elementwise.zeros_like(x))
    before, behind = (max(k, 0), max(-k, 0))
    return shaping.pad(made, [[behind, before], [before, behind]])


def diagflat(x: Any, k: int = 0) -> Any:
    """`diag` of `x` with one axis.

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
    Source: keras.ops.diagflat.
    """
    return diag(shaping.ravel(x), k)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal of two axes.

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
    Source: keras.ops.trace.
    """
    return reduction.sum(diagonal(x, offset, axis1, axis2), -1)


def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Windows of the last axis, each `sequence_stride` behind the one before.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    sequence_length : int
        Steps of a part.
    sequence_stride : int
        Steps from one part to the next.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.extract_sequences.
    """
    size = _whole(shaping.shape(x)[-1], "the size of the last axis")
    count = (size - sequence_length) // sequence_stride + 1
    starts = np.arange(max(count, 0))[:, None] * sequence_stride
    return shaping.take(x, starts + np.arange(sequence_length), axis=-1)


def multi_hot(
    inputs: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Any:
    """1 at each class that is among the ids of the last axis.

    Parameters
    ----------
    inputs : array_like or KerasTensor
        The tensor.
    num_classes : int
        How many classes there are.
    axis : int or sequence of int, default -1
        The axis.
    dtype : str or dtype, optional
        The dtype of the result.
    sparse : bool, default False
        Only False.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.multi_hot.
    """
    hot = shaping.one_hot(inputs, num_classes, axis=axis, dtype=dtype)
    over = shaping.ndim(hot) - 2 if axis == -1 else 1 if shaping.ndim(hot) > 2 else 0
    return reduction.max(hot, over)
