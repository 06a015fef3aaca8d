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
    """Tensors joined along their second axis; vectors along their only one.

    Parameters
    ----------
    xs : sequence of array_like or KerasTensor
        The tensors, of one shape but for that axis.

    Returns
    -------
    Tensor or KerasTensor
        The shape of one, longer along that axis; their common dtype.

    Raises
    ------
    ValueError
        If sizes differ along another axis.

    See Also
    --------
    vstack, dstack, concatenate

    Notes
    -----
    Source: keras.ops.hstack.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.hstack([[[1], [2]], [[3], [4]]]))
    [[1 3]
     [2 4]]
    """
    given = [_at_least(x, 1) for x in xs]
    if not given:
        raise ValueError("hstack: expected arrays, got none")
    return shaping.concatenate(given, axis=0 if shaping.ndim(given[0]) == 1 else 1)


def vstack(xs: Sequence[Any]) -> Any:
    """Tensors joined along their first axis; a vector is one row.

    Parameters
    ----------
    xs : sequence of array_like or KerasTensor
        The tensors, of one shape but for that axis.

    Returns
    -------
    Tensor or KerasTensor
        The shape of one, longer along that axis; their common dtype.

    Raises
    ------
    ValueError
        If sizes differ along another axis.

    See Also
    --------
    hstack, dstack, stack

    Notes
    -----
    Source: keras.ops.vstack.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.vstack([[1, 2], [3, 4]]))
    [[1 2]
     [3 4]]
    """
    return shaping.concatenate([_at_least(x, 2) for x in xs], axis=0)


def dstack(xs: Sequence[Any]) -> Any:
    """Tensors joined along their third axis, which matrices and vectors get.

    Parameters
    ----------
    xs : sequence of array_like or KerasTensor
        The tensors, of one shape but for that axis.

    Returns
    -------
    Tensor or KerasTensor
        (n, m, parts) of matrices and so on; their common dtype.

    Raises
    ------
    ValueError
        If sizes differ along another axis.

    See Also
    --------
    hstack, vstack, stack

    Notes
    -----
    Source: keras.ops.dstack.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.dstack([[1, 2], [3, 4]]))
    [[[1 3]
      [2 4]]]
    """
    return shaping.concatenate([_at_least(x, 3) for x in xs], axis=2)


def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """The numbers of `x2` behind those of `x1`.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        Any shape and dtype.
    x2 : array_like or KerasTensor
        With an `axis`, of the shape of `x1` but for that axis.
    axis : int, optional
        The axis to join along; None: both flat.

    Returns
    -------
    Tensor or KerasTensor
        Flat if `axis` is None, else the shape of `x1`, longer along `axis`; the dtype that NumPy
        gives the two.

    Raises
    ------
    ValueError
        If sizes differ along another axis.

    See Also
    --------
    concatenate

    Notes
    -----
    Source: keras.ops.append.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.append([[1, 2]], [[3, 4]]))
    [1 2 3 4]
    """
    if axis is None:
        return shaping.concatenate([shaping.ravel(x1), shaping.ravel(x2)], axis=0)
    return shaping.concatenate([x1, x2], axis=axis)


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """`x` cut along `axis` into parts, the first ones longer by one if need be.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    indices_or_sections : int or sequence of int
        How many parts, or the places to cut at.
    axis : int, default 0
        The axis.

    Returns
    -------
    list of Tensor
        The parts, of the dtype of `x`.

    See Also
    --------
    split

    Notes
    -----
    Source: keras.ops.array_split.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.array_split([1, 2, 3, 4, 5], 2))
    [array([1, 2, 3]), array([4, 5])]
    """
    if not isinstance(indices_or_sections, int):
        return shaping.split(x, indices_or_sections, axis)
    size = _whole(shaping.shape(x)[axis], "the size of that axis")
    least, more = divmod(size, indices_or_sections)
    ends = np.cumsum([least + (i < more) for i in range(indices_or_sections)])[:-1]
    return shaping.split(x, ends.tolist(), axis)


def hsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """`x` cut along its second axis; a vector along its only one.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    indices_or_sections : int or sequence of int
        How many equal parts, or the places to cut at.

    Returns
    -------
    list of Tensor
        The parts, of the dtype of `x`.

    Raises
    ------
    ValueError
        If the axis does not divide into equal parts.

    See Also
    --------
    vsplit, split, hstack

    Notes
    -----
    Source: keras.ops.hsplit.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.hsplit([[1, 2], [3, 4]], 2))
    [array([[1],
           [3]]), array([[2],
           [4]])]
    """
    return shaping.split(x, indices_or_sections, 0 if shaping.ndim(x) == 1 else 1)


def vsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """`x` cut along its first axis.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    indices_or_sections : int or sequence of int
        How many equal parts, or the places to cut at.

    Returns
    -------
    list of Tensor
        The parts, of the dtype of `x`.

    Raises
    ------
    ValueError
        If the axis does not divide into equal parts, or `x` is a vector.

    See Also
    --------
    hsplit, split, vstack

    Notes
    -----
    Source: keras.ops.vsplit.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.vsplit([[1, 2], [3, 4]], 2))
    [array([[1, 2]]), array([[3, 4]])]
    """
    return shaping.split(x, indices_or_sections, 0)


def fliplr(x: Any) -> Any:
    """`x` with its second axis the other way round.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.

    Returns
    -------
    Tensor or KerasTensor
        The shape and dtype of `x`.

    Raises
    ------
    ValueError
        If `x` has fewer than two axes.

    See Also
    --------
    flip, flipud

    Notes
    -----
    Source: keras.ops.fliplr.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.fliplr([[1, 2], [3, 4]]))
    [[2 1]
     [4 3]]
    """
    return shaping.flip(x, 1)


