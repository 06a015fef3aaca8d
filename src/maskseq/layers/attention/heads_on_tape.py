"""Attention of several heads under a tape."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ...tape import Traced, value_of
from . import taped
from .meeting import Meeting


def meet_on_tape(
    layer: Any,
    meeting: Meeting,
    sides: tuple[Traced, Traced, Traced],
    means: Callable[[], Traced],
    with_scores: bool,
    query_mask: np.ndarray | None = None,
) -> tuple[Traced, Any]:
    """(Rows of the output, scores) of the real rows of query, value and key.

    means: the mean of each sequence's values.  query_mask: of queries that it did not pack.
    """
    query, value, key = sides
    layout, averages = meeting.queries, layer.averages(with_scores)
    masked = not layout.full
    q = layer.query_dense.rows_on_tape(query)
    k, v = layer.key_dense.rows_on_tape(key), layer.value_dense.rows_on_tape(value)
    heads, scores = taped.attend_on_tape(
        meeting, q, k, v, layer.score_scale, with_scores, layer.dropping(layout.batch)
    )

    @functools.cache
    def mean() -> Traced:
        projected = layer.value_dense.rows_on_tape(means())
        return taped.for_each_head(projected, heads.shape[1] // projected.shape[1])

    if averages:
        lost = np.broadcast_to(_lost(meeting, query_mask), heads.shape[:2])
        if lost.any():
            heads = taped.with_means(heads, mean(), lost, meeting.sequence, layout.batch)
        if scores is not None:
            meeting.even_out(value_of(scores), lost)
    if layer.use_gate:
        heads = taped.product(heads, layer.gate_dense.rows_on_tape(query))
    if masked:
        zeros = np.zeros((1, *heads.shape[1:]), np.float32)
        heads = taped.joined([heads, mean() if averages else heads.tape.data(zeros)])
    out = layer.output_dense.rows_on_tape(heads)
    return taped.as_rows(out, layout, pad=not masked), scores


def _lost(meeting: Meeting, query_mask: np.ndarray | None) -> np.ndarray:
    lost = meeting.lost()
    return lost if query_mask is None else lost | ~query_mask.reshape(-1, 1)
