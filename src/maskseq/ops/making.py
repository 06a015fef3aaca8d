"""New arrays: of given shapes, sequences of numbers, and what becomes of tensors outside of models.

They are made at once, also inside of a model that is being recorded: there they are constants.
Source: keras.ops, version 3.15. Floats are float32, integers int32, unless `dtype` says otherwise.
"""

import math
from typing import Any

import numpy as np

from ..context import current
from ..given.numbers import real_numbers
from ..graph.symbols import KerasTensor
from ..nest import holds
from ..numerics import reductions
from ..tape import Traced, value_of
from ..tensor import Tensor, as_numpy, convert_to_tensor
from . import elementwise
from .operation import operation
from .shaping import broadcast_to


def _whole(n: Any, name: str) -> int:
    if isinstance(n, KerasTensor) or n is None:
        raise TypeError(
            f"{name} must be known when a model is made, got {n!r}: give the Input a shape without "
            "None, or put the call into a layer's call"
        )
    return int(real_numbers(np.asarray(value_of(n)), name))


def _shape(shape: Any) -> tuple[int, ...]:
    sizes = shape if isinstance(shape, (tuple, list)) or np.ndim(value_of(shape)) else (shape,)
    return tuple(_whole(n, "shape") for n in sizes)


def _made(array: np.ndarray, dtype: Any = None) -> Tensor:
    return array.astype(dtype or np.float32, copy=False).view(Tensor)


def _tape_for(*numbers: Any) -> Any:
    """The tape that knows one of the numbers; None if none does."""
    tapes = [x.tape for x in numbers if type(x) is Traced]
    tape = current().tape
    known = tape is not None and tape.wants_any(list(numbers))
    return tapes[0] if tapes else tape if known else None


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Tensor:
    """`start`, `start` + `step`, ... below `stop`; of one number 0, 1, ... below it.

    Parameters
    ----------
    start : scalar
        The first number; alone, what the numbers stay below.
    stop : scalar, optional
        What they stay below.
    step : scalar, optional
        From one to the next; None: 1.
    dtype : str or dtype, optional
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        (numbers,); int32 if all arguments are integers, else float32, or `dtype`.

    Raises
    ------
    ZeroDivisionError
        If `step` is 0.

    See Also
    --------
    linspace

    Notes
    -----
    Source: keras.ops.arange.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.arange(4))
    [0 1 2 3]
    >>> print(ops.arange(1, 2, 0.25))
    [1.   1.25 1.5  1.75]
    """
    tape = _tape_for(start, stop, step)
    if tape is not None:
        return tape.call_plain("ops.arange", arange, (start, stop, step, dtype), {})
    given = start, stop, step
    for name, x in zip(("start", "stop", "step"), given, strict=True):
        if isinstance(x, KerasTensor) or (x is None and name == "start"):
            _whole(x, name)
    numbers: list[Any] = [
        None if x is None else real_numbers(np.asarray(x), name).item()
        for name, x in zip(("start", "stop", "step"), given, strict=True)
    ]
    first, last, by = numbers
    first, last = (0, first) if last is None else (first, last)
    found = np.arange(first, last, 1 if by is None else by)
    return _made(found, dtype or (np.int32 if found.dtype.kind in "iub" else np.float32))


def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor of zeros.

    Parameters
    ----------
    shape : int or sequence of int
        The shape.
    dtype : str or dtype, optional
        The dtype; None: float32.

    Returns
    -------
    Tensor or KerasTensor
        `shape`; float32, or `dtype`.

    Raises
    ------
    ValueError
        If a size is negative.

    See Also
    --------
    ones, full, zeros_like

    Notes
    -----
    Source: keras.ops.zeros.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.zeros((2, 3)))
    [[0. 0. 0.]
     [0. 0. 0.]]
    """
    return np.zeros(_shape(shape), dtype or np.float32).view(Tensor)


def ones(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor of ones.

    Parameters
    ----------
    shape : int or sequence of int
        The shape.
    dtype : str or dtype, optional
        The dtype; None: float32.

    Returns
    -------
    Tensor or KerasTensor
        `shape`; float32, or `dtype`.

    Raises
    ------
    ValueError
        If a size is negative.

    See Also
    --------
    zeros, full, ones_like

    Notes
    -----
    Source: keras.ops.ones.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.ones((2, 3)))
    [[1. 1. 1.]
     [1. 1. 1.]]
    """
    return np.ones(_shape(shape), dtype or np.float32).view(Tensor)


