"""The functions of neural networks: activations, softmax, normalisation."""

import numpy as np

from .. import _kernels, activations
from ..numerics import reductions, slopes
from ..numerics.slopes import BACK
from .operation import Unary, named_operation, operation
from .recording import Gradients


def _known(class_name: str, name: str, kernel: str, doc: str) -> Unary:
    def call(x):
        return _kernels.activation(np.asarray(x, np.float32), kernel)

    return named_operation(class_name, name, doc, call, BACK[kernel])


def _sloping(name: str, *options: str) -> Gradients:
    """The gradient of an activation with options, which are arguments of those names."""
    back = BACK[name]
    return lambda d, y, x, **given: back(d, y, x, *(given[option] for option in options))


exp = _known("Exp", "exp", "exponential", "e ** x.")
tanh = _known("Tanh", "tanh", "tanh", "Hyperbolic tangent.")
sigmoid = _known("Sigmoid", "sigmoid", "sigmoid", "1 / (1 + e ** -x).")
relu = _known("Relu", "relu", "relu", "max(x, 0).")
relu6 = _known("Relu6", "relu6", "relu6", "x cut to 0..6.")
silu = _known("Silu", "silu", "silu", "x * sigmoid(x).")
softplus = _known("Softplus", "softplus", "softplus", "log(1 + e ** x).")
softsign = _known("Softsign", "softsign", "softsign", "x / (1 + abs(x)).")
log_sigmoid = _known("LogSigmoid", "log_sigmoid", "log_sigmoid", "log(sigmoid(x)).")
hard_sigmoid = _known("HardSigmoid", "hard_sigmoid", "hard_sigmoid", "relu6(x + 3) / 6.")
hard_silu = _known("HardSilu", "hard_silu", "hard_silu", "x * hard_sigmoid(x).")
hard_tanh = _known("HardTanh", "hard_tanh", "hard_tanh", "x cut to -1..1.")
selu = _known("Selu", "selu", "selu", "The scaled exponential linear unit.")
tanh_shrink = _known("TanhShrink", "tanh_shrink", "tanh_shrink", "x - tanh(x).")
sparse_plus = _known("SparsePlus", "sparse_plus", "sparse_plus", "relu with a parabola at 0.")
sparse_sigmoid = _known(
    "SparseSigmoid", "sparse_sigmoid", "sparse_sigmoid", "(x + 1) / 2 cut to 0..1."
)


@operation("LeakyRelu", by_equality=True, gradient=_sloping("leaky_relu", "negative_slope"))
def leaky_relu(x, negative_slope=0.2):
    """x, and negative_slope * x below 0.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    negative_slope : default 0.2
        Slope below 0.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.leaky_relu.
    """
    return activations.leaky_relu(x, negative_slope)


@operation("Elu", by_equality=True, gradient=_sloping("elu", "alpha"))
def elu(x, alpha=1.0):
    """x, and alpha * (e ** x - 1) below 0.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    alpha : float, default 1.0
        Factor below 0.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.elu.
    """
    return activations.elu(x, alpha)


@operation("Celu", by_equality=True, gradient=_sloping("celu", "alpha"))
def celu(x, alpha=1.0):
    """x, and alpha * (e ** (x / alpha) - 1) below 0.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    alpha : float, default 1.0
        Factor below 0.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.celu.
    """
    return activations.celu(x, alpha)


@operation("Gelu", by_equality=True, gradient=_sloping("gelu", "approximate"))
def gelu(x, approximate=True):
    """x times the normal distribution, by default with tanh for it.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    approximate : bool, default True
        Take the formula with tanh in place of the one with erf.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.gelu.
    """
    return activations.gelu(x, approximate)


@operation("Squareplus", by_equality=True, gradient=_sloping("squareplus", "b"))
def squareplus(x, b=4):
    """(x + sqrt(x * x + b)) / 2.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    b : object, default 4
        How smooth it is near 0.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.squareplus.
    """
    return activations.squareplus(x, b)


