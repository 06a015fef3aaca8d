"""Operations cell by cell: arithmetic, comparisons, logic."""

from collections.abc import Callable

import numpy as np

from .. import _kernels
from ..numerics import extremes
from ..tensor import convert_to_tensor
from .operation import Binary, Unary, named_operation, operation
from .recording import NO_GRADIENT, Gradients
from .steps import of_cells, on_steps, where_cells


def _name(class_name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in class_name).lstrip("_")


def _unary(class_name: str, function: Callable, gradient: Gradients) -> Unary:
    def call(x):
        return function(x)

    return named_operation(class_name, _name(class_name), call, gradient)


def _binary(class_name: str, function: Callable, *gradient: Callable) -> Binary:
    def call(x1, x2):
        return function(x1, x2)

    return named_operation(class_name, _name(class_name), call, gradient)


def _elementary(class_name: str, gradient: Gradients) -> Unary:
    """A function of csrc/values/elementary.c: NumPy's give other bits on other CPUs."""
    name = _name(class_name)

    def call(x):
        return _of(x, name)

    return named_operation(class_name, name, call, gradient)


def _of(x, name):
    return _kernels.elementary(np.asarray(x, np.float32), name)


def _pair(x1, x2, name):
    """The same of two numbers, broadcast."""
    x1, x2 = np.asarray(x1, np.float32), np.asarray(x2, np.float32)
    if x1.ndim and x2.ndim and x1.shape != x2.shape:
        x1, x2 = np.broadcast_arrays(x1, x2)
    return _kernels.elementary_pair(x1, x2, name)


def _power(x1, x2):
    given = (x if np.isscalar(x) else np.asarray(x) for x in (x1, x2))
    if np.result_type(*given).kind in "biu":
        return np.power(x1, x2)
    return _pair(x1, x2, "power")


def _arctan2(x1, x2):
    return _pair(x1, x2, "arctan2")


def _sqrt(x):
    """In float32 at least: NumPy's is float16 for integers of a byte."""
    x = np.asarray(x)
    return np.sqrt(x.astype(np.float32) if x.itemsize == 1 else x)


def _no_nan(x1, x2):
    x1, x2 = np.broadcast_arrays(np.asarray(x1, np.float32), np.asarray(x2, np.float32))
    return np.divide(x1, x2, out=np.zeros_like(x1), where=x2 != 0)


def _to_x1(d, y, x1, x2):
    """The gradient of the larger of two, or the smaller: where they are equal, half for each."""
    return d * (0.5 * ((y == x1).astype(np.float32) + (y != x2)))


def _to_x2(d, y, x1, x2):
    return d * (0.5 * ((y == x2).astype(np.float32) + (y != x1)))


def _to_base(d, y, x1, x2):
    return d * np.where(x2 == 0, np.float32(0), x2 * _pair(x1, np.subtract(x2, 1), "power"))


def _to_exponent(d, y, x1, x2):
    positive = np.asarray(x1, np.float32) > 0
    return d * np.where(positive, y * _of(np.where(positive, x1, 1), "log"), np.float32(0))


def _over_length(d, x1, x2):
    """d / (x1 ** 2 + x2 ** 2)."""
    return d / (np.square(x1) + np.square(x2))


_TWO_BY_ROOT_PI = np.float32(1.1283791670955126)
_LOG_2, _LOG_10 = 0.6931471805599453, 2.302585092994046

