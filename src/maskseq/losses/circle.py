"""Circle: a loss of embeddings, which brings those of one class together. Source: keras.losses."""

from typing import Any

import numpy as np

from .. import ops
from ..given.numbers import real_numbers
from ..tape import value_of
from ..tensor import set_keras_mask
from .loss import REDUCTIONS, LossFunctionWrapper
from .targets import of_users

_ZERO, _ONE = np.float32(0), np.float32(1)


@of_users
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80.0,
    margin: float = 0.4,
) -> Any:
    """log(1 + the sum over the pairs of a class times that over the pairs of two), (samples,).

    Samples whose loss is 0 have a mask that leaves them out, as in Keras.

    Parameters
    ----------
    y_true : array_like
        int (samples,) or (samples, 1).
    y_pred : array_like
        float32 (samples, features) of length 1.
    ref_labels : array_like, optional
        Labels of the other halves of the pairs, by default `y_true`.
    ref_embeddings : array_like, optional
        The other halves of the pairs, by default `y_pred`.
    remove_diagonal : bool, default True
        No sample makes a pair with the reference of its own number.
    gamma : float, default 80.0
        The scale.
    margin : float, default 0.4
        How far a pair may be from the best that it can be.

    Returns
    -------
    numpy.ndarray
        float32 (samples,), one for each.

    Raises
    ------
    ValueError
        For other shapes.

    See Also
    --------
    Circle

    Notes
    -----
    Source: Sun et al. 2020.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([0, 0, 1]), np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    >>> maskseq.losses.circle(y_true, y_pred).shape
    (3,)
    """
    others = y_pred if ref_embeddings is None else ref_embeddings
    for name, given in (("y_pred", y_pred), ("ref_embeddings", others)):
        if len(shape := np.shape(value_of(given))) != 2:
            raise ValueError(f"circle: expected {name} (samples, features), got shape {shape}")
    labels = _classes(y_true, y_pred, "y_true")
    others_labels = labels if ref_labels is None else _classes(ref_labels, others, "ref_labels")
    same = labels[:, None] == others_labels
    different = ~same
    if remove_diagonal:
        same = same & ~np.eye(*same.shape, dtype=bool)
    distances = ops.maximum(ops.subtract(_ONE, ops.matmul(y_pred, ops.transpose(others))), _ZERO)
    scale, most = np.float32(gamma), np.float32(margin)
    near = ops.multiply(
        ops.multiply(-scale, ops.maximum(ops.add(distances, most), _ZERO)),
        ops.subtract(most, distances),
    )
    far = ops.multiply(
        ops.multiply(scale, ops.maximum(ops.subtract(_ONE + most, distances), _ZERO)),
        ops.subtract(_ONE - most, distances),
    )
    losses = ops.softplus(ops.add(_summed(near, same), _summed(far, different)))
    set_keras_mask(value_of(losses), value_of(losses) > 0)
    return losses


class Circle(LossFunctionWrapper):
    """`circle` of the samples of a batch, or of all real steps of one: pairs within the batch.

    So the loss depends on what is in a batch together, and its mean counts the samples whose
    loss is above 0. y_pred: embeddings of length 1, as `UnitNormalization` gives them.

    Parameters
    ----------
    gamma : float, default 80.0
        The scale.
    margin : float, default 0.4
        How far a pair may be from the best that it can be.
    remove_diagonal : bool, default True
        No sample makes a pair with the reference of its own number.
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    name : str, default "circle"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`, or data that do not fit y_pred.

    See Also
    --------
    circle

    Notes
    -----
    Source: keras.losses.Circle.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([0, 0, 1]), np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    >>> float(maskseq.losses.Circle()(y_true, y_pred)) > 0
    True
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = REDUCTIONS[0],
        name: str = "circle",
        dtype: Any = None,
    ):
        options = {"gamma": gamma, "margin": margin, "remove_diagonal": remove_diagonal}
        super().__init__(circle, reduction, name, dtype, stepwise=True, **options)
        self.gamma, self.margin, self.remove_diagonal = gamma, margin, remove_diagonal


def _classes(given: Any, embeddings: Any, name: str) -> np.ndarray:
    """Labels as int64 (samples,)."""
    labels, count = real_numbers(np.asarray(given), name), np.shape(value_of(embeddings))[0]
    if labels.shape not in ((count,), (count, 1)):
        raise ValueError(f"circle: expected {name} ({count},), got shape {labels.shape}")
    return labels.reshape(-1).astype(np.int64)


def _summed(terms: Any, wanted: np.ndarray) -> Any:
    """The log of the sum of exp(terms) of the pairs that are wanted, for each sample."""
    return ops.logsumexp(ops.where(wanted, terms, np.float32(-np.inf)), axis=1)
