"""Functions of neural networks that are made of other operations."""

import math
from typing import Any

import numpy as np

from . import elementwise, nonlinear, reduction, shaping
from .products import einsum

swish, hard_swish = nonlinear.silu, nonlinear.hard_silu
_EPSILON = np.float32(1e-7)  # keras.config.epsilon()


def layer_normalization(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    axis: Any = -1,
    epsilon: float | None = None,
    **options: Any,
) -> Any:
    """(x - mean) / deviation along `axis`, times gamma, plus beta.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    gamma : array_like, optional
        What the result is multiplied by.
    beta : array_like, optional
        What is added.
    axis : int or sequence of int, default -1
        The axis, or axes.
    epsilon : float, optional
        Small number that keeps divisions from dividing by 0.
    **options : object
        Options.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.
    """
    small = _EPSILON if epsilon is None else np.float32(epsilon)
    mean, variance = reduction.mean(x, axis, True), reduction.var(x, axis, True)
    found = elementwise.multiply(
        elementwise.subtract(x, mean),
        elementwise.rsqrt(elementwise.add(variance, small)),
    )
    found = found if gamma is None else elementwise.multiply(found, gamma)
    return found if beta is None else elementwise.add(found, beta)


def rms_normalization(
    x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None
) -> Any:
    """x over the root of its mean square along `axis`, times scale.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    scale : array_like, optional
        What the result is multiplied by.
    axis : int or sequence of int, default -1
        The axis, or axes.
    epsilon : float, optional
        Small number that keeps divisions from dividing by 0.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.
    """
    small = _EPSILON if epsilon is None else np.float32(epsilon)
    found = elementwise.multiply(
        x,
        elementwise.rsqrt(
            elementwise.add(reduction.mean(elementwise.square(x), axis, True), small)
        ),
    )
    return found if scale is None else elementwise.multiply(found, scale)


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    axis: int,
    offset: Any = None,
    scale: Any = None,
    epsilon: float = 1e-3,
) -> Any:
    """(x - mean) / deviation * scale + offset, each of the size of `axis`.

    Parameters
    ----------
    x : array_like or KerasTensor
        The tensor.
    mean : array_like
        The mean.
    variance : array_like
        The variance.
    axis : int
        The axis of the features.
    offset : array_like, optional
        What is added.
    scale : array_like, optional
        What the result is multiplied by.
    epsilon : float, default 0.001
        Small number that keeps divisions from dividing by 0.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.
    """
    shape = [1] * shaping.ndim(x)
    shape[axis] = -1
    mean, variance = shaping.reshape(mean, shape), shaping.reshape(variance, shape)
    factor = elementwise.rsqrt(elementwise.add(variance, np.float32(epsilon)))
    factor = (
        factor if scale is None else elementwise.multiply(factor, shaping.reshape(scale, shape))
    )
    found = elementwise.multiply(elementwise.subtract(x, mean), factor)
    return found if offset is None else elementwise.add(found, shaping.reshape(offset, shape))


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """-(target log(output) + (1 - target) log(1 - output)).

    Parameters
    ----------
    target : array_like or KerasTensor
        The labels.
    output : array_like or KerasTensor
        The predictions.
    from_logits : bool, default False
        Predictions are logits, not probabilities.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.
    """
    rest = elementwise.subtract(1, target)
    if from_logits:
        likely, other = (
            nonlinear.log_sigmoid(output),
            nonlinear.log_sigmoid(elementwise.negative(output)),
        )
    else:
        output = elementwise.clip(output, _EPSILON, 1 - _EPSILON)
        likely, other = elementwise.log(output), elementwise.log(elementwise.subtract(1, output))
    return elementwise.negative(
        elementwise.add(elementwise.multiply(target, likely), elementwise.multiply(rest, other))
    )


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """-sum(target log(output)) along `axis`, output over its sum.

    Parameters
    ----------
    target : array_like or KerasTensor
        The labels.
    output : array_like or KerasTensor
        The predictions.
    from_logits : bool, default False
        Predictions are logits, not probabilities.
    axis : int or sequence of int, default -1
        The axis.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.
    """
    if from_logits:
        likely = nonlinear.log_softmax(output, axis)
    else:
        output = elementwise.divide(output, reduction.sum(output, axis, True))
        likely = elementwise.log(elementwise.clip(output, _EPSILON, 1 - _EPSILON))
    return elementwise.negative(reduction.sum(elementwise.multiply(target, likely), axis))


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """`categorical_crossentropy` for ids; of an id outside, 0.

    Parameters
    ----------
    target : array_like or KerasTensor
        The labels.
    output : array_like or KerasTensor
        The predictions.
    from_logits : bool, default False
        Predictions are logits, not probabilities.
    axis : int or sequence of int, default -1
        The axis.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.
    """
    if shaping.ndim(target) == shaping.ndim(output) and shaping.shape(target)[-1] == 1:
        target = shaping.squeeze(target, -1)
    classes = shaping.shape(output)[axis]
    if classes is None:
        raise ValueError(f"output must have a known number of classes, got {shaping.shape(output)}")
    hot = shaping.one_hot(elementwise.cast(target, "int32"), classes, axis=axis)
    return categorical_crossentropy(hot, output, from_logits, axis)


def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: Any = None,
    attn_logits_soft_cap: float | None = None,
) -> Any:
    """softmax(query key / sqrt(head_dim) + bias) value, head by head.

    Parameters
    ----------
    query : array_like
        (batch, T, heads, head_dim).
    key : array_like
        (batch, S, heads, head_dim).
    value : scalar or array_like
        (batch, S, heads, head_dim).
    bias : optional
        Broadcasts to (batch, heads, T, S).
    mask : optional
        The same, True = may be seen.
    scale : float, optional
        Factor of the scores; None: 1 / sqrt(head_dim).
    is_causal : bool, default False
        A query sees no later key.
    flash_attention : optional
        Accepted, without effect.
    attn_logits_soft_cap : float, optional
        Scores become cap * tanh(score / cap).

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.
    """
    shapes = [shaping.shape(x) for x in (query, key, value)]
    if any(len(shape) != 4 for shape in shapes) or len({shape[2] for shape in shapes}) > 1:
        raise ValueError(
            "query, key and value must be (batch, time, heads, head_dim), of as many heads, got "
            f"shapes {shapes}"
        )
    if scale is None:
        scale = 1 / math.sqrt(shapes[0][-1] or 1)
    scores = elementwise.multiply(einsum("btnh,bsnh->bnts", query, key), np.float32(scale))
    if attn_logits_soft_cap is not None:
        cap = np.float32(attn_logits_soft_cap)
        scores = elementwise.multiply(cap, nonlinear.tanh(elementwise.divide(scores, cap)))
    scores = scores if bias is None else elementwise.add(scores, bias)
    if is_causal:
        one = elementwise.ones_like(scores)
        steps = [reduction.cumsum(one, axis=axis) for axis in (2, 3)]
        seen = elementwise.greater_equal(*steps)
        mask = seen if mask is None else elementwise.logical_and(seen, mask)
    if mask is not None:
        scores = elementwise.where(mask, scores, np.float32(-0.7 * np.finfo(np.float32).max))
    return einsum("bnts,bsnh->btnh", nonlinear.softmax(scores), value)
