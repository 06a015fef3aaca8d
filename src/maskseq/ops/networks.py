"""Functions of neural networks: made of other operations, but for CTC's sum over paths."""

import math
from typing import Any

import numpy as np

from .. import _kernels
from ..given.numbers import float32_of
from ..numerics.reductions import axes_of
from . import elementwise, nonlinear, reduction, shaping
from .operation import operation
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
    """(x - mean) / deviation along `axis`, times `gamma`, plus `beta`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    gamma : array_like, optional
        Factors that broadcast against `x`; None: 1.
    beta : array_like, optional
        Numbers that broadcast against `x`; None: 0.
    axis : int or sequence of int, default -1
        The axis, or axes together.
    epsilon : float, optional
        Added to the variance; None: 1e-7.
    **options : object
        Accepted as Keras does, without effect.

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
    rms_normalization, batch_normalization

    Notes
    -----
    Source: keras.ops.layer_normalization.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.layer_normalization([[1.0, 2.0, 3.0]]))
    [[-1.2247448  0.         1.2247448]]
    """
    small = _EPSILON if epsilon is None else float32_of(epsilon, "epsilon")
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
    """`x` over the root of its mean square along `axis`, times `scale`.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    scale : array_like, optional
        Factors that broadcast against `x`; None: 1.
    axis : int or sequence of int, default -1
        The axis, or axes together.
    epsilon : float, optional
        Added to the mean square; None: 1e-7.

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
    layer_normalization, normalize

    Notes
    -----
    Source: keras.ops.rms_normalization.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.rms_normalization([[3.0, 4.0]]))
    [[0.84852815 1.1313709 ]]
    """
    small = _EPSILON if epsilon is None else float32_of(epsilon, "epsilon")
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
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, feature by feature.

    Parameters
    ----------
    x : array_like or KerasTensor
        Numbers of any shape.
    mean : array_like
        Numbers (size of `axis`,).
    variance : array_like
        Numbers (size of `axis`,).
    axis : int
        The axis of the features.
    offset : array_like, optional
        Numbers (size of `axis`,); None: 0.
    scale : array_like, optional
        Numbers (size of `axis`,); None: 1.
    epsilon : float, default 0.001
        Added to the variance.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `x`; float32.

    Raises
    ------
    ValueError
        If `mean` or `variance` have another size than `axis`.

    See Also
    --------
    layer_normalization, moments

    Notes
    -----
    Source: keras.ops.batch_normalization.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.batch_normalization([[1.0, 8.0]], [0.0, 4.0], [1.0, 4.0], axis=-1))
    [[0.9995004 1.9997501]]
    """
    shape = [1] * shaping.ndim(x)
    (place,) = axes_of(axis, len(shape))
    shape[place] = -1
    mean, variance = shaping.reshape(mean, shape), shaping.reshape(variance, shape)
    factor = elementwise.rsqrt(elementwise.add(variance, float32_of(epsilon, "epsilon")))
    factor = (
        factor if scale is None else elementwise.multiply(factor, shaping.reshape(scale, shape))
    )
    found = elementwise.multiply(elementwise.subtract(x, mean), factor)
    return found if offset is None else elementwise.add(found, shaping.reshape(offset, shape))


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """-(target * log(output) + (1 - target) * log(1 - output)), cell by cell.

    Parameters
    ----------
    target : array_like or KerasTensor
        Labels from 0 to 1, of the shape of `output`.
    output : array_like or KerasTensor
        Probabilities, cut to 1e-7..1 - 1e-7, or logits.
    from_logits : bool, default False
        The predictions are logits, not probabilities.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `output`; float32, in nats.

    Raises
    ------
    ValueError
        If the shapes differ.

    See Also
    --------
    categorical_crossentropy

    Notes
    -----
    Source: keras.ops.binary_crossentropy.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.binary_crossentropy([1.0, 0.0], [0.9, 0.1]))
    [0.10536055 0.10536055]
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
    """-sum(target * log(output)) along `axis`; probabilities are taken over their sum.

    Parameters
    ----------
    target : array_like or KerasTensor
        Labels of the shape of `output`, one-hot or shares.
    output : array_like or KerasTensor
        Probabilities or logits (..., classes).
    from_logits : bool, default False
        The predictions are logits, not probabilities.
    axis : int, default -1
        The axis of the classes.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `output` without `axis`; float32, in nats.

    Raises
    ------
    ValueError
        If the shapes differ.

    See Also
    --------
    sparse_categorical_crossentropy, log_softmax

    Notes
    -----
    Source: keras.ops.categorical_crossentropy.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.categorical_crossentropy([[0.0, 1.0]], [[0.25, 0.75]]))
    [0.2876821]
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
    """`categorical_crossentropy` for ids of classes; 0 for an id outside.

    Parameters
    ----------
    target : array_like or KerasTensor
        Integers, of the shape of `output` without `axis`.
    output : array_like or KerasTensor
        Probabilities or logits (..., classes).
    from_logits : bool, default False
        The predictions are logits, not probabilities.
    axis : int, default -1
        The axis of the classes.

    Returns
    -------
    Tensor or KerasTensor
        The shape of `target`; float32, in nats.

    See Also
    --------
    categorical_crossentropy, one_hot

    Notes
    -----
    Source: keras.ops.sparse_categorical_crossentropy.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.sparse_categorical_crossentropy([1], [[0.25, 0.75]]))
    [0.2876821]
    """
    if shaping.ndim(target) == shaping.ndim(output) and shaping.shape(target)[-1] == 1:
        target = shaping.squeeze(target, -1)
    sizes = shaping.shape(output)
    (place,) = axes_of(axis, len(sizes))
    classes = sizes[place]
    if classes is None:
        raise ValueError(f"output must have a known number of classes, got {sizes}")
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
    """softmax(query key * scale + bias) value, head by head.

    Parameters
    ----------
    query : array_like or KerasTensor
        Numbers (batch, T, heads, head_dim).
    key : array_like or KerasTensor
        Numbers (batch, S, heads, head_dim).
    value : array_like or KerasTensor
        Numbers (batch, S, heads, head_dim).
    bias : array_like, optional
        Added to the scores; broadcasts to (batch, heads, T, S).
    mask : array_like of bool, optional
        True where a query may see a key; broadcasts to (batch, heads, T, S).
    scale : float, optional
        Factor of the scores; None: 1 / sqrt(head_dim).
    is_causal : bool, default False
        A query sees no later key.
    flash_attention : bool, optional
        Accepted, without effect.
    attn_logits_soft_cap : float, optional
        Scores become cap * tanh(score / cap).

    Returns
    -------
    Tensor or KerasTensor
        (batch, T, heads, head_dim); float32.

    Raises
    ------
    ValueError
        If a shape does not fit.

    See Also
    --------
    softmax, einsum

    Notes
    -----
    Source: keras.ops.dot_product_attention.

    Examples
    --------
    >>> from maskseq import ops
    >>> ones = ops.ones((1, 2, 1, 1))
    >>> value = ops.array([[[[1.0]], [[3.0]]]])
    >>> print(ops.dot_product_attention(ones, ones, value, is_causal=True).ravel())
    [1. 2.]
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


