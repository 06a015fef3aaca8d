"""The slopes of the activations that C knows: what a gradient is multiplied with on the way back.

Where a function has a corner the slope is that of Keras on JAX: relu's at 0 is 0.
"""

import math
from collections.abc import Callable

import numpy as np

from .. import _kernels
from . import extremes, reductions

Slope = Callable[..., np.ndarray]
"""(y, x, *options) -> dy/dx, for y the activation of x."""
_SELU, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return _kernels.activation(x, "sigmoid")


def _inside(x: np.ndarray, low: float, high: float, slope: float = 1.0) -> np.ndarray:
    return np.where((x > low) & (x < high), np.float32(slope), np.float32(0))


def _above(x: np.ndarray, low: float) -> np.ndarray:
    return (x > np.float32(low)).astype(np.float32)


def _silu(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    share = _sigmoid(x)
    return share + y * (1 - share)


def _softsign(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    rest = 1 - np.abs(y)
    return rest * rest


def _hard_silu(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    cut = extremes.clip(x, -3, 3)
    return _kernels.activation(x, "hard_sigmoid") + cut * _inside(x, -3, 3, 1 / 6)


def _selu(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, np.float32(_SELU), y + np.float32(_SELU * _SELU_ALPHA))


def _mish(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    t = _kernels.activation(_kernels.activation(x, "softplus"), "tanh")
    return t + extremes.maximum(x, np.float32(-200)) * ((1 - t) * (1 + t)) * _sigmoid(x)


def _gelu(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    cut = extremes.clip(x, -15, 15)
    share = 0.5 * (1 + _kernels.elementary(cut * np.float32(math.sqrt(0.5)), "erf"))
    density = _kernels.activation(-0.5 * cut * cut, "exponential")
    return share + cut * density * np.float32(1 / math.sqrt(2 * math.pi))


def _gelu_tanh(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    cut, scale, cubic = (
        extremes.clip(x, -15, 15),
        np.float32(math.sqrt(2 / math.pi)),
        np.float32(0.044715),
    )
    square = cut * cut
    t = _kernels.activation(scale * cut * (1 + cubic * square), "tanh")
    return 0.5 * (1 + t) + 0.5 * cut * ((1 - t) * (1 + t)) * scale * (1 + 3 * cubic * square)


def _squareplus(y: np.ndarray, x: np.ndarray, b: float) -> np.ndarray:
    cut = extremes.clip(x, -1e15, 1e15)
    return 0.5 + 0.5 * cut / np.sqrt(extremes.maximum(cut * cut + np.float32(b), np.float32(1e-37)))


def _relu(
    y: np.ndarray, x: np.ndarray, slope: float, most: float | None, threshold: float
) -> np.ndarray:
    most = math.inf if most is None else most
    return np.where(x > np.float32(threshold), (x < most).astype(np.float32), np.float32(slope))


SLOPES: dict[str, Slope] = {
    "linear": lambda y, x: np.ones_like(x),
    "exponential": lambda y, x: y,
    "tanh": lambda y, x: (1 - y) * (1 + y),
    "sigmoid": lambda y, x: y * (1 - y),
    "relu6": lambda y, x: _inside(x, 0, 6),
    "silu": _silu,
    "softplus": lambda y, x: _sigmoid(x),
    "softsign": _softsign,
    "log_sigmoid": lambda y, x: _sigmoid(-x),
    "hard_sigmoid": lambda y, x: _inside(x, -3, 3, 1 / 6),
    "hard_sigmoid_keras2": lambda y, x: _inside(x, -2.5, 2.5, 0.2),
    "hard_silu": _hard_silu,
    "hard_tanh": lambda y, x: (np.abs(x) <= 1).astype(np.float32),
    "selu": _selu,
    "mish": _mish,
    "tanh_shrink": lambda y, x: np.square(_kernels.activation(x, "tanh")),
    "sparse_plus": lambda y, x: _kernels.activation(x, "sparse_sigmoid"),
    "sparse_sigmoid": lambda y, x: _inside(x, -1, 1, 0.25) + 0.25 * (np.abs(x) <= 1),
    "relu": lambda y, x, slope=0.0, most=None, threshold=0.0: _relu(y, x, slope, most, threshold),
    "leaky_relu": lambda y, x, slope=0.2: np.where(x >= 0, np.float32(1), np.float32(slope)),
    "elu": lambda y, x, alpha=1.0: np.where(x > 0, np.float32(1), y + np.float32(alpha)),
    "celu": lambda y, x, alpha=1.0: np.where(x > 0, np.float32(1), y / np.float32(alpha) + 1),
    "gelu": lambda y, x, approximate=False: (_gelu_tanh if approximate else _gelu)(y, x),
    "squareplus": lambda y, x, b=4: _squareplus(y, x, b),
    "soft_shrink": lambda y, x, threshold=0.5: _above(np.abs(x), threshold),
    "hard_shrink": lambda y, x, threshold=0.5: _above(np.abs(x), threshold),
    "threshold": lambda y, x, threshold, default_value: _above(x, threshold),
}
"""The slope of each function of `maskseq.activations` that takes every number by itself; the
options are those of the function, in its order."""


def softmax(d: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
    """The gradient of x from that of y = softmax(x)."""
    return y * (d - _sum(d * y, axis))


def log_softmax(d: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
    """The gradient of x from that of y = log_softmax(x)."""
    return d - _kernels.activation(y, "exponential") * _sum(d, axis)


def glu(d: np.ndarray, x: np.ndarray, axis: int) -> np.ndarray:
    """The gradient of x from that of glu(x)."""
    value, gate = np.split(x, 2, axis=axis)
    share = _sigmoid(np.ascontiguousarray(gate))
    return np.concatenate([d * share, d * value * (share * (1 - share))], axis=axis)


def sparsemax(d: np.ndarray, y: np.ndarray, x: np.ndarray, axis: int) -> np.ndarray:
    """The gradient of x from that of y = sparsemax(x), as Keras 3.15 defines it.

    tau is (the sum of the running sums of the k largest - 1) / k, so that the largest of them
    counts k times, the next k - 1 times.
    """
    moved = np.moveaxis(x, axis, -1)
    order = np.argsort(-moved, axis=-1, kind="stable")
    ranked = np.take_along_axis(moved, order, axis=-1).astype(np.float64)
    places = np.arange(1, moved.shape[-1] + 1)
    support = 1 + places * ranked > np.cumsum(ranked, axis=-1)
    count = np.sum(support, axis=-1, keepdims=True)
    times = np.where(support, count - places + 1, 0) / extremes.maximum(count, 1)
    weights = np.empty(moved.shape, np.float32)
    np.put_along_axis(weights, order, times.astype(np.float32), axis=-1)
    inside = np.where(y > 0, d, np.float32(0))
    return inside - _sum(inside, axis) * np.moveaxis(weights, -1, axis)


def _sum(x: np.ndarray, axis: int) -> np.ndarray:
    return reductions.reduce(x, "sum", axis, keepdims=True)
