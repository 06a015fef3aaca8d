"""Operations that put the elements of arrays in other places: shapes, axes, joins, parts."""

from typing import Any

import numpy as np

from .operation import operation


@operation("Concatenate")
def concatenate(xs, axis=0):
    """Arrays joined along `axis`. Source: keras.ops.concatenate."""
    return np.concatenate(xs, axis=axis)


@operation("Stack", by_equality=True)
def stack(x, axis=0):
    """Arrays joined along a new `axis`. Source: keras.ops.stack."""
    return np.stack(x, axis=axis)


@operation("Unstack")
def unstack(x, num=None, axis=0):
    """The list of arrays that lie along `axis`. Source: keras.ops.unstack."""
    return list(np.moveaxis(x, axis, 0))


@operation("Split")
def split(x, indices_or_sections, axis=0):
    """`x` cut along `axis` into equal parts or at given places. Source: keras.ops.split."""
    return np.split(x, indices_or_sections, axis=axis)


@operation("Reshape")
def reshape(x, newshape):
    """`x` in another shape. Source: keras.ops.reshape."""
    return np.reshape(x, newshape)


@operation("Ravel")
def ravel(x):
    """`x` with one axis. Source: keras.ops.ravel."""
    return np.ravel(x)


@operation("Transpose", by_equality=True)
def transpose(x, axes=None):
    """`x` with its axes in another order. Source: keras.ops.transpose."""
    return np.transpose(x, axes)


@operation("Swapaxes", by_equality=True)
def swapaxes(x, axis1, axis2):
    """`x` with two axes exchanged. Source: keras.ops.swapaxes."""
    return np.swapaxes(x, axis1, axis2)


@operation("Moveaxis", by_equality=True)
def moveaxis(x, source, destination):
    """`x` with axes at other places. Source: keras.ops.moveaxis."""
    return np.moveaxis(x, source, destination)


@operation("Flip", by_equality=True)
def flip(x, axis=None):
    """`x` with `axis` reversed. Source: keras.ops.flip."""
    return np.flip(x, axis)


@operation("Roll", by_equality=True)
def roll(x, shift, axis=None):
    """`x` shifted along `axis`, in a circle. Source: keras.ops.roll."""
    return np.roll(x, shift, axis)


@operation("ExpandDims", by_equality=True)
def expand_dims(x, axis):
    """`x` with a new axis of size 1. Source: keras.ops.expand_dims."""
    return np.expand_dims(x, axis)


@operation("Squeeze", by_equality=True)
def squeeze(x, axis=None):
    """`x` without axes of size 1. Source: keras.ops.squeeze."""
    return np.squeeze(x, tuple(axis) if isinstance(axis, list) else axis)


@operation("Tile")
def tile(x, repeats):
    """`x` repeated along each axis. Source: keras.ops.tile."""
    return np.tile(x, repeats)


@operation("Repeat")
def repeat(x, repeats, axis=None):
    """Elements of `x` repeated. Source: keras.ops.repeat."""
    return np.repeat(x, repeats, axis=axis)


@operation("Pad")
def pad(x, pad_width, mode: Any = "constant", constant_values=None):
    """`x` with more cells before and after it along each axis. Source: keras.ops.pad."""
    options = {} if constant_values is None else {"constant_values": constant_values}
    return np.pad(x, pad_width, mode, **options)


@operation("Take")
def take(x, indices, axis=None):
    """Elements of `x` at `indices`. Source: keras.ops.take."""
    return np.take(x, indices, axis=axis)


@operation("TakeAlongAxis")
def take_along_axis(x, indices, axis=None):
    """Elements of `x` at `indices` of each row. Source: keras.ops.take_along_axis."""
    return np.take_along_axis(x, indices, axis=axis)


@operation("BroadcastTo")
def broadcast_to(x, shape):
    """`x` broadcast to `shape`. Source: keras.ops.broadcast_to."""
    return np.broadcast_to(x, shape)


@operation("GetItem")
def get_item(x, key):
    """x[key]. Source: keras.ops.core.GetItem."""
    return x[tuple(key) if isinstance(key, list) else key]


@operation("OneHot")
def one_hot(x, num_classes, axis=-1, dtype=None, sparse=False):
    """1 at the place that each id names, on a new `axis`; ids outside give zeros.

    Source: keras.ops.one_hot.
    """
    hot = np.expand_dims(x, -1) == np.arange(num_classes)
    return np.moveaxis(hot.astype(dtype or np.float32), -1, axis)


def shape(x: Any) -> tuple[int | None, ...]:
    """The shape of `x`; None where a symbolic size is unknown. Source: keras.ops.shape."""
    return tuple(x.shape)


def ndim(x: Any) -> int:
    """How many axes `x` has. Source: keras.ops.ndim."""
    return len(x.shape)
