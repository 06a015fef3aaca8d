"""Attention by sum(c * tanh(factor * (query + key))) under a tape."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import _kernels
from ...numerics import reductions, slopes
from ...numerics.products import outer, turned
from ...tape import Traced
from ..base.recorded import parted
from .dropping import Dropping
from .meeting import Meeting, weights_by


def attend_by_tanh(
    meeting: Meeting,
    sides: tuple[Traced, Traced, Traced],
    coefficients: np.ndarray,
    factor: float,
    score: Callable,
    with_scores: bool,
    dropping: Dropping | None,
    weights: Sequence[Any],
    of_weights: Any,
) -> tuple[Traced, Any]:
    """`meeting.attend_by` of rows, recorded: (n, width), and the attention weights or None.

    sides: q, k (n, dim) and v.  coefficients: c, float32 (dim,).  score: what computes the scores
    of c and factor.  weights: what a layer is trained by.  of_weights(d_coefficients (dim,),
    d_factor) gives a gradient for each of these.
    """
    q, k, v = (x.value for x in sides)
    out, scores = meeting.attend_by(score, q, k, v, with_scores, dropping)

    def backward(gradient: Any, wanted: Any) -> list[Any]:
        gradient, d_given = parted(gradient, out[:-1], with_scores)
        dq, dk, dv = (np.zeros(x.shape, np.float32) for x in (q, k, v))
        dc, d_factor = np.zeros(len(coefficients), np.float32), np.float32(0)
        for b, part, keys, visible in meeting.pairs(k.shape[1]):
            p = weights_by(score, q[part], k[keys], visible)
            d_weights, used = turned(gradient[part], v[keys]), p
            if dropping is not None:
                d_weights, used = (dropping.of(meeting, b, part, x) for x in (d_weights, p))
            if d_given is not None:
                steps = meeting.query_steps[part, None], meeting.key_steps[None, keys]
                d_weights = d_weights + d_given[b][steps]
            d_scores = np.where(p == 0, np.float32(0), slopes.softmax(d_weights, p, -1))
            dv[keys] += outer(used, np.ascontiguousarray(gradient[part]))
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