def flipud(x: Any) -> Any:
    """`x` with its first axis the other way round.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.

    Returns
    -------
    Tensor or KerasTensor
        The shape and dtype of `x`.

    Raises
    ------
    ValueError
        If `x` is a scalar.

    See Also
    --------
    flip, fliplr

    Notes
    -----
    Source: keras.ops.flipud.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.flipud([[1, 2], [3, 4]]))
    [[3 4]
     [1 2]]
    """
    return shaping.flip(x, 0)


def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """The coordinates of all points of a grid, one tensor for each axis of it.

    Parameters
    ----------
    *x : array_like or KerasTensor
        The coordinates along each axis, (n,).
    indexing : str, default "xy"
        "xy": the first argument runs along the second axis; "ij": along the first.

    Returns
    -------
    list of Tensor
        Tensors of one shape, with an axis for each argument, of its dtype.

    Raises
    ------
    ValueError
        If `indexing` is neither "xy" nor "ij".

    See Also
    --------
    arange, broadcast_to

    Notes
    -----
    Source: keras.ops.meshgrid.

    Examples
    --------
    >>> from maskseq import ops
    >>> across, down = ops.meshgrid([1, 2, 3], [10, 20])
    >>> print(across)
    [[1 2 3]
     [1 2 3]]
    >>> print(down)
    [[10 10 10]
     [20 20 20]]
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
    """The `k`-th diagonal of a matrix, or the matrix with a vector there and zeros elsewhere.

    Parameters
    ----------
    x : array_like or KerasTensor
        A matrix (n, m) or a vector (n,).
    k : int, default 0
        Which diagonal: 0 the main one, above it positive, below it negative.

    Returns
    -------
    Tensor or KerasTensor
        A vector of a matrix, a square matrix of a vector; the dtype of `x`.

    Raises
    ------
    ValueError
        If `x` has neither one nor two axes.

    See Also
    --------
    diagonal, diagflat, trace

    Notes
    -----
    Source: keras.ops.diag.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.diag([[1, 2], [3, 4]]))
    [1 4]
    >>> print(ops.diag([1, 2]))
    [[1 0]
     [0 2]]
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
    """The matrix with all numbers of `x` on its `k`-th diagonal and zeros elsewhere.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    k : int, default 0
        Which diagonal: 0 the main one, above it positive, below it negative.

    Returns
    -------
    Tensor or KerasTensor
        A square matrix; the dtype of `x`.

    See Also
    --------
    diag, ravel

    Notes
    -----
    Source: keras.ops.diagflat.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.diagflat([[1, 2]], k=1))
    [[0 1 0]
     [0 0 2]
     [0 0 0]]
    """
    return diag(shaping.ravel(x), k)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal of two axes.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    offset : int, default 0
        Which diagonal: 0 the main one, above it positive, below it negative.
    axis1 : int, default 0
        The first axis.
    axis2 : int, default 1
        The second axis.

    Returns
    -------
    Tensor or KerasTensor
        The shape without the two axes; float32, int64 of integers.

    Raises
    ------
    ValueError
        If `x` has fewer than two axes.

    See Also
    --------
    diagonal, sum

    Notes
    -----
    Source: keras.ops.trace.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.trace([[1, 2], [3, 4]]))
    5
    """
    return reduction.sum(diagonal(x, offset, axis1, axis2), -1)


def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Windows of the last axis, each `sequence_stride` behind the one before.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any dtype, (..., time).
    sequence_length : int
        Steps of a window.
    sequence_stride : int
        Steps from one window to the next.

    Returns
    -------
    Tensor or KerasTensor
        (..., windows, sequence_length); the dtype of `x`.

    See Also
    --------
    slice, split

    Notes
    -----
    Source: keras.ops.extract_sequences.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.extract_sequences([1, 2, 3, 4, 5], 3, 2))
    [[1 2 3]
     [3 4 5]]
    """
    if not shaping.ndim(x):
        raise ValueError("extract_sequences: x must have an axis of time, got shape ()")
    for name, n in (("sequence_length", sequence_length), ("sequence_stride", sequence_stride)):
        if not isinstance(n, (int, np.integer)) or n < 1:
            raise ValueError(f"extract_sequences: {name} must be an int, at least 1, got {n!r}")
    size = _whole(shaping.shape(x)[-1], "the size of the last axis")
    count = (size - sequence_length) // sequence_stride + 1
    starts = np.arange(max(count, 0))[:, None] * sequence_stride
    return shaping.take(x, starts + np.arange(sequence_length), axis=-1)


def multi_hot(
    inputs: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Any:
    """1 at each class that is among the ids of the last axis of `inputs`.

    Parameters
    ----------
    inputs : array_like or KerasTensor
        Integers (..., ids); ids outside count nowhere.
    num_classes : int
        How many classes there are.
    axis : int, default -1
        Where the classes lie in the result.
    dtype : str or dtype, optional
        The dtype of the result; None: float32.
    sparse : bool, default False
        Only False; accepted for Keras's configs.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `inputs` without its last axis, with `num_classes` along `axis`; float32, or
        `dtype`.

    Raises
    ------
    ValueError
        For `sparse=True`.

    See Also
    --------
    one_hot

    Notes
    -----
    Source: keras.ops.multi_hot.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.multi_hot([[0, 2], [1, 1]], 3))
    [[1. 0. 1.]
     [0. 1. 0.]]
    """
    hot = shaping.one_hot(inputs, num_classes, axis=axis, dtype=dtype, sparse=sparse)
    over = shaping.ndim(hot) - 2 if axis == -1 else 1 if shaping.ndim(hot) > 2 else 0
    return reduction.max(hot, over)
