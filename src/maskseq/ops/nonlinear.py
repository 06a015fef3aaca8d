"""The functions of neural networks: activations, softmax, normalisation."""

import numpy as np

from .. import _kernels, activations
from ..numerics import reductions, slopes
from ..numerics.slopes import BACK
from .operation import Unary, named_operation, operation
from .recording import Gradients
from .steps import along_features, of_cells


def _known(class_name: str, name: str, kernel: str) -> Unary:
    def call(x):
        return _kernels.activation(np.asarray(x, np.float32), kernel)

    return named_operation(class_name, name, call, BACK[kernel])


def _sloping(name: str, *options: str) -> Gradients:
    """The gradient of an activation with options, which are arguments of those names."""
    back = BACK[name]
    return lambda d, y, x, **given: back(d, y, x, *(given[option] for option in options))


exp = _known("Exp", "exp", "exponential")
tanh = _known("Tanh", "tanh", "tanh")
sigmoid = _known("Sigmoid", "sigmoid", "sigmoid")
relu = _known("Relu", "relu", "relu")
relu6 = _known("Relu6", "relu6", "relu6")
silu = _known("Silu", "silu", "silu")
softplus = _known("Softplus", "softplus", "softplus")
softsign = _known("Softsign", "softsign", "softsign")
log_sigmoid = _known("LogSigmoid", "log_sigmoid", "log_sigmoid")
hard_sigmoid = _known("HardSigmoid", "hard_sigmoid", "hard_sigmoid")
hard_silu = _known("HardSilu", "hard_silu", "hard_silu")
hard_tanh = _known("HardTanh", "hard_tanh", "hard_tanh")
selu = _known("Selu", "selu", "selu")
tanh_shrink = _known("TanhShrink", "tanh_shrink", "tanh_shrink")
sparse_plus = _known("SparsePlus", "sparse_plus", "sparse_plus")
sparse_sigmoid = _known("SparseSigmoid", "sparse_sigmoid", "sparse_sigmoid")


@of_cells
@operation("LeakyRelu", by_equality=True, gradient=_sloping("leaky_relu", "negative_slope"))
def leaky_relu(x, negative_slope=0.2):
    """x, and `negative_slope` * x below 0.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    negative_slope : float, default 0.2
        The slope below 0.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    See Also
    --------
    relu, elu

    Notes
    -----
    Source: keras.ops.leaky_relu.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.leaky_relu([-1.0, 2.0]))
    [-0.2  2. ]
    """
    return activations.leaky_relu(x, negative_slope)


@of_cells
@operation("Elu", by_equality=True, gradient=_sloping("elu", "alpha"))
def elu(x, alpha=1.0):
    """x, and `alpha` * (exp(x) - 1) below 0.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    alpha : float, default 1.0
        Minus the limit of the curve below 0.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    See Also
    --------
    selu, celu, relu

    Notes
    -----
    Source: keras.ops.elu.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.elu([-1.0, 2.0]))
    [-0.63212055  2.        ]
    """
    return activations.elu(x, alpha)


@of_cells
@operation("Celu", by_equality=True, gradient=_sloping("celu", "alpha"))
def celu(x, alpha=1.0):
    """x, and `alpha` * (exp(x / `alpha`) - 1) below 0.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    alpha : float, default 1.0
        Minus the limit of the curve below 0.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    See Also
    --------
    elu, selu

    Notes
    -----
    Source: keras.ops.celu.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.celu([-1.0, 2.0], alpha=0.5))
    [-0.43233237  2.        ]
    """
    return activations.celu(x, alpha)


@of_cells
@operation("Gelu", by_equality=True, gradient=_sloping("gelu", "approximate"))
def gelu(x, approximate=True):
    """x times the share of a normal distribution that lies below x.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    approximate : bool, default True
        Use the formula with tanh; False: the exact one, with erf.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    See Also
    --------
    erf, silu

    Notes
    -----
    Source: keras.ops.gelu.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.gelu([-1.0, 0.0, 1.0]))
    [-0.15880801  0.          0.841192  ]
    """
    return activations.gelu(x, approximate)


@of_cells
@operation("Squareplus", by_equality=True, gradient=_sloping("squareplus", "b"))
def squareplus(x, b=4):
    """(x + sqrt(x * x + `b`)) / 2.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    b : float, default 4
        How smooth it is near 0; 0 gives relu.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    See Also
    --------
    softplus, relu

    Notes
    -----
    Source: keras.ops.squareplus.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.squareplus([-1.0, 0.0, 1.0]))
    [0.618034 1.       1.618034]
    """
    return activations.squareplus(x, b)


@of_cells
@operation("SoftShrink", by_equality=True, gradient=_sloping("soft_shrink", "threshold"))
def soft_shrink(x, threshold=0.5):
    """x moved towards 0 by `threshold`; 0 where its size is at most that.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    threshold : float, default 0.5
        How far numbers move; at least 0.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    See Also
    --------
    hard_shrink, tanh_shrink

    Notes
    -----
    Source: keras.ops.soft_shrink.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.soft_shrink([-1.0, 0.25, 0.75]))
    [-0.5   0.    0.25]
    """
    return activations.soft_shrink(x, threshold)


