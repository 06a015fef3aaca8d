"""Operations cell by cell: arithmetic, comparisons, logic."""

from collections.abc import Callable

import numpy as np

from .. import _kernels
from ..numerics import extremes
from .operation import Binary, Unary, named_operation, operation
from .recording import NO_GRADIENT, Gradients


def _name(class_name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in class_name).lstrip("_")


def _unary(class_name: str, function: Callable, doc: str, gradient: Gradients) -> Unary:
    def call(x):
        return function(x)

    return named_operation(class_name, _name(class_name), doc, call, gradient)


def _binary(class_name: str, function: Callable, doc: str, *gradient: Callable) -> Binary:
    def call(x1, x2):
        return function(x1, x2)

    return named_operation(class_name, _name(class_name), doc, call, gradient)


def _elementary(class_name: str, doc: str, gradient: Gradients) -> Unary:
    """A function of csrc/values/elementary.c: NumPy's give other bits on other CPUs."""
    name = _name(class_name)

    def call(x):
        return _of(x, name)

    return named_operation(class_name, name, doc, call, gradient)


def _of(x, name):
    return _kernels.elementary(np.asarray(x, np.float32), name)


def _pair(x1, x2, name):
    """The same of two numbers, broadcast."""
    x1, x2 = np.asarray(x1, np.float32), np.asarray(x2, np.float32)
    if x1.ndim and x2.ndim and x1.shape != x2.shape:
        x1, x2 = np.broadcast_arrays(x1, x2)
    return _kernels.elementary_pair(x1, x2, name)


def _power(x1, x2):
    if np.result_type(x1, x2).kind in "biu":
        return np.power(x1, x2)
    return _pair(x1, x2, "power")


def _arctan2(x1, x2):
    return _pair(x1, x2, "arctan2")


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

add = _binary("Add", np.add, "x1 + x2.", lambda d, y, x1, x2: d, lambda d, y, x1, x2: d)
subtract = _binary(
    "Subtract", np.subtract, "x1 - x2.", lambda d, y, x1, x2: d, lambda d, y, x1, x2: -d
)
multiply = _binary(
    "Multiply", np.multiply, "x1 * x2.", lambda d, y, x1, x2: d * x2, lambda d, y, x1, x2: d * x1
)
_QUOTIENT = (lambda d, y, x1, x2: d / x2, lambda d, y, x1, x2: -d * y / x2)
divide = _binary("Divide", np.divide, "x1 / x2.", *_QUOTIENT)
true_divide = _binary("TrueDivide", np.divide, "x1 / x2.", *_QUOTIENT)
divide_no_nan = _binary(
    "DivideNoNan",
    _no_nan,
    "x1 / x2, and 0 where x2 is 0.",
    lambda d, y, x1, x2: _no_nan(d, x2),
    lambda d, y, x1, x2: _no_nan(-d * y, x2),
)
floor_divide = _binary("FloorDivide", np.floor_divide, "The integer below x1 / x2.")
mod = _binary(
    "Mod",
    np.mod,
    "x1 modulo x2.",
    lambda d, y, x1, x2: d,
    lambda d, y, x1, x2: -d * np.floor_divide(x1, x2),
)
power = _binary("Power", _power, "x1 ** x2.", _to_base, _to_exponent)
maximum = _binary("Maximum", extremes.maximum, "The larger of x1 and x2.", _to_x1, _to_x2)
minimum = _binary("Minimum", extremes.minimum, "The smaller of x1 and x2.", _to_x1, _to_x2)
arctan2 = _binary(
    "Arctan2",
    _arctan2,
    "The angle of the point (x2, x1).",
    lambda d, y, x1, x2: _over_length(d, x1, x2) * x2,
    lambda d, y, x1, x2: -_over_length(d, x1, x2) * x1,
)

