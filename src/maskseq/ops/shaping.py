"""Operations that put the elements of arrays in other places: shapes, axes, joins, parts."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .operation import operation
from .recording import NO_GRADIENT
from .steps import adding_features, along_features, of_features, on_steps


def _reshaped(d, y, x, **options):
    return d.reshape(np.shape(x))


def _placed(function: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """The gradient of an operation that puts numbers of x in places: each gets all that it gave.

    function: the operation of (x, *options), which is asked where the numbers of x go. Sums are in
    float64, in the order of the places.
    """

    def gradient(d, y, x, **options):
        shape, size = np.shape(x), np.size(x)
        numbers = function(np.arange(size).reshape(shape), **options)
        taken = np.asarray(numbers).reshape(-1)
        real = taken >= 0
        sums = np.bincount(taken[real], np.asarray(d, np.float64).reshape(-1)[real], size)
        return sums.astype(np.float32).reshape(shape)

    return gradient


def _join_gradient(d, y, xs, axis):
    ends = np.cumsum([np.shape(x)[axis] for x in xs])[:-1]
    return np.split(d, ends, axis=axis)


def _parts(d, y):
    """The gradients of a list of results, zeros for those that nothing read."""
    return [np.zeros_like(part) if own is None else own for own, part in zip(d, y, strict=True)]


def _get_gradient(d, y, x, key):
    key = tuple(key) if isinstance(key, list) else key
    basic = (int, np.integer, slice, type(None), type(Ellipsis))
    if all(isinstance(part, basic) for part in (key if isinstance(key, tuple) else (key,))):
        whole = np.zeros(np.shape(x), np.float32)
        whole[key] = d
        return whole
    return _placed(lambda numbers, key: numbers[key])(d, y, x, key=key)


def _pad_numbers(x, pad_width, mode, constant_values):
    options: Any = {"constant_values": -1} if mode == "constant" else {}
    return np.pad(x, pad_width, mode, **options)


@along_features
@operation("Concatenate", gradient=_join_gradient)
def concatenate(xs, axis=0):
    """Tensors joined along `axis`.

    Parameters
    ----------
    xs : sequence of array_like or KerasTensor
        The tensors, of one shape but for `axis`.
    axis : int, default 0
        The axis to join along.

    Returns
    -------
    Tensor or KerasTensor
        The shape of one, longer along `axis`; their common dtype.

    Raises
    ------
    ValueError
        If sizes differ along another axis, or there are no tensors.

    See Also
    --------
    stack, append, split

    Notes
    -----
    Source: keras.ops.concatenate.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.concatenate([[[1], [2]], [[3], [4]]], axis=1))
    [[1 3]
     [2 4]]
    """
    return np.concatenate(xs, axis=axis)


@adding_features
@operation("Stack", by_equality=True, gradient=lambda d, y, x, axis: list(np.moveaxis(d, axis, 0)))
def stack(x, axis=0):
    """Tensors of one shape joined along a new `axis`.

    Parameters
    ----------
    x : sequence of array_like or KerasTensor
        The tensors, of one shape.
    axis : int, default 0
        Where the new axis lies.

    Returns
    -------
    Tensor or KerasTensor
        The shape of one, with the new axis; their common dtype.

    Raises
    ------
    ValueError
        If the shapes differ, or there are no tensors.

    See Also
    --------
    concatenate, unstack, vstack

    Notes
    -----
    Source: keras.ops.stack.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.stack([[1, 2], [3, 4]], axis=1))
    [[1 3]
     [2 4]]
    """
    return np.stack(x, axis=axis)


@operation("Unstack", gradient=lambda d, y, x, num, axis: np.stack(_parts(d, y), axis))
def unstack(x, num=None, axis=0):
    """The tensors that lie along `axis`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    num : int, optional
        How many there are, for a symbolic tensor of unknown size.
    axis : int, default 0
        The axis that goes.

    Returns
    -------
    list of Tensor
        Each of the shape without `axis`, of the dtype of `x`.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    stack, split

    Notes
    -----
    Source: keras.ops.unstack.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.unstack([[1, 2], [3, 4]], axis=1))
    [array([1, 3]), array([2, 4])]
    """
    return list(np.moveaxis(x, axis, 0))


@along_features
@operation(
    "Split", gradient=lambda d, y, x, indices_or_sections, axis: np.concatenate(_parts(d, y), axis)
)
def split(x, indices_or_sections, axis=0):
    """`x` cut along `axis` into equal parts, or at given places.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    indices_or_sections : int or sequence of int
        How many equal parts, or the places to cut at.
    axis : int, default 0
        The axis to cut along.

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
    array_split, unstack, concatenate

    Notes
    -----
    Source: keras.ops.split.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.split([1, 2, 3, 4], 2))
    [array([1, 2]), array([3, 4])]
    >>> print(ops.split([1, 2, 3, 4], [1]))
    [array([1]), array([2, 3, 4])]
    """
    return np.split(np.asarray(x), indices_or_sections, axis=axis)


@operation("Reshape", gradient=_reshaped)
def reshape(x, newshape):
    """The same numbers, in the same order, in another shape.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    newshape : int or tuple of int
        The shape; one size may be -1: what is left.

    Returns
    -------
    Tensor or KerasTensor
        `newshape`; the dtype of `x`.

    Raises
    ------
    ValueError
        If the shape has another number of cells.

    See Also
    --------
    ravel, expand_dims, squeeze

    Notes
    -----
    Source: keras.ops.reshape.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.reshape([1, 2, 3, 4], (2, -1)))
    [[1 2]
     [3 4]]
    """
    return np.reshape(x, newshape)


@operation("Ravel", gradient=_reshaped)
def ravel(x):
    """All numbers of `x` in one row.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.

    Returns
    -------
    Tensor or KerasTensor
        (cells,); the dtype of `x`.

    See Also
    --------
    reshape

    Notes
    -----
    Source: keras.ops.ravel.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.ravel([[1, 2], [3, 4]]))
    [1 2 3 4]
    """
    return np.ravel(x)


@operation(
    "Transpose",
    by_equality=True,
    gradient=lambda d, y, x, axes: np.transpose(
        d, None if axes is None else np.argsort(np.mod(axes, np.ndim(x)))
    ),
)
def transpose(x, axes=None):
    """`x` with its axes in another order.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    axes : sequence of int, optional
        The old place of each new axis; None: the other way round.

    Returns
    -------
    Tensor or KerasTensor
        The sizes in that order; the dtype of `x`.

    Raises
    ------
    ValueError
        If `axes` are not all axes of `x`, once each.

    See Also
    --------
    swapaxes, moveaxis

    Notes
    -----
    Source: keras.ops.transpose.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.transpose([[1, 2], [3, 4]]))
    [[1 3]
     [2 4]]
    """
    return np.transpose(x, axes)


@operation(
    "Swapaxes",
    by_equality=True,
    gradient=lambda d, y, x, axis1, axis2: np.swapaxes(d, axis1, axis2),
)
def swapaxes(x, axis1, axis2):
    """`x` with two axes exchanged.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    axis1 : int
        The first axis.
    axis2 : int
        The second axis.

    Returns
    -------
    Tensor or KerasTensor
        The sizes exchanged; the dtype of `x`.

    Raises
    ------
    ValueError
        If an axis is none of `x`.

    See Also
    --------
    transpose, moveaxis

    Notes
    -----
    Source: keras.ops.swapaxes.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.swapaxes([[1, 2], [3, 4]], 0, 1))
    [[1 3]
     [2 4]]
    """
    return np.swapaxes(x, axis1, axis2)


@operation(
    "Moveaxis",
    by_equality=True,
    gradient=lambda d, y, x, source, destination: np.moveaxis(d, destination, source),
)
def moveaxis(x, source, destination):
    """`x` with axes moved to other places; the rest keep their order.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    source : int or sequence of int
        Where the axes are.
    destination : int or sequence of int
        Where they go.

    Returns
    -------
    Tensor or KerasTensor
        The sizes in the new order; the dtype of `x`.

    Raises
    ------
    ValueError
        If an axis is none of `x`.

    See Also
    --------
    transpose, swapaxes

    Notes
    -----
    Source: keras.ops.moveaxis.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.moveaxis(ops.ones((2, 3, 4)), 0, -1).shape)
    (3, 4, 2)
    """
    return np.moveaxis(x, source, destination)


@along_features
@operation("Flip", by_equality=True, gradient=lambda d, y, x, axis: np.flip(d, axis))
def flip(x, axis=None):
    """`x` with `axis` the other way round.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.

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
    fliplr, flipud, roll

    Notes
    -----
    Source: keras.ops.flip.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.flip([[1, 2], [3, 4]], axis=1))
    [[2 1]
     [4 3]]
    """
    return np.flip(x, axis)


@operation(
    "Roll",
    by_equality=True,
    gradient=lambda d, y, x, shift, axis: np.roll(d, np.negative(shift), axis),
)
def roll(x, shift, axis=None):
    """`x` moved along `axis`; what leaves at the end comes back at the start.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    shift : int or sequence of int
        How far, or how far along each of the axes.
    axis : int or sequence of int, optional
        The axis, or axes; None: all numbers in one row, then back in shape.

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
    flip

    Notes
    -----
    Source: keras.ops.roll.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.roll([1, 2, 3, 4], 1))
    [4 1 2 3]
    """
    return np.roll(x, shift, axis)


@adding_features
@operation("ExpandDims", by_equality=True, gradient=_reshaped)
def expand_dims(x, axis):
    """`x` with new axes of size 1.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    axis : int or sequence of int
        Where the new axes lie in the result.

    Returns
    -------
    Tensor or KerasTensor
        The shape with the new axes; the dtype of `x`.

    Raises
    ------
    ValueError
        If the result has no such axis.

    See Also
    --------
    squeeze, reshape

    Notes
    -----
    Source: keras.ops.expand_dims.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.expand_dims([1, 2], 1))
    [[1]
     [2]]
    """
    return np.expand_dims(x, axis)


@along_features
@operation("Squeeze", by_equality=True, gradient=_reshaped)
def squeeze(x, axis=None):
    """`x` without axes of size 1.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    axis : int or sequence of int, optional
        The axes that go; None: all of size 1.

    Returns
    -------
    Tensor or KerasTensor
        The shape without them; the dtype of `x`.

    Raises
    ------
    ValueError
        If `axis` has another size than 1.

    See Also
    --------
    expand_dims, reshape

    Notes
    -----
    Source: keras.ops.squeeze.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.squeeze([[[1, 2]]]))
    [1 2]
    """
    return np.squeeze(x, tuple(axis) if isinstance(axis, list) else axis)


@operation("Tile", gradient=_placed(lambda x, repeats: np.tile(x, repeats)))
def tile(x, repeats):
    """`x` as a whole several times, along each axis.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    repeats : int or sequence of int
        How often along each axis; one number: along the last.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x` times `repeats`; the dtype of `x`.

    See Also
    --------
    repeat, broadcast_to

    Notes
    -----
    Source: keras.ops.tile.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.tile([[1, 2]], (2, 2)))
    [[1 2 1 2]
     [1 2 1 2]]
    """
    return np.tile(x, repeats)


@along_features
@operation("Repeat", gradient=_placed(lambda x, repeats, axis: np.repeat(x, repeats, axis)))
def repeat(x, repeats, axis=None):
    """Each number of `x` several times in a row.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    repeats : int or sequence of int
        How often, or how often each.
    axis : int, optional
        The axis; None: all numbers in one row.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`, longer along `axis`, flat if that is None; the dtype of `x`.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    tile, broadcast_to

    Notes
    -----
    Source: keras.ops.repeat.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.repeat([1, 2], 2))
    [1 1 2 2]
    >>> print(ops.repeat([1, 2], [1, 3]))
    [1 2 2 2]
    """
    return np.repeat(x, repeats, axis=axis)


@operation("Pad", gradient=_placed(_pad_numbers))
def pad(x, pad_width, mode: Any = "constant", constant_values=None):
    """`x` with more cells before and behind it along each axis.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    pad_width : int, pair of int or sequence of pairs
        How many before and behind: for all axes, or for each.
    mode : str, default "constant"
        What stands there, as of numpy.pad: "constant", "reflect", "symmetric", "edge", ...
    constant_values : scalar, optional
        The value for "constant"; None: 0.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`, larger; the dtype of `x`.

    Raises
    ------
    ValueError
        If `pad_width` does not fit the axes, or `mode` is none.

    See Also
    --------
    concatenate

    Notes
    -----
    Source: keras.ops.pad.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.pad([1, 2], (1, 2)))
    [0 1 2 0 0]
    >>> print(ops.pad([1, 2, 3], (2, 0), mode="reflect"))
    [3 2 1 2 3]
    """
    options = {} if constant_values is None else {"constant_values": constant_values}
    return np.pad(x, pad_width, mode, **options)


@along_features
@operation("Take", gradient=_placed(lambda x, indices, axis: np.take(x, indices, axis)))
def take(x, indices, axis=None):
    """The parts of `x` at `indices` along `axis`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    indices : array_like of int
        The places; negative ones count from the end.
    axis : int, optional
        The axis; None: places in the flat tensor.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x` with that of `indices` in place of `axis`; the dtype of `x`.

    Raises
    ------
    IndexError
        For an index outside of `x`.

    See Also
    --------
    take_along_axis, get_item, slice

    Notes
    -----
    Source: keras.ops.take.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.take([[1, 2, 3], [4, 5, 6]], [2, 0], axis=1))
    [[3 1]
     [6 4]]
    """
    return np.take(x, indices, axis=axis)


@operation(
    "TakeAlongAxis", gradient=_placed(lambda x, indices, axis: np.take_along_axis(x, indices, axis))
)
def take_along_axis(x, indices, axis=None):
    """For each row along `axis`, its numbers at the `indices` of that row.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    indices : array_like of int
        The places, with as many axes as `x`.
    axis : int, optional
        The axis; None: all numbers in one row.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `indices`; the dtype of `x`.

    Raises
    ------
    IndexError
        For an index outside of `x`.

    See Also
    --------
    take, argsort

    Notes
    -----
    Source: keras.ops.take_along_axis.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.take_along_axis([[1, 2, 3], [4, 5, 6]], [[2], [0]], axis=1))
    [[3]
     [4]]
    """
    return np.take_along_axis(np.asarray(x), np.asarray(indices), axis=axis)


@operation("BroadcastTo", gradient=lambda d, y, x, shape: d)
def broadcast_to(x, shape):
    """`x` repeated along axes of size 1, and along new first ones, until it has `shape`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    shape : int or tuple of int
        The shape of the result.

    Returns
    -------
    Tensor or KerasTensor
        `shape`; the dtype of `x`.

    Raises
    ------
    ValueError
        If `x` does not broadcast to `shape`.

    See Also
    --------
    tile, repeat, expand_dims

    Notes
    -----
    Source: keras.ops.broadcast_to.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.broadcast_to([1, 2], (2, 2)))
    [[1 2]
     [1 2]]
    """
    return np.broadcast_to(x, shape)


@on_steps(of_features)
@operation("GetItem", gradient=_get_gradient)
def get_item(x, key):
    """`x[key]`, as brackets behind a symbolic tensor record it.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    key : int, slice, Ellipsis, None, array or tuple of them
        What to take, as in NumPy.

    Returns
    -------
    Tensor or KerasTensor
        What the key takes; the dtype of `x`.

    Raises
    ------
    IndexError
        For an index outside of `x`.

    See Also
    --------
    slice, take

    Notes
    -----
    Source: keras.ops.core.GetItem.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.get_item([[1, 2], [3, 4]], (0, 1)))
    2
    """
    x = np.asarray(x) if isinstance(x, (list, tuple)) else x
    return x[tuple(key) if isinstance(key, list) else key]


@operation("OneHot", gradient=NO_GRADIENT)
def one_hot(x, num_classes, axis=-1, dtype=None, sparse=False):
    """1 at the place that each id names, 0 elsewhere; of an id outside, zeros.

    Parameters
    ----------
    x : array_like or KerasTensor
        Integers of any shape.
    num_classes : int
        How many classes there are.
    axis : int, default -1
        Where the new axis lies.
    dtype : str or dtype, optional
        The dtype of the result; None: float32.
    sparse : bool, default False
        Only False; accepted for Keras's configs.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x` with `num_classes` along the new `axis`; float32, or `dtype`.

    Raises
    ------
    ValueError
        For `sparse=True`.

    See Also
    --------
    multi_hot

    Notes
    -----
    Source: keras.ops.one_hot.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.one_hot([0, 2], 3))
    [[1. 0. 0.]
     [0. 0. 1.]]
    """
    if sparse:
        raise ValueError("one_hot: sparse must be False, for there are no sparse arrays here")
    hot = np.expand_dims(x, -1) == np.arange(num_classes)
    return np.moveaxis(hot.astype(dtype or np.float32), -1, axis)


def shape(x: Any) -> tuple[int | None, ...]:
    """The shape of `x`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.

    Returns
    -------
    tuple
        The sizes; None where one of a symbolic tensor is unknown.

    See Also
    --------
    ndim, size, reshape

    Notes
    -----
    Source: keras.ops.shape.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.shape([[1, 2, 3]]))
    (1, 3)
    """
    return tuple(x.shape if hasattr(x, "shape") else np.shape(x))


def ndim(x: Any) -> int:
    """How many axes `x` has.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.

    Returns
    -------
    int
        0 of a scalar.

    See Also
    --------
    shape, size

    Notes
    -----
    Source: keras.ops.ndim.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.ndim([[1, 2, 3]]))
    2
    """
    return len(shape(x))