add = _binary("Add", np.add, lambda d, y, x1, x2: d, lambda d, y, x1, x2: d)
subtract = _binary("Subtract", np.subtract, lambda d, y, x1, x2: d, lambda d, y, x1, x2: -d)
multiply = _binary(
    "Multiply", np.multiply, lambda d, y, x1, x2: d * x2, lambda d, y, x1, x2: d * x1
)
_QUOTIENT = (lambda d, y, x1, x2: d / x2, lambda d, y, x1, x2: -d * y / x2)
divide = _binary("Divide", np.divide, *_QUOTIENT)
true_divide = _binary("TrueDivide", np.divide, *_QUOTIENT)
divide_no_nan = _binary(
    "DivideNoNan",
    _no_nan,
    lambda d, y, x1, x2: _no_nan(d, x2),
    lambda d, y, x1, x2: _no_nan(-d * y, x2),
)
floor_divide = _binary("FloorDivide", np.floor_divide)
mod = _binary(
    "Mod", np.mod, lambda d, y, x1, x2: d, lambda d, y, x1, x2: -d * np.floor_divide(x1, x2)
)
power = _binary("Power", _power, _to_base, _to_exponent)
maximum = _binary("Maximum", extremes.maximum, _to_x1, _to_x2)
minimum = _binary("Minimum", extremes.minimum, _to_x1, _to_x2)
arctan2 = _binary(
    "Arctan2",
    _arctan2,
    lambda d, y, x1, x2: _over_length(d, x1, x2) * x2,
    lambda d, y, x1, x2: -_over_length(d, x1, x2) * x1,
)

negative = _unary("Negative", np.negative, lambda d, y, x: -d)
absolute = _unary("Absolute", np.absolute, lambda d, y, x: d * np.sign(x))
abs = _unary("Abs", np.absolute, lambda d, y, x: d * np.sign(x))
square = _unary("Square", np.square, lambda d, y, x: 2 * d * x)
sqrt = _unary("Sqrt", _sqrt, lambda d, y, x: d / (2 * y))
rsqrt = _unary("Rsqrt", lambda x: 1 / _sqrt(x), lambda d, y, x: -0.5 * d * (y * y * y))
reciprocal = _unary("Reciprocal", lambda x: np.true_divide(1, x), lambda d, y, x: -d * (y * y))
expm1 = _elementary("Expm1", lambda d, y, x: d * (y + 1))
log = _elementary("Log", lambda d, y, x: d / x)
log1p = _elementary("Log1p", lambda d, y, x: d / (1 + x))
log2 = _elementary("Log2", lambda d, y, x: d / (x * _LOG_2))
log10 = _elementary("Log10", lambda d, y, x: d / (x * _LOG_10))
floor = _unary("Floor", np.floor, NO_GRADIENT)
ceil = _unary("Ceil", np.ceil, NO_GRADIENT)
trunc = _unary("Trunc", np.trunc, NO_GRADIENT)
sign = _unary("Sign", np.sign, NO_GRADIENT)
sin = _elementary("Sin", lambda d, y, x: d * _of(x, "cos"))
cos = _elementary("Cos", lambda d, y, x: -d * _of(x, "sin"))
tan = _elementary("Tan", lambda d, y, x: d * (1 + y * y))
arcsin = _elementary("Arcsin", lambda d, y, x: d / np.sqrt((1 - x) * (1 + x)))
arccos = _elementary("Arccos", lambda d, y, x: -d / np.sqrt((1 - x) * (1 + x)))
arctan = _elementary("Arctan", lambda d, y, x: d / (1 + x * x))
sinh = _elementary("Sinh", lambda d, y, x: d * _of(x, "cosh"))
cosh = _elementary("Cosh", lambda d, y, x: d * _of(x, "sinh"))
erf = _elementary(
    "Erf", lambda d, y, x: d * (_TWO_BY_ROOT_PI * _kernels.activation(-x * x, "exponential"))
)

equal = _binary("Equal", np.equal)
not_equal = _binary("NotEqual", np.not_equal)
greater = _binary("Greater", np.greater)
greater_equal = _binary("GreaterEqual", np.greater_equal)
less = _binary("Less", np.less)
less_equal = _binary("LessEqual", np.less_equal)
isnan = _unary("Isnan", np.isnan, NO_GRADIENT)
isinf = _unary("Isinf", np.isinf, NO_GRADIENT)
isfinite = _unary("Isfinite", np.isfinite, NO_GRADIENT)
logical_and = _binary("LogicalAnd", np.logical_and)
logical_or = _binary("LogicalOr", np.logical_or)
logical_xor = _binary("LogicalXor", np.logical_xor)
logical_not = _unary("LogicalNot", np.logical_not, NO_GRADIENT)

