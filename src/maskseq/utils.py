"""Names that Keras has under keras.utils."""

from typing import Any

import numpy as np

from . import ops
from .data.ragged import pad_sequences as pad_sequences
from .given.custom import custom_object_scope as custom_object_scope
from .given.custom import get_custom_objects as get_custom_objects
from .given.custom import get_registered_object as get_registered_object
from .given.custom import register_keras_serializable as register_keras_serializable
from .given.numbers import is_real
from .initializers import set_random_seed as set_random_seed

__all__ = [
    "custom_object_scope", "get_custom_objects", "get_registered_object", "normalize",
    "pad_sequences", "register_keras_serializable", "set_random_seed", "to_categorical",
]  # fmt: skip


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """1 at the place of each class, on a new last axis, float32; a last axis of size 1 goes.

    Parameters
    ----------
    x : array_like
        Ids from 0.
    num_classes : int, optional
        One more than the largest id, if None.

    Returns
    -------
    numpy.ndarray
        float32, the shape of `x` and `num_classes`.

    Raises
    ------
    ValueError
        Naming the first id that is outside; for ids that are not whole numbers.

    See Also
    --------
    maskseq.ops.one_hot

    Notes
    -----
    Source: keras.utils.to_categorical.

    Examples
    --------
    >>> import maskseq
    >>> maskseq.utils.to_categorical([0, 2]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    ids = np.asarray(x)
    if ids.dtype.kind not in "biuf" or (ids.dtype.kind == "f" and (ids != np.floor(ids)).any()):
        raise ValueError(f"x must hold whole numbers, got dtype {ids.dtype}")
    ids = ids.astype(np.int64)
    if ids.ndim > 1 and ids.shape[-1] == 1:
        ids = ids[..., 0]
    count = int(ids.max(initial=-1)) + 1 if num_classes is None else num_classes
    if not isinstance(count, (int, np.integer)) or (count < 1 and num_classes is not None):
        raise ValueError(f"num_classes must be an int, at least 1, got {num_classes!r}")
    outside = np.argwhere((ids < 0) | (ids >= count))
    if len(outside):
        place = tuple(outside[0].tolist())
        raise ValueError(f"x must be from 0 to {count - 1}, got {ids[place]} at {list(place)}")
    return np.asarray(ids[..., None] == np.arange(count), np.float32)


def normalize(x: Any, axis: int = -1, order: float = 2) -> np.ndarray:
    """`x` over its length along `axis`, float32; zeros stay.

    Parameters
    ----------
    x : array_like
        The input.
    axis : int, default -1
        The axis to measure along.
    order : float, default 2
        Of the norm; 0 counts what is not 0.

    Returns
    -------
    numpy.ndarray
        float32, of the shape of `x`.

    Raises
    ------
    ValueError
        For an axis that `x` does not have, or an `order` that is no number.

    See Also
    --------
    to_categorical, maskseq.ops.normalize

    Notes
    -----
    Source: keras.utils.normalize.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> print(maskseq.utils.normalize(np.array([[3.0, 4.0]])).round(2))
    [[0.6 0.8]]
    """
    x = np.asarray(x, np.float32)
    if isinstance(order, (int, np.integer)) and order >= 1:
        return ops.normalize(x, axis, order, np.finfo(np.float32).tiny)
    if not is_real(order):
        raise ValueError(f"normalize: order must be a number, got {order!r}")
    length = ops.norm(x, order, axis, keepdims=True)
    return np.asarray(x / np.where(length == 0, np.float32(1), length))