@operation("SoftShrink", by_equality=True, gradient=_sloping("soft_shrink", "threshold"))
def soft_shrink(x, threshold=0.5):
    """`x` nearer to 0 by `threshold`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    threshold : float, default 0.5
        What the size of a number is lowered by.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.soft_shrink.
    """
    return activations.soft_shrink(x, threshold)


@operation("HardShrink", by_equality=True, gradient=_sloping("hard_shrink", "threshold"))
def hard_shrink(x, threshold=0.5):
    """`x`, and 0 where ``|x|`` is at most `threshold`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    threshold : float, default 0.5
        Size that a number must exceed.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.hard_shrink.
    """
    return activations.hard_shrink(x, threshold)


@operation(
    "Threshold", by_equality=True, gradient=_sloping("threshold", "threshold", "default_value")
)
def threshold(x, threshold, default_value):
    """`x`, and `default_value` where x is at most `threshold`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    threshold : float
        What a number must exceed.
    default_value : float
        What stands where a number is not above the threshold.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.threshold.
    """
    return activations.threshold(x, threshold, default_value)


@operation("Glu", gradient=lambda d, y, x, axis: slopes.glu(d, x, axis))
def glu(x, axis=-1):
    """The first half of `x` times sigmoid of the second.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    axis : int or sequence of int, default -1
        The axis.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.glu.
    """
    return activations.glu(x, axis)


@operation("Softmax", by_equality=True, gradient=lambda d, y, x, axis: slopes.softmax(d, y, axis))
def softmax(x, axis=-1):
    """Softmax along `axis`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    axis : int or sequence of int, default -1
        The axis, or axes.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.softmax.
    """
    return activations.softmax(x, axis)


@operation(
    "LogSoftmax", by_equality=True, gradient=lambda d, y, x, axis: slopes.log_softmax(d, y, axis)
)
def log_softmax(x, axis=-1):
    """The logarithm of softmax along `axis`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    axis : int or sequence of int, default -1
        The axis, or axes.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.log_softmax.
    """
    return activations.log_softmax(x, axis)


@operation(
    "Sparsemax", by_equality=True, gradient=lambda d, y, x, axis: slopes.sparsemax(d, y, x, axis)
)
def sparsemax(x, axis=-1):
    """The nearest point of the simplex along `axis`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    axis : int or sequence of int, default -1
        The axis.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.sparsemax.
    """
    return activations.sparsemax(x, axis)


def _normalize_gradient(d, y, x, axis, order, epsilon):
    """Of x over its length; where that is less than epsilon, it is a constant."""
    epsilon = np.float32(1e-7 if epsilon is None else epsilon)
    size = np.abs(x)
    if order == 2:
        length = np.sqrt(reductions.reduce(np.square(x), "sum", axis, keepdims=True))
    else:
        powers = _kernels.elementary_pair(size, order, "power")
        sums = reductions.reduce(powers, "sum", axis, keepdims=True)
        length = _kernels.elementary_pair(sums, 1 / order, "power")
    kept = np.maximum(length, epsilon)
    share = reductions.reduce(d * y, "sum", axis, keepdims=True) * (length > epsilon)
    # The slope of the length by x: sign(x) (|x| / length) ** (order - 1).
    share_of, power = np.broadcast_arrays(size / kept, np.float32(order - 1))
    slope = np.sign(x) * _kernels.elementary_pair(share_of, power, "power")
    return (d - share * slope) / kept


@operation("Normalize", by_equality=True, gradient=_normalize_gradient)
def normalize(x, axis=-1, order=2, epsilon=None):
    """`x` over its length along `axis`, at least `epsilon`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    axis : int, default -1
        The axis to measure along.
    order : int, default 2
        Of the norm.
    epsilon : float, optional
        Small number that keeps divisions from dividing by 0.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.normalize.
    """
    epsilon = 1e-7 if epsilon is None else epsilon
    if order == 2:
        return reductions.unit(x, axis, epsilon)
    x = np.asarray(x, np.float32)
    powers = _kernels.elementary_pair(np.abs(x), order, "power")
    sums = reductions.reduce(powers, "sum", axis, keepdims=True)
    length = _kernels.elementary_pair(sums, 1 / order, "power")
    return x / np.maximum(length, np.float32(epsilon))
