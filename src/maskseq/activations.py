"""Activation functions under Keras's names, with Keras's options.

Where the options are the usual ones, the elementwise functions run in C.
Source: keras.activations.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _kernels


class Elementwise:
    """An activation without options, which C knows by name."""

    def __init__(self, name: str):
        self.__name__ = name

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return _kernels.activation(x, self.__name__)

    def __reduce__(self):
        return get, (self.__name__,)


exponential = Elementwise("exponential")
hard_sigmoid = Elementwise("hard_sigmoid")
hard_sigmoid_keras2 = Elementwise("hard_sigmoid_keras2")  # for models of Keras 2
hard_silu = Elementwise("hard_silu")
hard_tanh = Elementwise("hard_tanh")
log_sigmoid = Elementwise("log_sigmoid")
mish = Elementwise("mish")
relu6 = Elementwise("relu6")
selu = Elementwise("selu")
sigmoid = Elementwise("sigmoid")
silu = Elementwise("silu")
softplus = Elementwise("softplus")
softsign = Elementwise("softsign")
sparse_plus = Elementwise("sparse_plus")
sparse_sigmoid = Elementwise("sparse_sigmoid")
tanh = Elementwise("tanh")
tanh_shrink = Elementwise("tanh_shrink")


def linear(x: np.ndarray) -> np.ndarray:
    """x."""
    return x


def relu(
    x: np.ndarray,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> np.ndarray:
    """x above `threshold`, at most `max_value`; below it negative_slope * (x - threshold)."""
    if max_value is None and threshold == 0:
        return leaky_relu(x, negative_slope) if negative_slope else _kernels.activation(x, "relu")
    x = np.asarray(x, np.float32)
    y = np.where(x > np.float32(threshold), x, np.float32(0))
    if max_value is not None:
        y = np.clip(y, np.float32(0), np.float32(max_value))
    if negative_slope:
        y -= np.float32(negative_slope) * np.maximum(np.float32(threshold) - x, np.float32(0))
    return y


def leaky_relu(x: np.ndarray, negative_slope: float = 0.2) -> np.ndarray:
    """x, and negative_slope * x below 0."""
    if negative_slope == 0.2:
        return _kernels.activation(x, "leaky_relu")
    x = np.asarray(x, np.float32)
    return np.where(x < 0, np.float32(negative_slope) * x, x)


def elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """x, and alpha * (e ** x - 1) below 0."""
    y = _kernels.activation(x, "elu")
    return y if alpha == 1 else np.where(y < 0, np.float32(alpha) * y, y)


def celu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """x, and alpha * (e ** (x / alpha) - 1) below 0."""
    if alpha == 1:
        return _kernels.activation(x, "celu")
    x, alpha = np.asarray(x, np.float32), np.float32(alpha)
    return np.where(x < 0, alpha * _kernels.activation(x / alpha, "elu"), x)


def gelu(x: np.ndarray, approximate: bool = False) -> np.ndarray:
    """x times the share of a normal distribution below x; if `approximate`, with tanh for it."""
    if not approximate:
        return _kernels.activation(x, "gelu")
    x = np.asarray(x, np.float32)
    # sqrt(2 / pi) and the cubic term of Hendrycks and Gimpel, arXiv:1606.08415
    inner = np.float32(0.7978845608028654) * (x + np.float32(0.044715) * x * x * x)
    return np.float32(0.5) * x * (1 + _kernels.activation(inner, "tanh"))


def squareplus(x: np.ndarray, b: float = 4) -> np.ndarray:
    """(x + sqrt(x * x + b)) / 2."""
    if b == 4:
        return _kernels.activation(x, "squareplus")
    x = np.asarray(x, np.float32)
    return (x + np.sqrt(x * x + np.float32(b))) / 2


def soft_shrink(x: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """`x` nearer to 0 by `threshold`."""
    if threshold == 0.5:
        return _kernels.activation(x, "soft_shrink")
    x, threshold = np.asarray(x, np.float32), np.float32(threshold)
    return np.where(np.abs(x) > threshold, x - np.copysign(threshold, x), np.float32(0))


def hard_shrink(x: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """`x`, and 0 where |x| is at most `threshold`."""
    if threshold == 0.5:
        return _kernels.activation(x, "hard_shrink")
    x = np.asarray(x, np.float32)
    return np.where(np.abs(x) > np.float32(threshold), x, np.float32(0))


def threshold(x: np.ndarray, threshold: float, default_value: float) -> np.ndarray:
    """`x`, and `default_value` where x is at most `threshold`."""
    x = np.asarray(x, np.float32)
    return np.where(x > np.float32(threshold), x, np.float32(default_value))


def glu(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """The first half of `x` along `axis` times sigmoid of the second."""
    if x.shape[axis] % 2:
        raise ValueError(f"x must divide in two along axis {axis}, got shape {x.shape}")
    value, gate = np.split(np.asarray(x, np.float32), 2, axis=axis)
    return value * _kernels.activation(gate, "sigmoid")


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """exp(x) / sum(exp(x)) along `axis`."""
    rows, moved_shape = _as_rows(x, axis)
    return np.moveaxis(_kernels.masked_softmax(rows).reshape(moved_shape), -1, axis)


def log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """log(softmax(x)) along `axis`."""
    rows, moved_shape = _as_rows(x, axis)
    rows = rows - rows.max(axis=1, keepdims=True, initial=-np.inf)
    sums = _kernels.activation(rows, "exponential").sum(axis=1, keepdims=True)
    return np.moveaxis((rows - np.log(sums)).reshape(moved_shape), -1, axis)


def sparsemax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """What Keras 3.15 calls sparsemax, max(x - tau, 0) along `axis`.

    Keras adds up the running sums of the largest x where the paper (arXiv:1602.02068) takes the
    last of them, so that its results need not sum to 1. Trained models depend on it.
    """
    rows, moved_shape = _as_rows(x, axis)
    ordered = -np.sort(-rows, axis=1)
    sums = np.cumsum(ordered, axis=1)
    support = ordered * np.arange(1, rows.shape[1] + 1, dtype=np.float32) > sums - 1
    tau = (np.sum(sums * support, axis=1, keepdims=True) - 1) / support.sum(axis=1, keepdims=True)
    y = np.maximum(rows - tau, 0).astype(np.float32)
    return np.moveaxis(y.reshape(moved_shape), -1, axis)


def _as_rows(x: np.ndarray, axis: int) -> tuple[np.ndarray, tuple[int, ...]]:
    """`x` as (rows, size of axis), and its shape with that axis last."""
    moved = np.moveaxis(np.asarray(x, np.float32), axis, -1)
    return np.ascontiguousarray(moved).reshape(-1, moved.shape[-1]), moved.shape


ACTIVATIONS: dict[str, Callable[..., np.ndarray]] = {
    function.__name__: function
    for function in (
        celu,
        elu,
        exponential,
        gelu,
        glu,
        hard_shrink,
        hard_sigmoid,
        hard_sigmoid_keras2,
        hard_silu,
        hard_tanh,
        leaky_relu,
        linear,
        log_sigmoid,
        log_softmax,
        mish,
        relu,
        relu6,
        selu,
        sigmoid,
        silu,
        soft_shrink,
        softmax,
        softplus,
        softsign,
        sparse_plus,
        sparse_sigmoid,
        sparsemax,
        squareplus,
        tanh,
        tanh_shrink,
        threshold,
    )
}
_ALIASES = {"swish": "silu", "exp": "exponential", "hard_swish": "hard_silu"}


def get(identifier: Any) -> Callable[[np.ndarray], np.ndarray]:
    """The activation function that `identifier` (None, a name, a function) means.

    Raises: ValueError if there is none of that name.
    """
    if identifier is None:
        return linear
    if callable(identifier):
        return identifier
    name = _ALIASES.get(identifier, identifier) if isinstance(identifier, str) else None
    if name not in ACTIVATIONS:
        raise ValueError(f"activation: expected one of {sorted(ACTIVATIONS)}, got {identifier!r}")
    return ACTIVATIONS[name]


def serialize(activation: Callable) -> Any:
    """The name of a function of this module; any other function as it is."""
    name = getattr(activation, "__name__", "")
    return name if ACTIVATIONS.get(name) is activation else activation


_IN_C = frozenset(_kernels.ACTIVATIONS)


def kernel_name(activation: Callable) -> str | None:
    """The name under which C knows `activation`, or None."""
    name = getattr(activation, "__name__", "")
    return name if name in _IN_C and ACTIVATIONS.get(name) is activation else None
