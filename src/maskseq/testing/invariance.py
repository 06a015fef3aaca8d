"""check_invariance: does an answer depend on padding or on the neighbours in the batch?"""

from typing import Any

import numpy as np

from ..data.ragged import Ragged
from ..given.options import count, truth
from ..nest import flatten
from ..tensor import as_numpy, convert_to_tensor, get_keras_mask
from .trained import check_trained_weights


def check_invariance(
    model: Any, x: Any, *, extra: int = 5, pad_value: float = 0, train: bool = False
) -> float:
    """The largest difference that neighbours and padding make to the answers of `model`.

    The same sequences are run alone, in another order, and padded by `extra` more masked steps on
    the right; answers are compared at real steps. A model that masks its padding has 0, or a few
    1e-7 under another runtime; one that loses its mask shows it here.

    Parameters
    ----------
    model : Model
        Anything with `predict`; a model of one input.
    x : array_like
        A list of sequences or a Ragged; or a padded array whose padding the model itself masks.
    extra : int, default 5
        How many steps to add.
    pad_value : float, default 0
        What a masked step holds: the id 0 of an Embedding, the value of a Masking.
    train : bool, default False
        Take a step of training too, of which the model keeps nothing: SGD on a sum of all real
        outputs, each times a random number, with dropout. Done with more padding, and on 2, 3 and 5
        threads, it must give every weight the bits that it gives on one thread. For models of
        maskseq. The order of a batch is not changed: sums of gradients depend on it.

    Returns
    -------
    float
        The difference; infinity if NaN or another shape comes out.

    Raises
    ------
    AssertionError
        With `train`, naming each weight that gets other bits, and when.
    TypeError
        With `train`, for a layer whose gradient is not known.

    See Also
    --------
    check_layer, maskseq.report.report

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> ids = maskseq.Input((None,), dtype="int32")
    >>> x = layers.Embedding(1000, 16, mask_zero=True)(ids)
    >>> model = maskseq.Model(ids, layers.LSTM(8)(x))
    >>> maskseq.testing.check_invariance(model, [[711, 632, 71], [73, 8]])
    0.0
    """
    if not hasattr(model, "predict"):
        raise TypeError(f"model must have predict, got {model!r}")
    extra, train = count(extra, "extra", 0), truth(train, "train")
    ragged = not isinstance(x, np.ndarray)
    if ragged and not isinstance(x, Ragged):
        x = Ragged.from_list(list(x))
    sequences = len(x)
    real = real_steps(model, x)
    whole = run(model, x)
    largest = 0.0
    order = np.arange(sequences)[::-1]
    for rows in [order, *([i] for i in range(sequences))]:
        for a, b in zip(whole, run(model, _take(x, rows)), strict=True):
            largest = max(largest, _difference(a[rows], b, real[rows]))
    for a, b in zip(whole, _widened(model, x, extra, pad_value), strict=True):
        largest = max(largest, _difference(a, b, real))
    if train:
        check_trained_weights(model, x, real, extra, pad_value)
    return largest


def run(model: Any, x: Any) -> list[np.ndarray]:
    return [np.asarray(y) for y in flatten(model.predict(x))]


def _take(x: Any, rows: Any) -> Any:
    return Ragged.from_list([x[int(i)] for i in rows]) if isinstance(x, Ragged) else x[rows]


def real_steps(model: Any, x: Any) -> np.ndarray:
    """bool (batch, time): where answers of steps count."""
    if isinstance(x, Ragged):
        return np.arange(max(x.lengths, default=0)) < np.asarray(x.lengths)[:, None]
    masks = [get_keras_mask(y) for y in flatten(model(x))]
    known = [np.asarray(mask) for mask in masks if mask is not None and mask.ndim == 2]
    return known[0] if known else np.ones(x.shape[:2], bool)


def _widened(model: Any, x: Any, extra: int, pad_value: float) -> list[np.ndarray]:
    """The answers for `x` with `extra` more masked steps."""
    if not isinstance(x, Ragged):
        widths = [(0, 0), (0, extra), *[(0, 0)] * (x.ndim - 2)]
        return run(model, np.pad(x, widths, constant_values=pad_value))
    time = int(max(x.lengths, default=0)) + extra
    padded = convert_to_tensor(x.to_padded(time, value=pad_value))
    mask = np.arange(time) < np.asarray(x.lengths)[:, None]
    return [as_numpy(y) for y in flatten(model(padded, mask=mask))]


def _difference(a: np.ndarray, b: np.ndarray, real: np.ndarray) -> float:
    """The largest difference; of answers that have steps, over the real ones of both."""
    if a.ndim != b.ndim or len(a) != len(b):
        return float("inf")
    if a.ndim > 1 and a.shape[1] >= real.shape[1] > 1 or a.shape != b.shape:
        time = min(a.shape[1], b.shape[1], real.shape[1])
        a, b, real = a[:, :time], b[:, :time], real[:, :time]
        if a.shape != b.shape:
            return float("inf")
        a, b = a[real], b[real]
    with np.errstate(invalid="ignore"):
        apart = np.where(a == b, 0, np.abs(a.astype(np.float64) - b))
    return float("inf") if np.isnan(apart).any() else float(apart.max(initial=0))
