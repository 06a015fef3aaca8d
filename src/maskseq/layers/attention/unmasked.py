"""Self-attention over a padded array without a mask whose masked cells repeat pad rows.

Every cell is a key, in its place. Of the queries, keys and values of a sequence only the real ones
and its pad row are computed; those of the pad row are then read once for each cell that shows it.
"""

import math
from typing import Any

import numpy as np

from ...rows import Layout, Rows, Unmasked
from .meeting import Meeting


def attend_to_all_cells(layer: Any, x: Unmasked, steps: int) -> Unmasked:
    """layer(x, x) of a HeadsAttention, where every query attends to every cell.

    steps: rows and cells that are done together, about.
    """
    layout, values = x.rows.layout, _with_own_pads(x.rows)
    batch, time = layout.batch, layout.time
    cells = Layout.from_offsets(np.arange(batch + 1) * time)
    out = np.empty((len(values), math.prod(layer.output_features(values.shape[1]))), np.float32)
    for part in Meeting(layout, cells).parts(steps):
        own = slice(part.sequences.start or 0, part.sequences.stop)
        pads = slice(layout.steps + own.start, layout.steps + own.stop)
        some = part.meeting.queries
        rows = values
        if some is not layout:
            rows = np.concatenate([values[part.rows], values[pads]])
        y = _attend(layer, rows, some, part.meeting.keys)
        out[part.rows], out[pads] = y[: some.steps], y[some.steps :]
    shape = layer.output_features(values.shape[1])
    return Unmasked(Rows(out.reshape(len(out), *shape), layout))


def _attend(layer: Any, rows: np.ndarray, layout: Layout, cells: Layout) -> np.ndarray:
    """The output rows for real rows, and then pad rows, of whole sequences."""
    q, k, v = layer.project_alone(rows)
    shown, scale = _shown(layout), layer.score_scale
    k, v = k.take(shown, axis=0), v.take(shown, axis=0)
    heads = np.empty((*q.shape[:2], v.shape[2]), np.float32)
    n, single = layout.steps, Layout.from_offsets(np.arange(layout.batch + 1))
    Meeting(layout, cells).attend(q[:n], k, v, scale, False, heads[:n])
    Meeting(single, cells).attend(q[n:], k, v, scale, False, heads[n:])
    if layer.use_gate:
        heads *= layer.gate_dense.rows(rows).reshape(heads.shape)
    return layer.output_dense.rows(heads)


def _with_own_pads(rows: Rows) -> np.ndarray:
    """The real rows, then a pad row for each sequence."""
    layout, values = rows.layout, rows.values
    if len(values) != layout.steps + 1:
        return values
    return np.concatenate([values[:-1], values[-1:].repeat(layout.batch, axis=0)])


def _shown(layout: Layout) -> np.ndarray:
    """int64 (batch * time,): which of these rows each cell shows."""
    shown = np.arange(layout.steps, layout.steps + layout.batch).repeat(layout.time)
    shown[layout.cells] = np.arange(layout.steps)
    return shown