negative = _unary("Negative", np.negative, "-x.", lambda d, y, x: -d)
absolute = _unary("Absolute", np.absolute, "`|x|`.", lambda d, y, x: d * np.sign(x))
abs = _unary("Abs", np.absolute, "`|x|`.", lambda d, y, x: d * np.sign(x))
square = _unary("Square", np.square, "x * x.", lambda d, y, x: 2 * d * x)
sqrt = _unary("Sqrt", np.sqrt, "Square root.", lambda d, y, x: d / (2 * y))
rsqrt = _unary(
    "Rsqrt",
    lambda x: 1 / np.sqrt(x),
    "1 / square root.",
    lambda d, y, x: -0.5 * d * (y * y * y),
)
reciprocal = _unary(
    "Reciprocal", lambda x: np.true_divide(1, x), "1 / x.", lambda d, y, x: -d * (y * y)
)
expm1 = _elementary("Expm1", "e ** x - 1, exact near 0.", lambda d, y, x: d * (y + 1))
log = _elementary("Log", "Natural logarithm.", lambda d, y, x: d / x)
log1p = _elementary("Log1p", "log(1 + x), exact near 0.", lambda d, y, x: d / (1 + x))
log2 = _elementary("Log2", "Logarithm to base 2.", lambda d, y, x: d / (x * _LOG_2))
log10 = _elementary("Log10", "Logarithm to base 10.", lambda d, y, x: d / (x * _LOG_10))
floor = _unary("Floor", np.floor, "The largest integer not above x.", NO_GRADIENT)
ceil = _unary("Ceil", np.ceil, "The smallest integer not below x.", NO_GRADIENT)
trunc = _unary("Trunc", np.trunc, "x without what stands behind the point.", NO_GRADIENT)
sign = _unary("Sign", np.sign, "-1, 0 or 1.", NO_GRADIENT)
sin = _elementary("Sin", "Sine.", lambda d, y, x: d * _of(x, "cos"))
cos = _elementary("Cos", "Cosine.", lambda d, y, x: -d * _of(x, "sin"))
tan = _elementary("Tan", "Tangent.", lambda d, y, x: d * (1 + y * y))
arcsin = _elementary("Arcsin", "Inverse sine.", lambda d, y, x: d / np.sqrt((1 - x) * (1 + x)))
arccos = _elementary("Arccos", "Inverse cosine.", lambda d, y, x: -d / np.sqrt((1 - x) * (1 + x)))
arctan = _elementary("Arctan", "Inverse tangent.", lambda d, y, x: d / (1 + x * x))
sinh = _elementary("Sinh", "Hyperbolic sine.", lambda d, y, x: d * _of(x, "cosh"))
cosh = _elementary("Cosh", "Hyperbolic cosine.", lambda d, y, x: d * _of(x, "sinh"))
erf = _elementary(
    "Erf",
    "The error function, 2 / sqrt(pi) times the integral of e ** -t ** 2 from 0 to x.",
    lambda d, y, x: d * (_TWO_BY_ROOT_PI * _kernels.activation(-x * x, "exponential")),
)

equal = _binary("Equal", np.equal, "x1 == x2.")
not_equal = _binary("NotEqual", np.not_equal, "x1 != x2.")
greater = _binary("Greater", np.greater, "x1 > x2.")
greater_equal = _binary("GreaterEqual", np.greater_equal, "x1 >= x2.")
less = _binary("Less", np.less, "x1 < x2.")
less_equal = _binary("LessEqual", np.less_equal, "x1 <= x2.")
isnan = _unary("Isnan", np.isnan, "True where x is NaN.", NO_GRADIENT)
isinf = _unary("Isinf", np.isinf, "True where x is infinite.", NO_GRADIENT)
isfinite = _unary("Isfinite", np.isfinite, "True where x is neither infinite nor NaN.", NO_GRADIENT)
logical_and = _binary("LogicalAnd", np.logical_and, "x1 and x2.")
logical_or = _binary("LogicalOr", np.logical_or, "x1 or x2.")
logical_xor = _binary("LogicalXor", np.logical_xor, "x1 or x2, not both.")
logical_not = _unary("LogicalNot", np.logical_not, "not x.", NO_GRADIENT)

