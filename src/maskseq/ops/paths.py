"""Operations that sum over all paths through a sequence."""

from typing import Any

import numpy as np

from .. import _kernels
from .operation import operation


def _within(name: str, lengths: Any, most: int) -> np.ndarray:
    found = np.asarray(lengths).astype(np.int64).reshape(-1)
    if _kernels.first_outside(found, most + 1) < found.size:
        raise ValueError(f"{name} must be from 0 to {most}, got {found.tolist()}")
    return found


def _ragged(x: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first steps of each sequence, where they are in `x`, and the offsets of sequences."""
    real = np.arange(x.shape[1]) < lengths[:, None]
    return x[real], real, _kernels.layout_from_mask(real)[0]


def _arguments(target, output, target_length, output_length, mask_index):
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


def _of_output(d, y, target, output, target_length, output_length, mask_index):
    real, arguments = _arguments(target, output, target_length, output_length, mask_index)
    gradient = np.zeros(np.shape(output), np.float32)
    gradient[real] = _kernels.ctc_backward(d, *arguments)
    return gradient


@operation("CTCLoss", gradient=(None, _of_output))
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
    return _kernels.ctc(*_arguments(target, output, target_length, output_length, mask_index)[1])
