"""Array functions that work on arrays and on symbolic tensors alike, under keras.ops' names.

As in Keras, the result of an operation carries no mask. Results are float32 where NumPy would
give float64.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import _kernels
from .graph import KerasTensor, Node, Operation, is_symbolic
from .nest import map_structure
from .probe import output_spec
from .tensor import Tensor, get_keras_mask
from .tensor import convert_to_tensor as convert_to_tensor

OPERATIONS: dict[str, Callable[..., Any]] = {}
"""Keras's class name of an operation -> the function here. The closed table for model files."""


def _array(leaf: Any) -> Any:
    return np.asarray(leaf) if isinstance(leaf, np.ndarray) or hasattr(leaf, "__array__") else leaf


def _tensor(leaf: Any) -> Any:
    if isinstance(leaf, (np.ndarray, np.generic)):
        array = np.asarray(leaf)
        return array.astype(np.float32 if array.dtype == np.float64 else array.dtype, copy=False)
    return leaf


def _record(class_name: str, function: Callable, args: tuple, kwargs: dict) -> Any:
    outputs = output_spec(function, args, kwargs)
    Node(Operation(class_name, function), args, kwargs, outputs)
    return outputs


def operation(class_name: str) -> Callable:
    """Make a NumPy function an operation: recorded on symbolic tensors, run at once on arrays."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if is_symbolic([args, kwargs]):
                return _record(class_name, call, args, kwargs)
            args, kwargs = map_structure(_array, args), map_structure(_array, kwargs)
            result = map_structure(_tensor, function(*args, **kwargs))
            return map_structure(lambda x: x.view(Tensor), result)

        OPERATIONS[class_name] = call
        return call

    return decorate


def _elementwise(class_name: str, function: np.ufunc, doc: str) -> Callable:
    if function.nin == 1:

        def call(x):
            return function(x)
    else:

        def call(x1, x2):
            return function(x1, x2)

    call.__name__ = call.__qualname__ = "".join(
        f"_{c.lower()}" if c.isupper() else c for c in class_name
    ).lstrip("_")
    call.__doc__ = f"{doc} Source: keras.ops.{call.__name__}."
    return operation(class_name)(call)


add = _elementwise("Add", np.add, "x1 + x2.")
subtract = _elementwise("Subtract", np.subtract, "x1 - x2.")
multiply = _elementwise("Multiply", np.multiply, "x1 * x2.")
divide = _elementwise("Divide", np.divide, "x1 / x2.")
true_divide = _elementwise("TrueDivide", np.divide, "x1 / x2.")
power = _elementwise("Power", np.power, "x1 ** x2.")
mod = _elementwise("Mod", np.mod, "x1 modulo x2.")
maximum = _elementwise("Maximum", np.maximum, "The larger of x1 and x2, cell by cell.")
minimum = _elementwise("Minimum", np.minimum, "The smaller of x1 and x2, cell by cell.")
negative = _elementwise("Negative", np.negative, "-x.")
absolute = _elementwise("Absolute", np.absolute, "|x|.")
abs = _elementwise("Abs", np.absolute, "|x|.")
square = _elementwise("Square", np.square, "x * x.")
sqrt = _elementwise("Sqrt", np.sqrt, "Square root.")
log = _elementwise("Log", np.log, "Natural logarithm.")
floor = _elementwise("Floor", np.floor, "The largest integer not above x.")
sign = _elementwise("Sign", np.sign, "-1, 0 or 1.")
equal = _elementwise("Equal", np.equal, "x1 == x2.")
not_equal = _elementwise("NotEqual", np.not_equal, "x1 != x2.")
greater = _elementwise("Greater", np.greater, "x1 > x2.")
greater_equal = _elementwise("GreaterEqual", np.greater_equal, "x1 >= x2.")
less = _elementwise("Less", np.less, "x1 < x2.")
less_equal = _elementwise("LessEqual", np.less_equal, "x1 <= x2.")
logical_and = _elementwise("LogicalAnd", np.logical_and, "x1 and x2.")
logical_or = _elementwise("LogicalOr", np.logical_or, "x1 or x2.")
logical_xor = _elementwise("LogicalXor", np.logical_xor, "x1 or x2, not both.")
logical_not = _elementwise("LogicalNot", np.logical_not, "not x.")
isnan = _elementwise("Isnan", np.isnan, "True where x is NaN.")


def _activation(class_name: str, name: str, doc: str) -> Callable:
    def call(x):
        return _kernels.activation(x, name)

    call.__name__ = call.__qualname__ = name if name != "exponential" else "exp"
    call.__doc__ = f"{doc} Source: keras.ops.{call.__name__}."
    return operation(class_name)(call)


exp = _activation("Exp", "exponential", "e ** x.")
tanh = _activation("Tanh", "tanh", "Hyperbolic tangent.")
sigmoid = _activation("Sigmoid", "sigmoid", "1 / (1 + e ** -x).")
relu = _activation("Relu", "relu", "max(x, 0).")


@operation("Matmul")
def matmul(x1, x2):
    """Matrix product. A fixed order of additions: rows do not depend on one another's number."""
    x1, x2 = np.asarray(x1, np.float32), np.asarray(x2, np.float32)
    if x2.ndim == 2:
        packed = _kernels.PackedDense(x2, None)
        return _kernels.dense(x1.reshape(-1, x1.shape[-1]), packed).reshape(
            *x1.shape[:-1], x2.shape[-1]
        )
    return np.einsum("...ij,...jk->...ik", x1, x2)


