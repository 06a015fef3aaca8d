"""The gradient that passes the attention weights which a layer returns as its scores."""

import numpy as np

from ... import _kernels
from ...numerics import slopes
from ...numerics.products import outer
from .meeting import Meeting


def through_scores(
    meeting: Meeting, scores: np.ndarray, d_scores: np.ndarray, q: np.ndarray, k: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of q and k from that of scores = softmax(scale q k), for a scale of 1.

    scores, d_scores: (batch, heads, Tq, Tk); those of masked steps, and of queries with nothing to
    attend to, are constants.  q: (n, heads, width).  k: (m, kv_heads, width).
    """
    dq, dk = np.zeros(q.shape, np.float32), np.zeros(k.shape, np.float32)
    times, lost = q.shape[1] // k.shape[1], meeting.lost()
    for b, part, keys, _ in meeting.pairs(q.shape[2]):
        steps = meeting.query_steps[part, None], meeting.key_steps[None, keys]
        for head in range(q.shape[1]):
            p, d = scores[b, head][steps], d_scores[b, head][steps]
            d = slopes.softmax(np.where(p == 0, np.float32(0), d), p, -1)
            if lost.any():
                d[lost[part, min(head, lost.shape[1] - 1)]] = 0
            shared = head // times
            packed = _kernels.PackedDense(np.ascontiguousarray(k[keys, shared]))
            dq[part, head] = _kernels.dense(d, packed)
            dk[keys, shared] += outer(d, np.ascontiguousarray(q[part, head]))
    return dq, dk