def empty(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor whose numbers do not matter; here they are zeros.

    Parameters
    ----------
    shape : int or sequence of int
        The shape.
    dtype : str or dtype, optional
        The dtype; None: float32.

    Returns
    -------
    Tensor or KerasTensor
        `shape`; float32, or `dtype`.

    Raises
    ------
    ValueError
        If a size is negative.

    See Also
    --------
    zeros

    Notes
    -----
    Source: keras.ops.empty.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.empty((2, 2)).shape)
    (2, 2)
    """
    return zeros(shape, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """`fill_value` in every cell; a gradient passes to it.

    Parameters
    ----------
    shape : int or sequence of int
        The shape.
    fill_value : scalar or array_like
        What stands in each cell; it broadcasts to `shape`.
    dtype : str or dtype, optional
        The dtype; None: that of `fill_value`.

    Returns
    -------
    Tensor or KerasTensor
        `shape`; the dtype of `fill_value`, or `dtype`.

    Raises
    ------
    ValueError
        If a size is negative.

    See Also
    --------
    full_like, zeros, ones

    Notes
    -----
    Source: keras.ops.full.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.full((2, 2), 7.5))
    [[7.5 7.5]
     [7.5 7.5]]
    """
    if holds(fill_value, (KerasTensor, Traced)):
        return broadcast_to(fill_value, _shape(shape))
    value = real_numbers(np.asarray(fill_value), "fill_value")
    return np.full(_shape(shape), value, dtype or np.float32).view(Tensor)


def eye(N: Any, M: Any = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Ones on the `k`-th diagonal of a matrix, zeros elsewhere.

    Parameters
    ----------
    N : int
        Rows.
    M : int, optional
        Columns; None: as many as rows.
    k : int, default 0
        Which diagonal: 0 the main one, above it positive, below it negative.
    dtype : str or dtype, optional
        The dtype; None: float32.

    Returns
    -------
    Tensor or KerasTensor
        (N, M); float32, or `dtype`.

    Raises
    ------
    ValueError
        If a size is negative.

    See Also
    --------
    identity, diag, tri

    Notes
    -----
    Source: keras.ops.eye.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.eye(2, 3, k=1))
    [[0. 1. 0.]
     [0. 0. 1.]]
    """
    columns = None if M is None else _whole(M, "M")
    return np.eye(_whole(N, "N"), columns, k, dtype or np.float32).view(Tensor)


def identity(n: Any, dtype: Any = None) -> Tensor:
    """The identity matrix: ones on the diagonal, zeros elsewhere.

    Parameters
    ----------
    n : int
        Rows and columns.
    dtype : str or dtype, optional
        The dtype; None: float32.

    Returns
    -------
    Tensor or KerasTensor
        (n, n); float32, or `dtype`.

    Raises
    ------
    ValueError
        If `n` is negative.

    See Also
    --------
    eye

    Notes
    -----
    Source: keras.ops.identity.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.identity(2))
    [[1. 0.]
     [0. 1.]]
    """
    return eye(n, dtype=dtype)


def tri(N: Any, M: Any = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Ones on and below the `k`-th diagonal of a matrix, zeros above.

    Parameters
    ----------
    N : int
        Rows.
    M : int, optional
        Columns; None: as many as rows.
    k : int, default 0
        Which diagonal: 0 the main one, above it positive, below it negative.
    dtype : str or dtype, optional
        The dtype; None: float32.

    Returns
    -------
    Tensor or KerasTensor
        (N, M); float32, or `dtype`.

    See Also
    --------
    tril, triu, eye

    Notes
    -----
    Source: keras.ops.tri.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.tri(3))
    [[1. 0. 0.]
     [1. 1. 0.]
     [1. 1. 1.]]
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
    """`num` numbers from `start` to `stop` at equal distances.

    Parameters
    ----------
    start : scalar or array_like
        The first number.
    stop : scalar or array_like
        The last, or with `endpoint=False` the one behind it.
    num : int, default 50
        How many numbers.
    endpoint : bool, default True
        Whether `stop` is the last.
    retstep : bool, default False
        Give the distance as well.
    dtype : str or dtype, optional
        The dtype of the result.
    axis : int, default 0
        Where the numbers lie, if `start` and `stop` are arrays.

    Returns
    -------
    Tensor or KerasTensor
        (num, ...) with `num` at `axis`; float32, or `dtype`. With `retstep`, a tuple of it and the
        distance.

    Raises
    ------
    ValueError
        If `num` is negative.

    See Also
    --------
    arange

    Notes
    -----
    Source: keras.ops.linspace.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.linspace(0, 1, 5))
    [0.   0.25 0.5  0.75 1.  ]
    """
    if _tape_for(start, stop) is not None:
        made, step = _linspace(start, stop, num, endpoint, axis)
        made = made if dtype is None else elementwise.cast(made, dtype)
        return (made, step) if retstep else made
    found, step = _evenly(start, stop, num, endpoint, axis)
    made = _made(found, dtype)
    return (made, _made(step)) if retstep else made