@operation("Any")
def any(x, axis=None, keepdims=False):
    """True where any element along `axis` is. Source: keras.ops.any."""
    return np.any(x, axis=axis, keepdims=keepdims)


@operation("All")
def all(x, axis=None, keepdims=False):
    """True where all elements along `axis` are. Source: keras.ops.all."""
    return np.all(x, axis=axis, keepdims=keepdims)


@operation("Sum")
def sum(x, axis=None, keepdims=False):
    """Sum along `axis`. Source: keras.ops.sum."""
    return np.sum(x, axis=axis, keepdims=keepdims)


@operation("Mean")
def mean(x, axis=None, keepdims=False):
    """Mean along `axis`. Source: keras.ops.mean."""
    return np.mean(x, axis=axis, keepdims=keepdims)


@operation("Max")
def max(x, axis=None, keepdims=False):
    """Maximum along `axis`. Source: keras.ops.max."""
    return np.max(x, axis=axis, keepdims=keepdims)


@operation("Min")
def min(x, axis=None, keepdims=False):
    """Minimum along `axis`. Source: keras.ops.min."""
    return np.min(x, axis=axis, keepdims=keepdims)


@operation("Softmax")
def softmax(x, axis=-1):
    """Softmax along `axis`. Source: keras.ops.softmax."""
    moved = np.moveaxis(np.asarray(x, np.float32), axis, -1)
    rows = np.ascontiguousarray(moved).reshape(-1, moved.shape[-1])
    return np.moveaxis(_kernels.masked_softmax(rows).reshape(moved.shape), -1, axis)


@operation("Where")
def where(condition, x1, x2):
    """x1 where `condition`, else x2. Source: keras.ops.where."""
    return np.where(condition, x1, x2)


@operation("Cast")
def cast(x, dtype):
    """`x` as `dtype`. Source: keras.ops.cast."""
    return np.asarray(x).astype(dtype)


@operation("Concatenate")
def concatenate(xs, axis=-1):
    """Arrays joined along `axis`. Source: keras.ops.concatenate."""
    return np.concatenate(xs, axis=axis)


@operation("Stack")
def stack(xs, axis=0):
    """Arrays joined along a new `axis`. Source: keras.ops.stack."""
    return np.stack(xs, axis=axis)


