"""Operations cell by cell: arithmetic, comparisons, logic."""

from collections.abc import Callable

import numpy as np

from .. import _kernels
from ..numerics import extremes
from .operation import Binary, Unary, named_operation, operation


def _name(class_name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in class_name).lstrip("_")


def _unary(class_name: str, function: Callable, doc: str) -> Unary:
    def call(x):
        return function(x)

    return named_operation(class_name, _name(class_name), doc, call)


def _binary(class_name: str, function: Callable, doc: str) -> Binary:
    def call(x1, x2):
        return function(x1, x2)

    return named_operation(class_name, _name(class_name), doc, call)


def _elementary(class_name: str, doc: str) -> Unary:
    """A function of csrc/values/elementary.c: NumPy's give other bits on other CPUs."""
    name = _name(class_name)

    def call(x):
        return _kernels.elementary(np.asarray(x, np.float32), name)

    return named_operation(class_name, name, doc, call)


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


add = _binary("Add", np.add, "x1 + x2.")
subtract = _binary("Subtract", np.subtract, "x1 - x2.")
multiply = _binary("Multiply", np.multiply, "x1 * x2.")
divide = _binary("Divide", np.divide, "x1 / x2.")
true_divide = _binary("TrueDivide", np.divide, "x1 / x2.")
divide_no_nan = _binary("DivideNoNan", _no_nan, "x1 / x2, and 0 where x2 is 0.")
floor_divide = _binary("FloorDivide", np.floor_divide, "The integer below x1 / x2.")
mod = _binary("Mod", np.mod, "x1 modulo x2.")
power = _binary("Power", _power, "x1 ** x2.")
maximum = _binary("Maximum", extremes.maximum, "The larger of x1 and x2.")
minimum = _binary("Minimum", extremes.minimum, "The smaller of x1 and x2.")
arctan2 = _binary("Arctan2", _arctan2, "The angle of the point (x2, x1).")

negative = _unary("Negative", np.negative, "-x.")
absolute = _unary("Absolute", np.absolute, "|x|.")
abs = _unary("Abs", np.absolute, "|x|.")
square = _unary("Square", np.square, "x * x.")
sqrt = _unary("Sqrt", np.sqrt, "Square root.")
rsqrt = _unary("Rsqrt", lambda x: 1 / np.sqrt(x), "1 / square root.")
reciprocal = _unary("Reciprocal", lambda x: np.true_divide(1, x), "1 / x.")
expm1 = _elementary("Expm1", "e ** x - 1, exact near 0.")
log = _elementary("Log", "Natural logarithm.")
log1p = _elementary("Log1p", "log(1 + x), exact near 0.")
log2 = _elementary("Log2", "Logarithm to base 2.")
log10 = _elementary("Log10", "Logarithm to base 10.")
floor = _unary("Floor", np.floor, "The largest integer not above x.")
ceil = _unary("Ceil", np.ceil, "The smallest integer not below x.")
trunc = _unary("Trunc", np.trunc, "x without what stands behind the point.")
sign = _unary("Sign", np.sign, "-1, 0 or 1.")
sin = _elementary("Sin", "Sine.")
cos = _elementary("Cos", "Cosine.")
tan = _elementary("Tan", "Tangent.")
arcsin = _elementary("Arcsin", "Inverse sine.")
arccos = _elementary("Arccos", "Inverse cosine.")
arctan = _elementary("Arctan", "Inverse tangent.")
sinh = _elementary("Sinh", "Hyperbolic sine.")
cosh = _elementary("Cosh", "Hyperbolic cosine.")
erf = _elementary(
    "Erf", "The error function, 2 / sqrt(pi) times the integral of e ** -t ** 2 from 0 to x."
)

equal = _binary("Equal", np.equal, "x1 == x2.")
not_equal = _binary("NotEqual", np.not_equal, "x1 != x2.")
greater = _binary("Greater", np.greater, "x1 > x2.")
greater_equal = _binary("GreaterEqual", np.greater_equal, "x1 >= x2.")
less = _binary("Less", np.less, "x1 < x2.")
less_equal = _binary("LessEqual", np.less_equal, "x1 <= x2.")
isnan = _unary("Isnan", np.isnan, "True where x is NaN.")
isinf = _unary("Isinf", np.isinf, "True where x is infinite.")
isfinite = _unary("Isfinite", np.isfinite, "True where x is neither infinite nor NaN.")
logical_and = _binary("LogicalAnd", np.logical_and, "x1 and x2.")
logical_or = _binary("LogicalOr", np.logical_or, "x1 or x2.")
logical_xor = _binary("LogicalXor", np.logical_xor, "x1 or x2, not both.")
logical_not = _unary("LogicalNot", np.logical_not, "not x.")


@operation("Round", by_equality=True)
def round(x, decimals=0):
    """`x` rounded, halves to even. Source: keras.ops.round."""
    return np.round(x, decimals)


@operation("Clip", by_equality=True)
def clip(x, x_min, x_max):
    """`x` cut to x_min..x_max. Source: keras.ops.clip."""
    return extremes.clip(x, x_min, x_max)


@operation("Where", by_equality=True)
def where(condition, x1=None, x2=None):
    """x1 where `condition`, else x2; without both, the places where it holds.

    Source: keras.ops.where.
    """
    return list(np.where(condition)) if x1 is None and x2 is None else np.where(condition, x1, x2)


@operation("Cast", by_equality=True)
def cast(x, dtype):
    """`x` as `dtype`. Source: keras.ops.cast."""
    return np.asarray(x).astype(dtype)


@operation("OnesLike", by_equality=True)
def ones_like(x, dtype=None):
    """Ones in the shape of `x`. Source: keras.ops.ones_like."""
    return np.ones_like(x, dtype=dtype)


@operation("ZerosLike", by_equality=True)
def zeros_like(x, dtype=None):
    """Zeros in the shape of `x`. Source: keras.ops.zeros_like."""
    return np.zeros_like(x, dtype=dtype)


@operation("FullLike", by_equality=True)
def full_like(x, fill_value, dtype=None):
    """`fill_value` in the shape of `x`. Source: keras.ops.full_like."""
    return np.full_like(x, fill_value, dtype=dtype)


@operation("StopGradient", by_equality=True)
def stop_gradient(variable):
    """`variable`; in training no gradient passes. Source: keras.ops.stop_gradient."""
    return variable