fmod = _binary(
    "Fmod", np.fmod, lambda d, y, x1, x2: d, lambda d, y, x1, x2: -d * np.trunc(np.divide(x1, x2))
)


def _bits(class_name: str, function: Callable) -> Binary:
    def call(x, y):
        return function(x, y)

    return named_operation(class_name, _name(class_name), call, NO_GRADIENT)


bitwise_and = _bits("BitwiseAnd", np.bitwise_and)
bitwise_or = _bits("BitwiseOr", np.bitwise_or)
bitwise_xor = _bits("BitwiseXor", np.bitwise_xor)
bitwise_left_shift = _bits("BitwiseLeftShift", np.left_shift)
bitwise_right_shift = _bits("BitwiseRightShift", np.right_shift)
bitwise_not = _unary("BitwiseNot", np.bitwise_not, NO_GRADIENT)
bitwise_invert = _unary("BitwiseInvert", np.bitwise_not, NO_GRADIENT)
left_shift, right_shift = bitwise_left_shift, bitwise_right_shift


@of_cells
@operation("Round", by_equality=True, gradient=NO_GRADIENT)
def round(x, decimals=0):
    """The nearest number with `decimals` digits behind the point; halves go to the even one.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    decimals : int, default 0
        How many digits behind the point; negative: tens, hundreds, ...

    Returns
    -------
    Tensor or KerasTensor
        The shape and dtype of `x`, float32 for float64.

    See Also
    --------
    floor, ceil, trunc

    Notes
    -----
    Source: keras.ops.round.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.round([0.5, 1.5, 2.567]))
    [0. 2. 3.]
    >>> print(ops.round([2.567], decimals=1))
    [2.6]
    """
    return np.round(x, decimals)


@of_cells
@operation(
    "Clip",
    by_equality=True,
    gradient=(
        lambda d, y, x, x_min, x_max: d * ((x >= x_min) & (x <= x_max)),
        lambda d, y, x, x_min, x_max: d * ((x < x_min) & np.less_equal(x_min, x_max)),
        lambda d, y, x, x_min, x_max: d * ((x > x_max) | np.greater(x_min, x_max)),
    ),
)
def clip(x, x_min, x_max):
    """`x`, `x_min` where it is below that and `x_max` where it is above.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    x_min : scalar or array_like
        The smallest value.
    x_max : scalar or array_like
        The largest value.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`, broadcast against the bounds; the dtype of `x`.

    Raises
    ------
    ValueError
        If the shapes do not broadcast against each other.

    See Also
    --------
    minimum, maximum, relu6

    Notes
    -----
    Source: keras.ops.clip.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.clip([-3.0, 0.5, 9.0], -1, 1))
    [-1.   0.5  1. ]
    """
    return extremes.clip(x, x_min, x_max)


def _where_true(d, y, condition, x1, x2):
    return np.where(condition, d, np.float32(0))


def _where_false(d, y, condition, x1, x2):
    return np.where(condition, np.float32(0), d)


@on_steps(where_cells)
@operation("Where", by_equality=True, gradient=(None, _where_true, _where_false))
def where(condition, x1=None, x2=None):
    """`x1` where `condition` holds, else `x2`; without both, the places where it holds.

    Parameters
    ----------
    condition : array_like of bool
        Where to take from `x1`.
    x1 : array_like or KerasTensor, optional
        What to take where it holds.
    x2 : array_like or KerasTensor, optional
        What to take elsewhere.

    Returns
    -------
    Tensor or KerasTensor
        The broadcast shape and the dtype that NumPy gives `x1` and `x2`; without both a list of
        int64 (places,), one for each axis.

    Raises
    ------
    ValueError
        If the shapes do not broadcast against each other.

    See Also
    --------
    select, nonzero

    Notes
    -----
    Source: keras.ops.where.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.where([True, False, True], [1, 2, 3], 0))
    [1 0 3]
    """
    return list(np.where(condition)) if x1 is None and x2 is None else np.where(condition, x1, x2)


