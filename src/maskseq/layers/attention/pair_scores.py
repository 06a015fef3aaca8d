"""Attention by sum(c * tanh(factor * (query + key))) under a tape."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import _kernels
from ...numerics import reductions, slopes
from ...numerics.products import outer, turned
from ...tape import Traced
from ..base.recorded import without_scores
from .meeting import Meeting, weights_by


def attend_by_tanh(
    meeting: Meeting,
    sides: tuple[Traced, Traced, Traced],
    coefficients: np.ndarray,
    factor: float,
    made: tuple[np.ndarray, np.ndarray | None],
    weights: Sequence[Any],
    of_weights: Any,
) -> tuple[Traced, Any]:
    """What `meeting.attend_by` made of rows, recorded.

    sides: q, k (n, dim) and v.  coefficients: c, float32 (dim,).  made: the output with its pad and
    the attention weights.  weights: what a layer is trained by.  of_weights(d_coefficients (dim,),
    d_factor) gives a gradient for each of these.
    """
    q, k, v = (x.value for x in sides)
    out, scores = made

    def score(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        return _kernels.additive_scores(q[:, 0], k[0], coefficients, factor)

    def backward(gradient: Any, wanted: Any) -> list[Any]:
        if scores is not None:
            gradient = without_scores(gradient)
        dq, dk, dv = (np.zeros(x.shape, np.float32) for x in (q, k, v))
        dc, d_factor = np.zeros(len(coefficients), np.float32), np.float32(0)
        for _, part, keys, visible in meeting.pairs(k.shape[1]):
            p = weights_by(score, q[part], k[keys], visible)
            d_scores = slopes.softmax(turned(gradient[part], v[keys]), p, -1)
            d_scores = np.where(p == 0, np.float32(0), d_scores)
            dv[keys] += outer(p, np.ascontiguousarray(gradient[part]))
            both = q[part, None] + k[None, keys]
            t = _kernels.activation(np.float32(factor) * both, "tanh")
            dc += reductions.reduce(d_scores[..., None] * t, "sum", (0, 1))
            inner = d_scores[..., None] * ((1 - t * t) * coefficients)
            d_factor += reductions.reduce(inner * both, "sum")
            dq[part] = np.float32(factor) * reductions.reduce(inner, "sum", 1)
            dk[keys] += np.float32(factor) * reductions.reduce(inner, "sum", 0)
        return [dq, dk, dv, *of_weights(dc, d_factor)]

    tape, sources = sides[0].tape, [*sides, *weights]
    if scores is None:
        return tape.record(out[:-1], sources, backward), None
    return tuple(tape.record([out[:-1], scores], sources, backward))
