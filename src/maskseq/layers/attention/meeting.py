"""What the attention layers share: which rows meet, and what comes out where a query meets none.

Only real queries and real keys are computed, sequence by sequence. A query with nothing to attend
to puts out the mean of all the values of its sequence, masked ones included, as in Keras.
"""

import functools
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ... import _kernels
from ...rows import Layout, Rows

_BLOCK = 1 << 20
"""Floats of a block of query-key pairs in NumPy: 4 MB."""

NONE_LOST = np.zeros((1, 1), bool)
"""What `Meeting.lost` gives where every query meets itself."""

Means = Callable[[], np.ndarray]
"""The mean of each sequence's values, (batch, features), made only where a query needs it."""


class Meeting:
    """Which query rows attend to which key rows.

    queries, keys: the layouts of the real rows.  causal: a query attends to no key of a later step.
    mask: bool (batch, Tq, Tk) or (batch, heads, Tq, Tk), True = attend; None = to all.
    """

    def __init__(
        self, queries: Layout, keys: Layout, causal: bool = False, mask: np.ndarray | None = None
    ):
        self.queries, self.keys = queries, keys
        if causal and mask is not None:
            mask, causal = mask & not_later(queries.time, keys.time), False
        self.causal, self.mask = causal, mask

    @cached_property
    def query_steps(self) -> np.ndarray:
        return self.queries.cells % max(self.queries.time, 1)

    @cached_property
    def key_steps(self) -> np.ndarray:
        return self.keys.cells % max(self.keys.time, 1)

    @cached_property
    def sequence(self) -> np.ndarray:
        """The sequence that each query belongs to."""
        return np.repeat(np.arange(self.queries.batch), self.queries.lengths)

    def attend(
        self,
        q: np.ndarray,
        k: np.ndarray,
        v: np.ndarray,
        scale: float,
        with_scores: bool,
        out: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """softmax(scale q k) v over rows (n, heads, width), and the scores (batch, heads, Tq, Tk).

        Zeros for a query with nothing to attend to.  out: room for the first.
        """
        result = _kernels.attention(
            q,
            k,
            v,
            **self.places(scale, with_scores),
            scores_time=(self.queries.time, self.keys.time) if with_scores else None,
            out=out,
        )
        return result if isinstance(result, tuple) else (result, None)

    def places(self, scale: float, with_scores: bool = False) -> dict[str, Any]:
        """The arguments of _kernels.attention that say which rows meet, by name."""
        by_step = self.causal or self.mask is not None or with_scores
        return {
            "query_offsets": self.queries.offsets,
            "key_offsets": self.keys.offsets,
            "scale": scale,
            "causal": self.causal,
            "query_steps": self.query_steps if by_step else None,
            "key_steps": self.key_steps if by_step else None,
            "mask": self.mask,
        }

    def mask_of_scores(
        self, query_mask: np.ndarray | None, key_masks: list[np.ndarray]
    ) -> np.ndarray | None:
        """The mask that Keras leaves on the scores (batch, heads, Tq, Tk); None for none.

        It has size 1 along an axis on which nothing depends.  query_mask: (batch, Tq).  key_masks:
        those of values and keys, (batch, Tk).
        """
        masks = [mask[:, None, None, :] for mask in key_masks]
        if query_mask is not None:
            masks.append(query_mask[:, None, :, None])
        if self.mask is not None:
            masks.append(self.mask if self.mask.ndim == 4 else self.mask[:, None])
        if self.causal:
            masks.append(not_later(self.queries.time, self.keys.time)[None, None])
        return functools.reduce(np.logical_and, masks) if masks else None

    def parts(self, steps: int) -> Iterator["Part"]:
        """Sequence after sequence, in meetings of about so many query and key rows."""
        batch, rows, keys = self.queries.batch, self.queries.steps, self.keys.steps
        if rows + keys <= steps:
            yield Part(self, slice(batch), slice(rows), slice(keys))
            return
        start, total = 0, self.queries.offsets + self.keys.offsets
        while start < batch:
            end = int(np.searchsorted(total, total[start] + steps, side="right")) - 1
            end = min(max(end, start + 1), batch)
            mask = None if self.mask is None else self.mask[start:end]
            layouts = self.queries.part(start, end), self.keys.part(start, end)
            offsets = self.queries.offsets, self.keys.offsets
            rows, keys = (slice(x[start], x[end]) for x in offsets)
            yield Part(Meeting(*layouts, self.causal, mask), slice(start, end), rows, keys)
            start = end

    def attend_by(
        self,
        score: Callable,
        q: np.ndarray,
        k: np.ndarray,
        v: np.ndarray,
        with_scores: bool,
        dropping: Any = None,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """The same of one head and any `score(q (i, 1, dim), k (1, j, dim)) -> (i, j)`; one pad.

        dropping: of the weights, in training; the scores are those before it.
        """
        out = np.zeros((len(q) + 1, v.shape[1]), np.float32)
        shape = self.queries.batch, self.queries.time, self.keys.time
        scores = np.zeros(shape, np.float32) if with_scores else None
        values: Any = None
        of = -1
        for b, part, keys, visible in self.pairs(k.shape[1]):
            if b != of:
                values, of = _kernels.PackedDense(v[keys]), b
            weights = weights_by(score, q[part], k[keys], visible)
            used = weights if dropping is None else dropping.of(self, b, part, weights)
            out[part] = _kernels.dense(used, values)
            if scores is not None:
                scores[b, self.query_steps[part, None], self.key_steps[None, keys]] = weights
        return out, scores

    def pairs(self, width: int) -> Iterator[tuple[int, slice, slice, np.ndarray | None]]:
        """Blocks of query rows with all the key rows of their sequence, if it has some.

        (sequence, query rows, key rows, bool (queries, keys) of what is attended to or None for
        all), so that (queries, keys, width) numbers are no more than a cache holds.
        """
        for b in range(self.queries.batch if self.queries.steps else 0):
            first, last = self.keys.offsets[b : b + 2].tolist()
            if first == last:
                continue
            block = max(1, _BLOCK // max(1, (last - first) * width))
            begin, end = self.queries.offsets[b : b + 2].tolist()
            for start in range(begin, end, block):
                part, keys = slice(start, min(start + block, end)), slice(first, last)
                visible = None
                if self.causal:
                    visible = self.key_steps[None, keys] <= self.query_steps[part, None]
                yield b, part, keys, visible

    def lost(self) -> np.ndarray:
        """bool (n, 1 or heads): the queries with nothing to attend to; (1, 1) False for none."""
        if self.mask is None and self.queries is self.keys:
            return NONE_LOST
        some = self.keys.lengths > 0
        if self.mask is None and not self.causal:
            return np.zeros((1, 1), bool) if some.all() else ~some[self.sequence, None]
        if self.mask is None:
            first = np.full(self.keys.batch, self.queries.time)
            first[some] = self.key_steps[self.keys.offsets[:-1][some]]
            return (self.query_steps < first[self.sequence])[:, None]
        mask = self.mask if self.mask.ndim == 4 else self.mask[:, None]
        visible = np.asarray((mask & self.keys.mask[:, None, None, :]).any(axis=-1))
        return ~visible[self.sequence, :, self.query_steps]

    def even_out(self, scores: np.ndarray, lost: np.ndarray) -> None:
        """Let `lost` and masked queries weigh all keys alike. scores: (batch, heads, Tq, Tv)."""
        even = 1 / np.float32(self.keys.time)
        row, head = np.nonzero(np.broadcast_to(lost, (len(self.sequence), scores.shape[1])))
        scores[self.sequence[row], head, self.query_steps[row]] = even
        if not self.queries.full:
            scores.swapaxes(1, 2)[~self.queries.mask] = even


class Part(NamedTuple):
    """A meeting of some sequences of a larger one, and where these and their rows are in it."""

    meeting: Meeting
    sequences: slice
    rows: slice
    keys: slice


def weights_by(
    score: Callable, q: np.ndarray, k: np.ndarray, visible: np.ndarray | None
) -> np.ndarray:
    """The weights (queries, keys) of a block of `Meeting.pairs`."""
    found = score(q[:, None], k[None]).astype(np.float32, copy=False)
    return _kernels.masked_softmax(found, visible)


def not_later(query_time: int, key_time: int) -> np.ndarray:
    """bool (Tq, Tk): True where the key's step is not after the query's."""
    return np.arange(key_time) <= np.arange(query_time)[:, None]


def real_rows(rows: Rows) -> np.ndarray:
    """The rows of real steps, without the pad rows."""
    if rows._values is None and rows.source.index is None:
        return rows.source.array
    return rows.values[: rows.layout.steps]  # gathered once for all readers


def mean_of_cells(x: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """The mean over time, masked cells included; NaN and infinities in these count as 0."""
    batch, time, features = x.shape
    if mask is None:
        rows = x.reshape(batch * time, features)
        return _kernels.sum_rows(rows, np.arange(batch + 1) * time) / np.float32(max(time, 1))
    masked = np.nonzero(~mask)
    total = _kernels.sum_rows(x[mask], np.searchsorted(np.nonzero(mask)[0], np.arange(batch + 1)))
    ones = np.ones(len(masked[0]), np.float32)
    return _mean_with_masked(total, x[masked], ones, masked[0], time)


def _mean_with_masked(
    total: np.ndarray, rows: np.ndarray, counts: np.ndarray, sequences: np.ndarray, time: int
) -> np.ndarray:
    """The mean over `time` cells; total: of the real ones.

    rows, counts, sequences: what masked cells show, how many of them, and of which sequence, in
    order. Neighbours that are alike are one, so that the bits do not tell Rows from padded arrays.
    """
    rows = np.where(np.isfinite(rows), rows, np.float32(0))
    other = (rows[1:] != rows[:-1]).any(axis=1) | (sequences[1:] != sequences[:-1])
    starts = np.flatnonzero(np.append(True, other)[: len(rows)])
    if len(starts) < len(rows):
        counts = np.add.reduceat(counts, starts)
    offsets = np.searchsorted(sequences[starts], np.arange(len(total) + 1))
    total = total + _kernels.sum_rows(rows[starts] * counts[:, None], offsets)
    return total / np.float32(max(time, 1))


def mean_of_rows(rows: Rows) -> np.ndarray:
    """The mean over time of the padded array that `rows` stand for, (batch, features)."""
    layout, real = rows.layout, real_rows(rows)
    shown, padding = shown_times(rows)
    sequences = np.flatnonzero(padding)
    masked = np.broadcast_to(rows.pads, (layout.batch, *rows.pads.shape[1:]))[sequences]
    counts = padding[sequences]
    if shown is not None:  # behind the pads in front of them
        carried = np.flatnonzero(shown > 1)
        owners = np.repeat(np.arange(layout.batch), layout.lengths)[carried]
        places = np.searchsorted(owners, sequences)
        masked = np.insert(real[carried], places, masked, axis=0)
        counts = np.insert(shown[carried] - 1, places, counts)
        sequences = np.insert(owners, places, sequences)
    total = _kernels.sum_rows(real, layout.offsets)
    return _mean_with_masked(total, masked, counts, sequences, layout.time)


def shown_times(rows: Rows) -> tuple[np.ndarray | None, np.ndarray]:
    """How many cells show each row, float32 (n,), None for one each; and, of each sequence, a pad.

    A row shows in its own cell and, with `carry`, in the masked ones behind it.
    """
    layout = rows.layout
    padding = layout.time - layout.lengths
    if not rows.carry:
        return None, padding.astype(np.float32)
    some = layout.lengths > 0
    ends = np.append(layout.cells[1:], 0)
    ends[layout.offsets[1:][some] - 1] = (np.flatnonzero(some) + 1) * layout.time
    first = layout.cells[layout.offsets[:-1][some]]
    padding[some] = first - np.flatnonzero(some) * layout.time
    return (ends - layout.cells).astype(np.float32), padding.astype(np.float32)
