"""The way back through activations: the gradient of x from that d of y = activation(x)."""

import math
from collections.abc import Callable

import numpy as np

from .. import _kernels
from . import extremes, reductions

Back = Callable[..., np.ndarray]
"""(d, y, x, *options) -> the gradient of x."""


def _named(name: str) -> Back:
    return lambda d, y, x: _kernels.activation_backward(d, y, x, name)


def _with_options(name: str, *defaults: float) -> Back:
    def back(d: np.ndarray, y: np.ndarray, x: np.ndarray, *options: float) -> np.ndarray:
        given = options + defaults[len(options) :]
        return _kernels.activation_with_backward(d, y, x, name, *given)

    return back


def _gelu(d: np.ndarray, y: np.ndarray, x: np.ndarray, approximate: bool = False) -> np.ndarray:
    if approximate:
        return _kernels.activation_with_backward(d, y, x, "gelu_tanh")
    return _kernels.activation_backward(d, y, x, "gelu")


def _relu(
    d: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    slope: float = 0.0,
    most: float | None = None,
    threshold: float = 0.0,
) -> np.ndarray:
    most = math.inf if most is None else most
    return _kernels.activation_with_backward(d, y, x, "relu", slope, most, threshold)


BACK: dict[str, Back] = {
    **{name: _named(name) for name in _kernels.ACTIVATIONS},
    "linear": lambda d, y, x: d,
    "relu": _relu,
    "leaky_relu": _with_options("leaky_relu", 0.2),
    "elu": _with_options("elu", 1.0),
    "celu": _with_options("celu", 1.0),
    "gelu": _gelu,
    "squareplus": _with_options("squareplus", 4.0),
    "soft_shrink": _with_options("soft_shrink", 0.5),
    "hard_shrink": _with_options("hard_shrink", 0.5),
    "threshold": _with_options("threshold"),
}
"""That of each function of `maskseq.activations` that takes every number by itself; the options are
those of the function, in its order."""


def softmax(d: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
    """The gradient of x from that of y = softmax(x)."""
    if axis in (-1, y.ndim - 1):
        return _kernels.softmax_backward(d, y)
    return y * (d - _sum(d * y, axis))


def log_softmax(d: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
    """The gradient of x from that of y = log_softmax(x)."""
    return d - _kernels.activation(y, "exponential") * _sum(d, axis)


def glu(d: np.ndarray, x: np.ndarray, axis: int) -> np.ndarray:
    """The gradient of x from that of glu(x)."""
    before, _, after = halves = halves_of(x.shape, axis)
    return _kernels.glu(x.reshape(halves), d.reshape(before, after)).reshape(x.shape)


def halves_of(shape: tuple[int, ...], axis: int) -> tuple[int, int, int]:
    """An array of `shape` as one whose middle axis are the two halves of `axis`."""
    axis %= len(shape)
    return math.prod(shape[:axis]), 2, math.prod(shape[axis:]) // 2


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
