"""New arrays: of given shapes, sequences of numbers, and what becomes of tensors outside of models.

They are made at once, also inside of a model that is being recorded: there they are constants.
Source: keras.ops, version 3.15. Floats are float32, integers int32, unless `dtype` says otherwise.
"""

import math
from typing import Any

import numpy as np

from ..graph.symbols import KerasTensor
from ..nest import holds
from ..tape import Traced, value_of
from ..tensor import Tensor, as_numpy, convert_to_tensor
from .shaping import broadcast_to


def _whole(n: Any, name: str) -> int:
    if isinstance(n, KerasTensor) or n is None:
        raise TypeError(
            f"{name} must be known when a model is made, got {n!r}: give the Input a shape without "
            "None, or put the call into a layer's call"
        )
    return int(value_of(n))


def _shape(shape: Any) -> tuple[int, ...]:
    sizes = shape if isinstance(shape, (tuple, list)) or np.ndim(value_of(shape)) else (shape,)
    return tuple(_whole(n, "shape") for n in sizes)


def _made(array: np.ndarray, dtype: Any = None) -> Tensor:
    return array.astype(dtype or np.float32, copy=False).view(Tensor)


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Tensor:
    """start, start + step, ... below `stop`; of one number 0, 1, ... below it.

    int32 if all are integers, else float32.

    Parameters
    ----------
    start : scalar
        Where it begins.
    stop : scalar, optional
        Where it ends.
    step : scalar, optional
        From one to the next.
    dtype : str or dtype, optional
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.arange.
    """
    given = [value_of(x) for x in (start, stop, step)]
    for name, x in zip(("start", "stop", "step"), given, strict=True):
        if isinstance(x, KerasTensor) or (x is None and name == "start"):
            _whole(x, name)
    numbers: list[Any] = [None if x is None else np.asarray(x).item() for x in given]
    first, last, by = numbers
    first, last = (0, first) if last is None else (first, last)
    found = np.arange(first, last, 1 if by is None else by)
    return _made(found, dtype or (np.int32 if found.dtype.kind in "iub" else np.float32))


def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """Zeros.

    Parameters
    ----------
    shape : tuple of int
        Shape of the values.
    dtype : str or dtype, optional
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.zeros.
    """
    return np.zeros(_shape(shape), dtype or np.float32).view(Tensor)


def ones(shape: Any, dtype: Any = None) -> Tensor:
    """Ones.

    Parameters
    ----------
    shape : tuple of int
        Shape of the values.
    dtype : str or dtype, optional
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.ones.
    """
    return np.ones(_shape(shape), dtype or np.float32).view(Tensor)


def empty(shape: Any, dtype: Any = None) -> Tensor:
    """An array whose numbers do not matter: zeros.

    Parameters
    ----------
    shape : tuple of int
        The shape.
    dtype : str or dtype, optional
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.empty.
    """
    return zeros(shape, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """`fill_value` in every cell; a gradient passes to it.

    Parameters
    ----------
    shape : tuple of int
        The shape.
    fill_value : scalar
        The value.
    dtype : str or dtype, optional
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.full.
    """
    if holds(fill_value, (KerasTensor, Traced)):
        return broadcast_to(fill_value, _shape(shape))
    return np.full(_shape(shape), fill_value, dtype or np.float32).view(Tensor)


def eye(N: Any, M: Any = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Ones on the k-th diagonal of an N x M matrix.

    Parameters
    ----------
    N : int
        Rows.
    M : int, optional
        Columns; None: as many as rows.
    k : int, default 0
        Which diagonal: 0 the main one, above it from 1 on, below it negative.
    dtype : str or dtype, optional
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.eye.
    """
    columns = None if M is None else _whole(M, "M")
    return np.eye(_whole(N, "N"), columns, k, dtype or np.float32).view(Tensor)


def identity(n: Any, dtype: Any = None) -> Tensor:
    """The n x n matrix of the identity.

    Parameters
    ----------
    n : int
        How many, or how often.
    dtype : str or dtype, optional
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.identity.
    """
    return eye(n, dtype=dtype)


def tri(N: Any, M: Any = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Ones on and below the k-th diagonal of an N x M matrix.

    Parameters
    ----------
    N : int
        Rows.
    M : int, optional
        Columns; None: as many as rows.
    k : int, default 0
        Which diagonal: 0 the main one, above it from 1 on, below it negative.
    dtype : str or dtype, optional
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.tri.
    """
    columns = None if M is None else _whole(M, "M")
    return np.tri(_whole(N, "N"), columns, k, dtype or np.float32).view(Tensor)


def linspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`num` numbers from `start` to `stop` at equal distances; with `retstep` and that distance.

    Parameters
    ----------
    start : scalar
        Where it begins.
    stop : scalar
        Where it ends.
    num : int, default 50
        How many numbers.
    endpoint : bool, default True
        Whether `stop` is the last.
    retstep : bool, default False
        Give the distance too.
    dtype : str or dtype, optional
        The dtype of the result.
    axis : int or sequence of int, default 0
        The axis.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.linspace.
    """
    first, last = (np.asarray(value_of(x), np.float64) for x in (start, stop))
    count = _whole(num, "num")
    found, step = np.linspace(first, last, count, endpoint, retstep=True, axis=axis)
    made = _made(found, dtype)
    return (made, _made(np.asarray(step))) if retstep else made


def array(x: Any, dtype: Any = None) -> Any:
    """`x` as a tensor.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    dtype : str or dtype, optional
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.array.
    """
    return convert_to_tensor(x, dtype)


def convert_to_numpy(x: Any) -> np.ndarray:
    """`x` as a plain NumPy array of its own.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.

    Returns
    -------
    numpy.ndarray
        The array.

    Notes
    -----
    Source: keras.ops.convert_to_numpy.
    """
    return np.array(as_numpy(value_of(x)))


def is_tensor(x: Any) -> bool:
    """True for what calls of layers and operations give and take as tensors: not for plain arrays.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.

    Returns
    -------
    bool
        Whether it is one.

    Notes
    -----
    Source: keras.ops.is_tensor.
    """
    return isinstance(x, (Tensor, KerasTensor, Traced))


def dtype(x: Any) -> str:
    """The name of the dtype of `x`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.

    Returns
    -------
    str
        The dtype.

    Notes
    -----
    Source: keras.ops.dtype.
    """
    found = getattr(x, "dtype", None)
    return str(np.asarray(x).dtype if found is None else found)


def size(x: Any) -> int | None:
    """How many cells `x` has; None if a size is unknown.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.

    Returns
    -------
    int
        How many numbers.

    Notes
    -----
    Source: keras.ops.size.
    """
    sizes = np.shape(value_of(x)) if not hasattr(x, "shape") else x.shape
    return None if None in sizes else math.prod(sizes)
