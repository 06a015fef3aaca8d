"""check_precision: what fewer bits change in the answers of a model."""

import copy
from typing import Any, NamedTuple

import numpy as np

from ..data.ragged import Ragged
from .invariance import real_steps, run


class PrecisionCheck(NamedTuple):
    """What `check_precision` found: how far the answers of a quantized model are from float32's.

    Parameters
    ----------
    largest : float
        The largest difference of a number of the answers.
    typical : float
        The median difference of a number of the answers.
    changed : int
        How many decisions are others.
    decisions : int
        How many decisions there are: which number of the last axis is the largest, or whether a
        single one within 0 and 1 is above 0.5. Answers that are neither have none.
    size : float
        The largest magnitude of a number of the answers in float32.

    See Also
    --------
    check_precision

    Examples
    --------
    >>> import maskseq
    >>> check = maskseq.testing.PrecisionCheck(0.02, 0.001, changed=3, decisions=100, size=5.0)
    >>> check.changed / check.decisions
    0.03
    """

    largest: float
    typical: float
    changed: int
    decisions: int
    size: float

    def __str__(self) -> str:
        told = f"largest difference {self.largest:.2g}, typical {self.typical:.2g}, of answers up "
        told += f"to {self.size:.2g}"
        if not self.decisions:
            return told
        return f"{told}; {self.changed:,} of {self.decisions:,} decisions changed"


def check_precision(model: Any, x: Any, precision: str = "int8") -> PrecisionCheck:
    """What `model.quantize(precision)` would change in the answers to `x`, at real steps.

    Parameters
    ----------
    model : Model
        A float32 model of maskseq; a copy of it is quantized.
    x : array_like
        As for `check_invariance`.
    precision : str, default "int8"
        "int8" or "bfloat16".

    Returns
    -------
    PrecisionCheck
        A PrecisionCheck; printed, it is a line of text. A difference is infinite where one answer
        is NaN and the other is not.

    Raises
    ------
    ValueError
        Naming the layer: see `Model.quantize`.

    See Also
    --------
    precision_differences, maskseq.plot.precision

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> ids = maskseq.Input((None,), dtype="int32")
    >>> x = layers.Embedding(1000, 16, mask_zero=True)(ids)
    >>> model = maskseq.Model(ids, layers.LSTM(8)(x))
    >>> check = maskseq.testing.check_precision(model, [[711, 632, 71], [73, 8]], "bfloat16")
    >>> check.largest < 0.05
    True
    """
    pairs = _answers(model, x, precision)
    apart = _apart(pairs)
    decided = [(p, q) for p, q in map(_decisions, pairs) if p is not None]
    return PrecisionCheck(
        largest=float(apart.max(initial=0)),
        typical=float(np.median(apart)) if apart.size else 0.0,
        changed=sum(int((p != q).sum()) for p, q in decided),
        decisions=sum(p.size for p, _ in decided),
        size=max((float(np.abs(a).max(initial=0)) for a, _ in pairs), default=0.0),
    )


def precision_differences(model: Any, x: Any, precision: str = "int8") -> np.ndarray:
    """How far each number of the answers to `x` moves when `model` is quantized, at real steps.

    Parameters
    ----------
    model : Model
        A float32 model of maskseq; a copy of it is quantized.
    x : array_like
        As for `check_invariance`.
    precision : str, default "int8"
        "int8" or "bfloat16".

    Returns
    -------
    numpy.ndarray
        float64 (numbers of all answers,), none negative; infinite where one answer is NaN and the
        other is not.

    Raises
    ------
    ValueError
        Naming the layer: see `Model.quantize`.

    See Also
    --------
    check_precision, maskseq.plot.precision

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([maskseq.Input((None, 4)), layers.LSTM(8)])
    >>> maskseq.testing.precision_differences(model, [[[1.0, 2.0, 3.0, 4.0]]]).shape
    (8,)
    """
    return _apart(_answers(model, x, precision))


def _answers(model: Any, x: Any, precision: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Those of the model and of a quantized copy, at real steps."""
    if not isinstance(x, (np.ndarray, Ragged)):
        x = Ragged.from_list(list(x))
    real = real_steps(model, x)
    low = copy.deepcopy(model)
    low.quantize(precision)
    both = zip(run(model, x), run(low, x), strict=True)
    return [(_at_steps(a, real), _at_steps(b, real)) for a, b in both]


def _apart(pairs: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        apart = [np.where(_same(a, b), 0, np.abs(a.astype(np.float64) - b)) for a, b in pairs]
    every = np.concatenate([np.ravel(d) for d in apart])
    return np.where(np.isnan(every), np.inf, every)


def _same(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a == b) | (np.isnan(a) & np.isnan(b))


def _at_steps(y: np.ndarray, real: np.ndarray) -> np.ndarray:
    """The answers at real steps, if there is one for each step."""
    return y[real] if y.ndim > 2 and y.shape[:2] == real.shape else y


def _decisions(pair: tuple[np.ndarray, np.ndarray]) -> tuple[Any, Any]:
    a, b = pair
    if a.ndim > 1 and a.shape[-1] > 1:
        return a.argmax(axis=-1), b.argmax(axis=-1)
    if ((a >= 0) & (a <= 1)).all():
        return a > 0.5, b > 0.5
    return None, None
