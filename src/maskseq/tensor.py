"""Arrays that carry a mask: what eager layer calls return.

A `Tensor` is an ordinary NumPy array with one extra: it may hold `_keras_mask`, bool, True = a real
step. Arithmetic and slicing give a Tensor without a mask, as a raw operation does in Keras.
"""

from typing import Any

import numpy as np

from .given import as_array
from .given.notices import warn
from .given.numpy_ma import without_mask


class Tensor(np.ndarray):
    """A NumPy array that may carry a mask; without one it has no `_keras_mask` attribute.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> answer = maskseq.layers.Masking()(np.float32([[[1.0], [0.0]]]))
    >>> print(answer._keras_mask)
    [[ True False]]
    >>> hasattr(answer * 2, "_keras_mask")
    False
    """

    _keras_mask: Any
    _mask_taken_by: Any

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))

    def __reduce__(self):
        return convert_to_tensor, (self.view(np.ndarray),)


KEPT = frozenset(map(np.dtype, "fbhilqBHILQ?"))
"""Of numbers that convert_to_tensor leaves as they are."""


def convert_to_tensor(x: Any, dtype: str | np.dtype | None = None, *, name: str = "x") -> Tensor:
    """`x` as an array that can carry a mask.

    Float arrays of another width become float32 unless `dtype` says otherwise; integers, bools and
    strings keep their dtype. The mask of a Tensor goes along. `name` is for warnings and errors.

    Parameters
    ----------
    x : array_like
        The values.
    dtype : str or numpy.dtype, optional
        The dtype of the result.
    name : str, default "x"
        A name, for warnings and errors.

    Returns
    -------
    Tensor
        The array.

    Raises
    ------
    TypeError
        For a numpy.ma array with masked numbers.

    Notes
    -----
    Source: keras.ops.convert_to_tensor.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> x = maskseq.convert_to_tensor(np.ones((2, 3)))
    >>> x.dtype, maskseq.get_keras_mask(x)
    (dtype('float32'), None)
    """
    if dtype is None and isinstance(x, np.ndarray) and x.dtype in KEPT:
        if isinstance(x, Tensor):
            return x
        return without_mask(x, name).view(Tensor)
    if on_tape := getattr(x, "astype_on_tape", None):  # a Traced value
        return on_tape(dtype)
    array = as_array(x, name)
    if dtype is not None:
        array = array.astype(dtype, copy=False)
    elif array.dtype.kind == "f":
        array = to_float32(array, name)
    tensor = array.view(Tensor)
    mask = get_keras_mask(x)
    if mask is not None:
        tensor._keras_mask = mask
    return tensor


def to_float32(x: np.ndarray, name: str) -> np.ndarray:
    """Floats as float32, uncopied if they are; says if a finite one becomes infinite.

    Warns: RuntimeWarning naming the argument, and the first number that is too large.
    """
    if x.dtype == np.float32:
        return x
    try:
        with np.errstate(over="raise"):
            return x.astype(np.float32)
    except FloatingPointError:
        with np.errstate(over="ignore"):
            result = x.astype(np.float32)
        lost = np.argwhere(np.isinf(result) & np.isfinite(x))
        if len(lost):
            place = lost[0].tolist()
            warn_of_overflow(f"{name} at {place}" if place else name, x[tuple(place)], result)
        return result


def warn_of_overflow(place: str, number: Any, result: np.ndarray) -> None:
    """Warn that a number at that place is beyond the type of `result`."""
    warn(f"{place}: {number} becomes infinite in {result.dtype}", RuntimeWarning)


def as_numpy(x: Any) -> np.ndarray:
    """`x` as a plain array, without a mask.

    Parameters
    ----------
    x : array_like
        The input.

    Returns
    -------
    numpy.ndarray
        The array.
    """
    return x.view(np.ndarray) if isinstance(x, Tensor) else np.asarray(x)


def get_keras_mask(x: Any) -> Any:
    """The mask that `x` carries, or None.

    Parameters
    ----------
    x : Tensor, KerasTensor or array
        What may carry a mask.

    Returns
    -------
    array or None
        The mask, True = real, or None where there is none.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> x = layers.Embedding(10, 2, mask_zero=True)(np.array([[3, 0]]))
    >>> maskseq.get_keras_mask(x).tolist()
    [[True, False]]
    """
    return getattr(x, "_keras_mask", None)


def fitting_mask(x: Any) -> np.ndarray | None:
    """The mask that `x` carries, as bool of its first axes; that of one sequence is that of each.

    None without one, and for a mask that is not of these axes: it says nothing of `x`.
    """
    mask = get_keras_mask(x)
    if mask is None:
        return None
    mask, shape = np.asarray(mask, bool), x.shape[: np.ndim(mask)]
    if mask.shape == shape:
        return mask
    return mask_of_each(mask, shape) if mask.ndim > 1 else None


def mask_of_each(mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """The mask of one sequence, repeated for each of `shape`; None if its shape is another."""
    of_one = mask.ndim > 0 and mask.shape == (1, *shape[1:])
    return np.repeat(mask, shape[0], axis=0) if of_one else None


def set_keras_mask(x: Any, mask: Any) -> None:
    """Attach `mask` to `x` (a Tensor or a symbolic tensor); None takes the mask off.

    Parameters
    ----------
    x : Tensor or KerasTensor
        What shall carry it.
    mask : bool array or None
        True = real; None takes the mask off.

    Raises
    ------
    TypeError
        If `x` is a plain array, which cannot carry a mask (`convert_to_tensor` it).

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> x = maskseq.convert_to_tensor(np.ones((1, 2, 4)))
    >>> maskseq.set_keras_mask(x, np.array([[True, False]]))
    >>> layers.GlobalAveragePooling1D()(x).shape
    (1, 4)
    """
    if mask is None:
        if get_keras_mask(x) is not None:
            del x._keras_mask
        return
    try:
        mask = without_mask(mask, "mask")
        x._keras_mask = mask if hasattr(mask, "shape") else np.asarray(mask)
    except AttributeError:
        raise TypeError(
            f"x must be able to carry a mask: pass it through maskseq.convert_to_tensor first, "
            f"got {type(x).__name__}"
        ) from None