@of_cells
@operation("Cast", by_equality=True, gradient=lambda d, y, x, dtype: d)
def cast(x, dtype):
    """`x` with another dtype; of floats as integers, without their fraction.

    Parameters
    ----------
    x : array_like or KerasTensor
        Any shape and dtype.
    dtype : str or dtype
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; `dtype`, float32 for float64.

    Raises
    ------
    TypeError
        If `dtype` is no dtype.

    See Also
    --------
    saturate_cast, convert_to_tensor

    Notes
    -----
    Source: keras.ops.cast.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.cast([1.7, -1.7], "int32"))
    [ 1 -1]
    """
    return np.asarray(x).astype(dtype)


@of_cells
@operation("OnesLike", by_equality=True, gradient=NO_GRADIENT)
def ones_like(x, dtype=None):
    """Ones in the shape of `x`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Its shape and dtype are taken, its numbers do not matter.
    dtype : str or dtype, optional
        The dtype of the result; None: that of `x`.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; its dtype, or `dtype`.

    See Also
    --------
    full_like, zeros_like

    Notes
    -----
    Source: keras.ops.ones_like.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.ones_like([[1.5, 2.5]]))
    [[1. 1.]]
    """
    return np.ones_like(x, dtype=dtype)


@of_cells
@operation("ZerosLike", by_equality=True, gradient=NO_GRADIENT)
def zeros_like(x, dtype=None):
    """Zeros in the shape of `x`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Its shape and dtype are taken, its numbers do not matter.
    dtype : str or dtype, optional
        The dtype of the result; None: that of `x`.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; its dtype, or `dtype`.

    See Also
    --------
    full_like, ones_like

    Notes
    -----
    Source: keras.ops.zeros_like.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.zeros_like([[1.5, 2.5]]))
    [[0. 0.]]
    """
    return np.zeros_like(x, dtype=dtype)


@of_cells
@operation(
    "FullLike", by_equality=True, gradient=(NO_GRADIENT, lambda d, y, x, fill_value, dtype: d)
)
def full_like(x, fill_value, dtype=None):
    """`fill_value` in every cell of a tensor of the shape of `x`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Its shape and dtype are taken, its numbers do not matter.
    fill_value : scalar or array_like
        What stands in each cell.
    dtype : str or dtype, optional
        The dtype of the result; None: that of `x`.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; its dtype, or `dtype`.

    See Also
    --------
    full, ones_like, zeros_like

    Notes
    -----
    Source: keras.ops.full_like.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.full_like([[1, 2]], 7))
    [[7 7]]
    """
    return np.full_like(x, fill_value, dtype=dtype)


@of_cells
@operation("StopGradient", by_equality=True, gradient=NO_GRADIENT)
def stop_gradient(variable):
    """The tensor itself, which no gradient passes in training.

    Parameters
    ----------
    variable : Variable, array_like or KerasTensor
        Any shape and dtype.

    Returns
    -------
    Tensor or KerasTensor
        The shape and dtype of `variable`.

    See Also
    --------
    copy

    Notes
    -----
    Source: keras.ops.stop_gradient.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.stop_gradient(ops.array([1.0, 2.0])))
    [1. 2.]
    """
    return variable


@operation("ConvertToTensor", by_equality=True, gradient=lambda d, y, x, dtype, sparse, ragged: d)
def _as_tensor(x, dtype=None, sparse=None, ragged=None):
    """`x` as it is, or as `dtype`: where a recorded graph converted a tensor."""
    return convert_to_tensor(x, dtype)