@of_cells
@operation("HardShrink", by_equality=True, gradient=_sloping("hard_shrink", "threshold"))
def hard_shrink(x, threshold=0.5):
    """x, and 0 where its size is at most `threshold`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    threshold : float, default 0.5
        Sizes up to it give 0.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    See Also
    --------
    soft_shrink, tanh_shrink

    Notes
    -----
    Source: keras.ops.hard_shrink.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.hard_shrink([-1.0, 0.25, 0.75]))
    [-1.    0.    0.75]
    """
    return activations.hard_shrink(x, threshold)


@of_cells
@operation(
    "Threshold", by_equality=True, gradient=_sloping("threshold", "threshold", "default_value")
)
def threshold(x, threshold, default_value):
    """x where it is above `threshold`, else `default_value`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    threshold : float
        What a number must exceed.
    default_value : float
        What stands where it does not.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    See Also
    --------
    relu, hard_shrink, where

    Notes
    -----
    Source: keras.ops.threshold.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.threshold([-1.0, 0.5, 2.0], 0.5, 9.0))
    [9. 9. 2.]
    """
    return activations.threshold(x, threshold, default_value)


@along_features
@operation("Glu", gradient=lambda d, y, x, axis: slopes.glu(d, x, axis))
def glu(x, axis=-1):
    """The first half of `x` along `axis` times sigmoid of the second half.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int, default -1
        The axis that is halved.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x` with half the size along `axis`; float32.

    Raises
    ------
    ValueError
        If the size along `axis` is odd.

    See Also
    --------
    sigmoid

    Notes
    -----
    Source: keras.ops.glu.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.glu([1.0, 2.0, 0.0, 0.0]))
    [0.5 1. ]
    """
    return activations.glu(x, axis)


@along_features
@operation("Softmax", by_equality=True, gradient=lambda d, y, x, axis: slopes.softmax(d, y, axis))
def softmax(x, axis=-1):
    """exp(x) over its sum along `axis`: positive numbers whose sum is 1.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int or sequence of int, default -1
        The axis, or axes together; None: all.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    log_softmax, sparsemax, logsumexp

    Notes
    -----
    Source: keras.ops.softmax.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.softmax([1.0, 2.0, 3.0]))
    [0.09003057 0.24472845 0.6652409 ]
    """
    return activations.softmax(x, axis)


@along_features
@operation(
    "LogSoftmax", by_equality=True, gradient=lambda d, y, x, axis: slopes.log_softmax(d, y, axis)
)
def log_softmax(x, axis=-1):
    """The logarithm of `softmax` along `axis`, without overflow.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int or sequence of int, default -1
        The axis, or axes together; None: all.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    softmax, logsumexp

    Notes
    -----
    Source: keras.ops.log_softmax.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.log_softmax([1.0, 2.0, 3.0]))
    [-2.4076061  -1.407606   -0.40760604]
    """
    return activations.log_softmax(x, axis)


@along_features
@operation(
    "Sparsemax", by_equality=True, gradient=lambda d, y, x, axis: slopes.sparsemax(d, y, x, axis)
)
def sparsemax(x, axis=-1):
    """What Keras 3.15 calls sparsemax: max(x - tau, 0) along `axis`, for a tau of that axis.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int, default -1
        The axis.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32. The sum need not be 1, as `maskseq.activations.sparsemax`
        explains.

    Raises
    ------
    ValueError
        If `axis` is none of `x`.

    See Also
    --------
    softmax

    Notes
    -----
    Source: keras.ops.sparsemax.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.sparsemax([1.0, 2.0, 3.0]))
    [0. 0. 1.]
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


@along_features
@operation("Normalize", by_equality=True, gradient=_normalize_gradient)
def normalize(x, axis=-1, order=2, epsilon=None):
    """`x` over its length along `axis`, which is taken for `epsilon` at least.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    axis : int, default -1
        The axis of the vectors.
    order : int, default 2
        Of the norm that is their length.
    epsilon : float, optional
        The smallest length to divide by; None: 1e-7.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    Raises
    ------
    ValueError
        If `axis` is none of `x`, or `order` no int of at least 1.

    See Also
    --------
    norm

    Notes
    -----
    Source: keras.ops.normalize.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.normalize([[3.0, 4.0], [0.0, 2.0]]))
    [[0.6 0.8]
     [0.  1. ]]
    """
    epsilon = 1e-7 if epsilon is None else epsilon
    if not isinstance(order, (int, np.integer)) or order < 1:
        raise ValueError(f"normalize: order must be an int, at least 1, got {order!r}")
    if order == 2:
        return reductions.unit(x, axis, epsilon)
    x = np.asarray(x, np.float32)
    powers = _kernels.elementary_pair(np.abs(x), order, "power")
    sums = reductions.reduce(powers, "sum", axis, keepdims=True)
    length = _kernels.elementary_pair(sums, 1 / order, "power")
    return x / np.maximum(length, np.float32(epsilon))
