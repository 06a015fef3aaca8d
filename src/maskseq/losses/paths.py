"""Losses that sum over all paths through a sequence: CTC, and that of a linear-chain CRF."""

from typing import Any

import numpy as np

from .. import _kernels
from ..data.ragged import Ragged, as_batch
from ..given.numbers import real_numbers
from ..layers.rnn.decoded import decoded_from
from ..rows import Layout
from ..tape import Traced, value_of
from ..tensor import as_numpy
from .loss import REDUCTIONS, Loss
from .targets import as_output, rows_of, weights_for


class OfSequences(Loss):
    """Base of losses with one value for each sequence.

    Parameters
    ----------
    name : str, optional
        The name; made from the name of the class if None.
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    dtype : str, optional
        For Keras's configs; all computing is in float32.
    """

    def measured(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        class_weight: Any = None,
        came: Layout | None = None,
        numbers: Any = None,
    ) -> tuple[Any, float]:
        """The loss, and the number of sequences; sample_weight: (batch,)."""
        if class_weight is not None:
            raise ValueError(f"{self.name}: class_weight: a loss of whole sequences takes none")
        values = self.call(y_true, y_pred)
        like = np.empty(value_of(values).shape, np.float32)
        return self._reduced(values, weights_for(sample_weight, like, None), None)


def ctc(y_true: Any, y_pred: Any) -> Any:
    """The loss of each sequence, (batch,); the arguments are those of `CTC`.

    Parameters
    ----------
    y_true : array_like of int (batch, labels), or Ragged
        The labels.
    y_pred : numpy.ndarray (batch, time, classes)
        Logits; class 0 is that between labels.

    Returns
    -------
    numpy.ndarray
        float32 (batch,).

    Raises
    ------
    ValueError
        For a label that is no class, zeros before a label, or another shape.

    See Also
    --------
    CTC, maskseq.ops.ctc_loss

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1, 2, 0]]), np.zeros((1, 4, 3))
    >>> print(maskseq.losses.ctc(y_true, y_pred).round(4))
    [1.6864]
    """
    y_pred = as_output(y_pred)
    shape = value_of(y_pred).shape
    if len(shape) != 3:
        raise ValueError(f"y_pred: expected (batch, time, classes), got shape {shape}")
    rows, layout = rows_of(y_pred)
    offsets = np.arange(shape[0] + 1) * shape[1] if layout is None else layout.offsets
    labels, label_offsets = _labels(y_true, shape[0])
    logits = real_numbers(as_numpy(value_of(rows)), "y_pred").astype(np.float32, copy=False)
    arguments = logits.reshape(-1, shape[2]), labels, offsets, label_offsets
    losses = _kernels.ctc(*arguments)
    if type(rows) is not Traced:
        return losses

    def backward(d: np.ndarray, wanted: Any) -> list[np.ndarray]:
        return [_kernels.ctc_backward(d, *arguments).reshape(logits.shape)]

    return rows.tape.record(losses, [rows], backward)


class CTC(OfSequences):
    """-log of the probability of the labels of each sequence, however they lie along its steps.

    y_true: int (batch, labels) or Ragged, from 1 on; zeros may follow. y_pred: float32 (batch,
    time, classes), logits; class 0 is that between labels. Only real steps count; Keras takes all.
    A loss is infinite, and passes no gradient, if its labels need more steps than there are.

    Parameters
    ----------
    reduction : str or None, default "sum_over_batch_size"
        As in `Loss`, over sequences.
    name : str, default "ctc"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`; a label that is no class, or zeros before one; another shape;
        `class_weight`.

    See Also
    --------
    ctc

    Notes
    -----
    Source: keras.losses.CTC; Graves et al. 2006.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1, 2, 0]]), np.zeros((1, 4, 3))
    >>> round(float(maskseq.losses.CTC()(y_true, y_pred)), 4)
    1.6864
    """

    def __init__(self, reduction: str | None = REDUCTIONS[0], name: str = "ctc", dtype: Any = None):
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ctc(y_true, y_pred)


class CRF(OfSequences):
    """-log of the probability of the right tags of each sequence, for a model that has a layer CRF.

    y_true: int (batch, time), not read where masked, or Ragged. y_pred: the tags that a layer CRF
    gave, as they came; its loss is that of the emissions which these were decoded from.

    Parameters
    ----------
    reduction : str or None, default "sum_over_batch_size"
        As in `Loss`, over sequences.
    name : str, default "crf"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`; if y_pred is not what a layer CRF gave; for `class_weight`.

    See Also
    --------
    CTC, maskseq.layers.CRF

    Notes
    -----
    Source: Lafferty et al. 2001. Not in Keras.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(3), layers.CRF()])
    >>> model.compile(optimizer="adam", loss=maskseq.losses.CRF())
    >>> x, tags = [np.ones((2, 4)), np.ones((5, 4))], [[0, 1], [0, 1, 2, 1, 0]]
    >>> history = model.fit(x, tags, verbose=0)
    >>> sorted(history.history)
    ['loss']
    """

    in_keras = False

    def __init__(self, reduction: str | None = REDUCTIONS[0], name: str = "crf", dtype: Any = None):
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        layer, emissions = decoded_from(y_pred)
        return layer.losses(emissions, _tags(y_true))


def _tags(y_true: Any) -> Any:
    return as_batch(y_true) if isinstance(y_true, (list, tuple)) else y_true


def _labels(y_true: Any, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """The labels of all sequences one after another, and where those of each start."""
    given = _tags(y_true)
    if len(given) != batch:
        raise ValueError(f"y_true: expected the labels of {batch} sequences, got {len(given)}")
    if isinstance(given, Ragged):
        labels, offsets = as_numpy(given.values), given.offsets
    else:
        array = real_numbers(as_numpy(np.asarray(given)), "y_true")
        if array.ndim != 2:
            raise ValueError(f"y_true: expected int (batch, labels), got shape {array.shape}")
        labels, offsets = array.reshape(-1), np.arange(batch + 1) * array.shape[1]
    layout, kept = Layout.from_offsets(offsets).select(labels != 0)
    places = np.arange(len(kept)) - layout.offsets[:-1].repeat(layout.lengths)
    wrong = np.flatnonzero(kept - offsets[:-1].repeat(layout.lengths) != places)
    if len(wrong):
        b = int(np.searchsorted(layout.offsets, wrong[0], side="right")) - 1
        found = labels[offsets[b] : offsets[b + 1]].tolist()
        raise ValueError(f"y_true: zeros must follow the labels, got {found} in sequence {b}")
    return labels[kept].astype(np.int64), layout.offsets
