"""What attention layers record on a tape: the meeting of rows, and where a query meets none."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import _kernels
from ...rows import Layout, Rows
from ...tape import Traced
from ...tensor import as_numpy
from ..base.recorded import parted
from .dropping import Dropping
from .meeting import Meeting, mean_of_cells, mean_of_rows, shown_times
from .scores_backward import through_scores


def attend_on_tape(
    meeting: Meeting,
    q: Traced,
    k: Traced,
    v: Traced,
    scale: float,
    with_scores: bool,
    dropping: Dropping | None = None,
) -> tuple[Traced, Any]:
    """`meeting.attend` of rows (n, heads, width), with dropout, and the scores before it.

    The weights are computed again on the way back.
    """
    tape, held = q.tape, (q.value, k.value, v.value)
    out: Any
    scores: Any
    out, scores = meeting.attend(*held, scale, with_scores)
    places = meeting.places(scale)
    if dropping is not None:
        places["dropout"] = dropping.arguments
        out = _kernels.attention(*held, **places)

    def backward(gradient: Any, wanted: Any) -> Sequence[Any]:
        d_out, d_scores = parted(gradient, out, with_scores)
        dq, dk, dv = _kernels.attention_backward(d_out, *held, **places)
        if d_scores is not None:
            more = through_scores(meeting, scores, d_scores, *held[:2])
            dq, dk = (d + np.float32(scale) * x for d, x in zip((dq, dk), more, strict=True))
        return dq, dk, dv

    if not with_scores:
        return tape.record(out, [q, k, v], backward), None
    return tuple(tape.record([out, scores], [q, k, v], backward))


def means_on_tape(value: Traced, mask: np.ndarray | None) -> Traced:
    """`mean_of_rows` of Rows, or `mean_of_cells` of a padded array with this mask."""
    x = value.value
    if type(x) is not Rows:
        return _means_of_cells(value, as_numpy(x), mask)
    layout, count = x.layout, len(x.values)
    shown, padding = shown_times(x)

    def backward(d: np.ndarray, wanted: Any) -> list[np.ndarray]:
        d = d / np.float32(max(layout.time, 1))
        rows = np.empty((count, d.shape[1]), np.float32)
        rows[: layout.steps] = np.repeat(d, layout.lengths, axis=0)
        if shown is not None:
            rows[: layout.steps] *= shown[:, None]
        pads = d * padding[:, None]
        own = count == layout.steps + layout.batch and layout.batch != 1
        rows[layout.steps :] = pads if own else _kernels.sum_rows(pads, np.array([0, len(pads)]))
        return [rows]

    return value.tape.record(mean_of_rows(x), [value], backward)


def _means_of_cells(value: Traced, x: np.ndarray, mask: np.ndarray | None) -> Traced:
    def backward(d: np.ndarray, wanted: Any) -> list[np.ndarray]:
        cells = np.repeat((d / np.float32(max(x.shape[1], 1)))[:, None], x.shape[1], axis=1)
        if mask is not None:
            cells = np.where(mask[..., None] | np.isfinite(x), cells, np.float32(0))
        return [cells]

    return value.tape.record(mean_of_cells(x, mask), [value], backward)


def with_means(
    out: Traced, means: Traced, lost: np.ndarray, sequence: np.ndarray, batch: int
) -> Traced:
    """out (n, ..., width), but for the lost queries the mean of their sequence.

    means: (batch, ..., width).  lost: bool (n, ...).  sequence: (n,) ascending.
    """
    where = lost[..., None]
    offsets = np.searchsorted(sequence, np.arange(batch + 1))

    def backward(d: np.ndarray, wanted: Any) -> list[np.ndarray | None]:
        to_means = None
        if wanted[1]:
            gone = np.where(where, d, np.float32(0)).reshape(len(d), -1)
            to_means = _kernels.sum_rows(gone, offsets).reshape(means.shape)
        return [np.where(where, np.float32(0), d) if wanted[0] else None, to_means]

    value = np.where(where, means.value[sequence], out.value)
    return out.tape.record(value, [out, means], backward)


def for_each_head(means: Traced, times: int) -> Traced:
    """(batch, kv_heads, width) -> (batch, kv_heads * times, width), each `times` side by side."""
    batch, kv_heads, width = means.shape

    def backward(d: np.ndarray, wanted: Any) -> list[np.ndarray]:
        groups = d.reshape(batch * kv_heads, times, width)
        total = groups[:, 0]
        for i in range(1, times):
            total = total + groups[:, i]
        return [total.reshape(batch, kv_heads, width)]

    if times == 1:
        return means
    return means.tape.record(np.repeat(means.value, times, axis=1), [means], backward)


def product(a: Traced, b: Traced) -> Traced:
    """a * b, of one shape."""
    x, y = a.value, b.value
    return a.tape.record(x * y, [a, b], lambda d, wanted: [d * y, d * x])


def joined(parts: Sequence[Traced]) -> Traced:
    """Rows, one part after another."""
    ends = list(itertools.accumulate(len(x) for x in parts))[:-1]
    value = np.concatenate([x.value for x in parts])
    return parts[0].tape.record(value, parts, lambda d, wanted: np.split(d, ends))


def as_rows(x: Traced, layout: Layout, pad: bool) -> Traced:
    """An array (n + pads, *features) as Rows; with `pad` a pad row of zeros is added."""
    value = x.value
    if pad:
        value = np.concatenate([value, np.zeros((1, *value.shape[1:]), np.float32)])

    def backward(d: np.ndarray, wanted: Any) -> list[np.ndarray]:
        if len(d) < len(x):
            none = np.zeros((len(x) - len(d), *d.shape[1:]), np.float32)
            return [np.concatenate([d, none])]
        return [d[: len(x)]]

    return x.tape.record(Rows(value, layout), [x], backward)


def unmasked(x: Traced) -> Traced:
    """A padded array without the mask that it carries."""
    return x.tape.record(as_numpy(x.value), [x], lambda d, wanted: [d])
