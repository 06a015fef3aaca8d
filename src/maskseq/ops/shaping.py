"""Operations that put the elements of arrays in other places: shapes, axes, joins, parts."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .operation import operation
from .recording import NO_GRADIENT


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


@operation("Concatenate", gradient=_join_gradient)
def concatenate(xs, axis=0):
    """Arrays joined along `axis`.

    Parameters
    ----------
    xs : sequence of array_like
        The tensors.
    axis : int or sequence of int, default 0
        The axis.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.concatenate.
    """
    return np.concatenate(xs, axis=axis)


@operation("Stack", by_equality=True, gradient=lambda d, y, x, axis: list(np.moveaxis(d, axis, 0)))
def stack(x, axis=0):
    """Arrays joined along a new `axis`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    axis : int or sequence of int, default 0
        The axis.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.stack.
    """
    return np.stack(x, axis=axis)


@operation("Unstack", gradient=lambda d, y, x, num, axis: np.stack(_parts(d, y), axis))
def unstack(x, num=None, axis=0):
    """The list of arrays that lie along `axis`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    num : int, optional
        How many numbers.
    axis : int or sequence of int, default 0
        The axis.

    Returns
    -------
    list of Tensor
        The parts.

    Notes
    -----
    Source: keras.ops.unstack.
    """
    return list(np.moveaxis(x, axis, 0))


@operation(
    "Split", gradient=lambda d, y, x, indices_or_sections, axis: np.concatenate(_parts(d, y), axis)
)
def split(x, indices_or_sections, axis=0):
    """`x` cut along `axis` into equal parts or at given places.

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
    Source: keras.ops.split.
    """
    return np.split(x, indices_or_sections, axis=axis)


@operation("Reshape", gradient=_reshaped)
def reshape(x, newshape):
    """`x` in another shape.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    newshape : tuple of int
        The shape; -1: what is left.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.reshape.
    """
    return np.reshape(x, newshape)


@operation("Ravel", gradient=_reshaped)
def ravel(x):
    """`x` with one axis.

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
    Source: keras.ops.ravel.
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
        The tensor.
    axes : sequence of int or int, optional
        The axes.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.transpose.
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
        The tensor.
    axis1 : int
        The first axis.
    axis2 : int
        The second axis.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.swapaxes.
    """
    return np.swapaxes(x, axis1, axis2)


@operation(
    "Moveaxis",
    by_equality=True,
    gradient=lambda d, y, x, source, destination: np.moveaxis(d, destination, source),
)
def moveaxis(x, source, destination):
    """`x` with axes at other places.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    source : int or sequence of int
        Where the axes are.
    destination : int or sequence of int
        Where they go.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.moveaxis.
    """
    return np.moveaxis(x, source, destination)


@operation("Flip", by_equality=True, gradient=lambda d, y, x, axis: np.flip(d, axis))
def flip(x, axis=None):
    """`x` with `axis` reversed.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.flip.
    """
    return np.flip(x, axis)


@operation(
    "Roll",
    by_equality=True,
    gradient=lambda d, y, x, shift, axis: np.roll(d, np.negative(shift), axis),
)
def roll(x, shift, axis=None):
    """`x` shifted along `axis`, in a circle.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    shift : int or sequence of int
        How far.
    axis : int, optional
        The axis; None: that of the tensor in one row.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.roll.
    """
    return np.roll(x, shift, axis)


@operation("ExpandDims", by_equality=True, gradient=_reshaped)
def expand_dims(x, axis):
    """`x` with a new axis of size 1.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    axis : int or sequence of int
        The axis, or axes.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.expand_dims.
    """
    return np.expand_dims(x, axis)


@operation("Squeeze", by_equality=True, gradient=_reshaped)
def squeeze(x, axis=None):
    """`x` without axes of size 1.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    axis : int or sequence of int, optional
        The axis, or axes; None: all.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.squeeze.
    """
    return np.squeeze(x, tuple(axis) if isinstance(axis, list) else axis)


@operation("Tile", gradient=_placed(lambda x, repeats: np.tile(x, repeats)))
def tile(x, repeats):
    """`x` repeated along each axis.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    repeats : int or sequence of int
        How often.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.tile.
    """
    return np.tile(x, repeats)


@operation("Repeat", gradient=_placed(lambda x, repeats, axis: np.repeat(x, repeats, axis)))
def repeat(x, repeats, axis=None):
    """Elements of `x` repeated.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    repeats : int or sequence of int
        How often.
    axis : int, optional
        The axis; None: that of the tensor in one row.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.repeat.
    """
    return np.repeat(x, repeats, axis=axis)


@operation("Pad", gradient=_placed(_pad_numbers))
def pad(x, pad_width, mode: Any = "constant", constant_values=None):
    """`x` with more cells before and after it along each axis.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    pad_width : int or sequence
        How many before and behind, for each axis.
    mode : str, default "constant"
        How, as of numpy.pad or numpy.correlate.
    constant_values : scalar, optional
        The value, with mode "constant".

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.pad.
    """
    options = {} if constant_values is None else {"constant_values": constant_values}
    return np.pad(x, pad_width, mode, **options)


@operation("Take", gradient=_placed(lambda x, indices, axis: np.take(x, indices, axis)))
def take(x, indices, axis=None):
    """Elements of `x` at `indices`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    indices : array_like of int
        The places.
    axis : int, optional
        The axis; None: that of the tensor in one row.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.take.
    """
    return np.take(x, indices, axis=axis)


@operation(
    "TakeAlongAxis", gradient=_placed(lambda x, indices, axis: np.take_along_axis(x, indices, axis))
)
def take_along_axis(x, indices, axis=None):
    """Elements of `x` at `indices` of each row.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    indices : array_like of int
        The places.
    axis : int, optional
        The axis; None: that of the tensor in one row.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.take_along_axis.
    """
    return np.take_along_axis(x, indices, axis=axis)


@operation("BroadcastTo", gradient=lambda d, y, x, shape: d)
def broadcast_to(x, shape):
    """`x` broadcast to `shape`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    shape : tuple of int
        The shape.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.broadcast_to.
    """
    return np.broadcast_to(x, shape)


@operation("GetItem", gradient=_get_gradient)
def get_item(x, key):
    """x[key].

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    key : object
        What to take.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.core.GetItem.
    """
    return x[tuple(key) if isinstance(key, list) else key]


@operation("OneHot", gradient=NO_GRADIENT)
def one_hot(x, num_classes, axis=-1, dtype=None, sparse=False):
    """1 at the place that each id names, on a new `axis`; ids outside give zeros.

    Parameters
    ----------
    x : array_like or KerasTensor
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
    Source: keras.ops.one_hot.
    """
    hot = np.expand_dims(x, -1) == np.arange(num_classes)
    return np.moveaxis(hot.astype(dtype or np.float32), -1, axis)


def shape(x: Any) -> tuple[int | None, ...]:
    """The shape of `x`; None where a symbolic size is unknown.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.

    Returns
    -------
    tuple
        The sizes; None where a symbolic one is unknown.

    Notes
    -----
    Source: keras.ops.shape.
    """
    return tuple(x.shape)


def ndim(x: Any) -> int:
    """How many axes `x` has.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.

    Returns
    -------
    int
        How many axes.

    Notes
    -----
    Source: keras.ops.ndim.
    """
    return len(x.shape)