@operation("Split")
def split(x, indices_or_sections, axis=0):
    """`x` cut along `axis` into equal parts or at given places. Source: keras.ops.split."""
    return np.split(x, indices_or_sections, axis=axis)


@operation("Reshape")
def reshape(x, newshape):
    """`x` in another shape. Source: keras.ops.reshape."""
    return np.reshape(x, newshape)


@operation("Transpose")
def transpose(x, axes=None):
    """`x` with its axes in another order. Source: keras.ops.transpose."""
    return np.transpose(x, axes)


@operation("Flip")
def flip(x, axis=None):
    """`x` with `axis` reversed. Source: keras.ops.flip."""
    return np.flip(x, axis)


@operation("ExpandDims")
def expand_dims(x, axis):
    """`x` with a new axis of size 1. Source: keras.ops.expand_dims."""
    return np.expand_dims(x, axis)


@operation("Squeeze")
def squeeze(x, axis=None):
    """`x` without axes of size 1. Source: keras.ops.squeeze."""
    return np.squeeze(x, axis)


@operation("Tile")
def tile(x, repeats):
    """`x` repeated along each axis. Source: keras.ops.tile."""
    return np.tile(x, repeats)


@operation("Repeat")
def repeat(x, repeats, axis=None):
    """Elements of `x` repeated. Source: keras.ops.repeat."""
    return np.repeat(x, repeats, axis=axis)


@operation("Take")
def take(x, indices, axis=None):
    """Elements of `x` at `indices`. Source: keras.ops.take."""
    return np.take(x, indices, axis=axis)


@operation("OnesLike")
def ones_like(x, dtype=None):
    """Ones in the shape of `x`. Source: keras.ops.ones_like."""
    return np.ones_like(x, dtype=dtype)


@operation("ZerosLike")
def zeros_like(x, dtype=None):
    """Zeros in the shape of `x`. Source: keras.ops.zeros_like."""
    return np.zeros_like(x, dtype=dtype)


@operation("BroadcastTo")
def broadcast_to(x, shape):
    """`x` broadcast to `shape`. Source: keras.ops.broadcast_to."""
    return np.broadcast_to(x, shape)


@operation("GetItem")
def get_item(x, key):
    """x[key]. Source: keras.ops.core.GetItem."""
    return x[tuple(key) if isinstance(key, list) else key]


@operation("ConvertToTensor")
def _identity(x, dtype=None, sparse=None, ragged=None):
    return np.asarray(x) if dtype is None else np.asarray(x).astype(dtype)


OPERATIONS["MaskOf"] = get_keras_mask


def shape(x: Any) -> tuple[int | None, ...]:
    """The shape of `x`; None where a symbolic size is unknown. Source: keras.ops.shape."""
    return tuple(x.shape)


def _reflected(function: Callable) -> Callable:
    return lambda self, other: function(other, self)


def _attach_operators(operators: Sequence[tuple[str, Callable]]) -> None:
    for name, function in operators:
        setattr(KerasTensor, f"__{name}__", lambda self, other, f=function: f(self, other))
        setattr(KerasTensor, f"__r{name}__", _reflected(function))


_attach_operators(
    [("add", add), ("sub", subtract), ("mul", multiply), ("truediv", divide), ("pow", power)]
    + [("mod", mod), ("matmul", matmul), ("and", logical_and), ("or", logical_or)]
    + [("xor", logical_xor)]
)
for _name, _function in {
    "lt": less,
    "le": less_equal,
    "gt": greater,
    "ge": greater_equal,
    "eq": equal,
    "ne": not_equal,
}.items():
    setattr(KerasTensor, f"__{_name}__", lambda self, other, f=_function: f(self, other))
KerasTensor.__hash__ = object.__hash__
KerasTensor.__neg__ = lambda self: negative(self)
KerasTensor.__abs__ = lambda self: absolute(self)
KerasTensor.__invert__ = lambda self: logical_not(self)
KerasTensor.__getitem__ = lambda self, key: get_item(self, key)