def _evenly(start, stop, num, endpoint, axis):
    ends = {"start": start, "stop": stop}
    first, last = (real_numbers(np.asarray(x), name).astype(float) for name, x in ends.items())
    count = _whole(num, "num")
    found, step = np.linspace(first, last, count, endpoint, retstep=True, axis=axis)
    return [found, np.asarray(step)]  # of one number the step is a plain NaN


def _to_stop(d, y, start, stop, num, endpoint, axis):
    """The gradient of the end: of each number the share of the way, of the distance one step's."""
    share, step = np.linspace(0, 1, int(num), endpoint, retstep=True)
    found = np.zeros(np.broadcast_shapes(np.shape(start), np.shape(stop)), np.float32)
    if d[0] is not None:
        found = reductions.reduce(np.moveaxis(d[0], axis, -1) * np.float32(share), "sum", -1)
    return found if d[1] is None else found + d[1] * step


def _to_start(d, y, start, stop, num, endpoint, axis):
    found = -_to_stop(d, y, start, stop, num, endpoint, axis)
    return found if d[0] is None else found + reductions.reduce(d[0], "sum", axis)


_linspace = operation("_Linspace", gradient=(_to_start, _to_stop))(_evenly)


def array(x: Any, dtype: Any = None) -> Any:
    """`x` as a tensor.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    dtype : str or dtype, optional
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; its dtype, float32 for float64, or `dtype`.

    Raises
    ------
    TypeError
        For a numpy.ma array with masked numbers.

    See Also
    --------
    convert_to_tensor, convert_to_numpy

    Notes
    -----
    Source: keras.ops.array.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.array([[1, 2], [3, 4]]))
    [[1 2]
     [3 4]]
    """
    return convert_to_tensor(x, dtype)


def convert_to_numpy(x: Any) -> np.ndarray:
    """`x` as a plain NumPy array in memory of its own.

    Parameters
    ----------
    x : array_like
        Any shape and dtype; no symbolic tensor.

    Returns
    -------
    numpy.ndarray
        The shape and dtype of `x`.

    See Also
    --------
    convert_to_tensor, array

    Notes
    -----
    Source: keras.ops.convert_to_numpy.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(type(ops.convert_to_numpy(ops.ones(2))))
    <class 'numpy.ndarray'>
    """
    return np.array(as_numpy(value_of(x)))


def is_tensor(x: Any) -> bool:
    """True for the tensors that calls of layers and operations give, not for plain arrays.

    Parameters
    ----------
    x : object
        Anything.

    Returns
    -------
    bool
        Whether it is a Tensor, a KerasTensor, or a tensor of a step of training.

    See Also
    --------
    convert_to_tensor

    Notes
    -----
    Source: keras.ops.is_tensor.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.is_tensor(ops.ones(2)))
    True
    >>> print(ops.is_tensor([1, 2]))
    False
    """
    return isinstance(x, (Tensor, KerasTensor, Traced))


def dtype(x: Any) -> str:
    """The name of the dtype of `x`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.

    Returns
    -------
    str
        Such as "float32".

    See Also
    --------
    cast, shape

    Notes
    -----
    Source: keras.ops.dtype.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.dtype(ops.ones(2)))
    float32
    """
    found = getattr(x, "dtype", None)
    return str(np.asarray(x).dtype if found is None else found)


def size(x: Any) -> int | None:
    """How many cells `x` has.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.

    Returns
    -------
    int or None
        The product of its sizes; None if one is unknown.

    See Also
    --------
    shape, ndim

    Notes
    -----
    Source: keras.ops.size.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.size([[1, 2, 3]]))
    3
    """
    sizes = np.shape(value_of(x)) if not hasattr(x, "shape") else x.shape
    return None if None in sizes else math.prod(sizes)