def _within(name: str, lengths: Any, most: int) -> np.ndarray:
    found = np.asarray(lengths).astype(np.int64).reshape(-1)
    if _kernels.first_outside(found, most + 1) < found.size:
        raise ValueError(f"{name} must be from 0 to {most}, got {found.tolist()}")
    return found


def _ragged(x: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first steps of each sequence, where they are in `x`, and the offsets of sequences."""
    real = np.arange(x.shape[1]) < lengths[:, None]
    return x[real], real, _kernels.layout_from_mask(real)[0]


def _ctc_arguments(target, output, target_length, output_length, mask_index):
    target, output = np.asarray(target), np.asarray(output, np.float32)
    if output.ndim != 3 or target.ndim != 2 or len(target) != len(output):
        raise ValueError(
            "target must be (batch, labels) and output (batch, time, classes), got shapes "
            f"{target.shape} and {output.shape}"
        )
    labels, _, label_offsets = _ragged(
        target, _within("target_length", target_length, target.shape[1])
    )
    rows, real, offsets = _ragged(output, _within("output_length", output_length, output.shape[1]))
    return real, (rows, labels.astype(np.int64), offsets, label_offsets, mask_index)


def _of_ctc_output(d, y, target, output, target_length, output_length, mask_index):
    real, arguments = _ctc_arguments(target, output, target_length, output_length, mask_index)
    gradient = np.zeros(np.shape(output), np.float32)
    gradient[real] = _kernels.ctc_backward(d, *arguments)
    return gradient


@operation("CTCLoss", gradient=(None, _of_ctc_output))
def ctc_loss(target, output, target_length, output_length, mask_index=0):
    """The loss of connectionist temporal classification, float32 (batch,).

    Parameters
    ----------
    target : array_like
        Integers (batch, labels).
    output : array_like
        float32 (batch, time, classes), logits.
    target_length, output_length : array_like
        Integers (batch,): how many are real.
    mask_index : int, default 0
        The class between labels.

    Returns
    -------
    Tensor
        (batch,); float32, in nats. Infinite, and without a gradient, where labels need more steps
        than there are.

    Raises
    ------
    ValueError
        If a shape does not fit.

    See Also
    --------
    softmax, logsumexp

    Notes
    -----
    Source: keras.ops.ctc_loss.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.ctc_loss([[1]], [[[0.0, 0.0], [0.0, 0.0]]], [1], [2]))
    [0.2876821]
    """
    return _kernels.ctc(
        *_ctc_arguments(target, output, target_length, output_length, mask_index)[1]
    )