fmod = _binary(
    "Fmod",
    np.fmod,
    "The rest of x1 / x2, with the sign of x1.",
    lambda d, y, x1, x2: d,
    lambda d, y, x1, x2: -d * np.trunc(np.divide(x1, x2)),
)


def _bits(class_name: str, function: Callable, doc: str) -> Binary:
    def call(x, y):
        return function(x, y)

    return named_operation(class_name, _name(class_name), doc, call, NO_GRADIENT)


bitwise_and = _bits("BitwiseAnd", np.bitwise_and, "The bits that are in both.")
bitwise_or = _bits("BitwiseOr", np.bitwise_or, "The bits that are in x or y.")
bitwise_xor = _bits("BitwiseXor", np.bitwise_xor, "The bits that are in x or y, not both.")
bitwise_left_shift = _bits("BitwiseLeftShift", np.left_shift, "x times 2 ** y.")
bitwise_right_shift = _bits("BitwiseRightShift", np.right_shift, "x over 2 ** y, rounded down.")
bitwise_not = _unary("BitwiseNot", np.bitwise_not, "The other bits.", NO_GRADIENT)
bitwise_invert = _unary("BitwiseInvert", np.bitwise_not, "The other bits.", NO_GRADIENT)
left_shift, right_shift = bitwise_left_shift, bitwise_right_shift


@operation("Round", by_equality=True, gradient=NO_GRADIENT)
def round(x, decimals=0):
    """`x` rounded, halves to even.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    decimals : int, default 0
        How many digits behind the point.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.round.
    """
    return np.round(x, decimals)


@operation(
    "Clip",
    by_equality=True,
    gradient=lambda d, y, x, x_min, x_max: d * ((x >= x_min) & (x <= x_max)),
)
def clip(x, x_min, x_max):
    """`x` cut to x_min..x_max.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    x_min : scalar
        Smallest value.
    x_max : scalar
        Largest value.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.clip.
    """
    return extremes.clip(x, x_min, x_max)


def _where_true(d, y, condition, x1, x2):
    return np.where(condition, d, np.float32(0))


def _where_false(d, y, condition, x1, x2):
    return np.where(condition, np.float32(0), d)


@operation("Where", by_equality=True, gradient=(None, _where_true, _where_false))
def where(condition, x1=None, x2=None):
    """x1 where `condition`, else x2; without both, the places where it holds.

    Parameters
    ----------
    condition : array_like of bool
        Where to take from the first.
    x1 : array_like or KerasTensor, optional
        The first tensor.
    x2 : array_like or KerasTensor, optional
        The second, which broadcasts against it.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.where.
    """
    return list(np.where(condition)) if x1 is None and x2 is None else np.where(condition, x1, x2)


@operation("Cast", by_equality=True, gradient=lambda d, y, x, dtype: d)
def cast(x, dtype):
    """`x` as `dtype`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    dtype : str or dtype
        The dtype of the result.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.cast.
    """
    return np.asarray(x).astype(dtype)


@operation("OnesLike", by_equality=True, gradient=NO_GRADIENT)
def ones_like(x, dtype=None):
    """Ones in the shape of `x`.

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
    Source: keras.ops.ones_like.
    """
    return np.ones_like(x, dtype=dtype)


@operation("ZerosLike", by_equality=True, gradient=NO_GRADIENT)
def zeros_like(x, dtype=None):
    """Zeros in the shape of `x`.

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
    Source: keras.ops.zeros_like.
    """
    return np.zeros_like(x, dtype=dtype)


@operation("FullLike", by_equality=True, gradient=NO_GRADIENT)
def full_like(x, fill_value, dtype=None):
    """`fill_value` in the shape of `x`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
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
    Source: keras.ops.full_like.
    """
    return np.full_like(x, fill_value, dtype=dtype)


@operation("StopGradient", by_equality=True, gradient=NO_GRADIENT)
def stop_gradient(variable):
    """`variable`; in training no gradient passes.

    Parameters
    ----------
    variable : Variable or array
        The tensor.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.stop_gradient.
    """
    return variable
