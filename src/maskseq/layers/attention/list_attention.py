"""Attention layers that are called on a list [query, value] or [query, value, key]."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ...rows import Rows
from ...tape import Traced, packed, padded, real_values
from ..base.masks import check_mask
from .calls import CallOfLists
from .dropping import DropsWeights
from .meeting import Means, Meeting, mean_of_cells, mean_of_rows, real_rows
from .taped import as_rows, means_on_tape, unmasked, with_means


class ListAttention(DropsWeights, CallOfLists):
    """Attention of one head over given queries, keys and values.

    A subclass writes `attend(meeting, q, k, v, with_scores)`.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, Tq, dim), (batch, Tv, width), (batch, Tv, dim); without a key the value is
        the key.
    mask
        [query mask or None, value mask or None], bool (batch, Tq) and (batch, Tv); a third one, for
        the key, is not used.
    return_attention_scores
        Also return the weights.
    use_causal_mask
        A query attends to no later step.
    returns
        (batch, Tq, width), zeros at masked queries; with return_attention_scores also (batch, Tq,
        Tv). The query's mask goes on.
    """

    input_axes = "(batch, time, features)"
    takes_list = True
    any_time = True
    own_queries = True

    def build(self, input_shape: Any) -> None:
        _check_list("inputs", input_shape)
        self.make_weights(input_shape[0][-1])

    def make_weights(self, features: int | None) -> None:
        """Make the weights for queries of so many features."""

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        _check_list("inputs", inputs)
        if self.drops(training):
            options = {"return_attention_scores": return_attention_scores}
            return self.dropped(inputs, mask=mask, use_causal_mask=use_causal_mask, **options)
        query, value, *key = (np.asarray(x, np.float32) for x in inputs)
        _check_shapes(query, value, *key)
        query_mask, value_mask = _checked_masks(mask, query.shape, value.shape)
        queries = Rows.view(query, None if return_attention_scores else query_mask)
        values = Rows.view(value, value_mask)
        keys = real_rows(Rows.view(key[0], value_mask)) if key else real_rows(values)
        meeting = Meeting(queries.layout, values.layout, use_causal_mask)
        out, scores = self._meet(
            meeting,
            (real_rows(queries), keys, real_rows(values)),
            lambda: mean_of_cells(value, value_mask),
            return_attention_scores,
        )
        output = Rows(out, queries.layout).to_padded()
        if return_attention_scores and query_mask is not None:
            output = np.where(query_mask[..., None], output, np.float32(0))
        return (output, scores) if return_attention_scores else output

    def on_rows(
        self,
        inputs: Any,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        if self.drops():
            options = {"return_attention_scores": return_attention_scores}
            return self.dropped(inputs, use_causal_mask=use_causal_mask, **options)
        query, value, key = (*inputs, inputs[1])[:3]
        if not all(type(x) is Rows and x.ndim == 3 for x in (query, value, key)):
            return NotImplemented
        if return_attention_scores or key.layout is not value.layout:
            return NotImplemented
        meeting = Meeting(query.layout, value.layout, use_causal_mask)
        sides = real_rows(query), real_rows(key), real_rows(value)
        out, _ = self._meet(meeting, sides, lambda: mean_of_rows(value), False)
        return Rows(out, query.layout)

    def _meet(
        self,
        meeting: Meeting,
        sides: tuple[np.ndarray, np.ndarray, np.ndarray],
        means: Means,
        with_scores: bool,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """(output rows and a pad row of zeros, scores)."""
        out, scores = self.attend(meeting, *sides, with_scores)
        lost = np.flatnonzero(meeting.lost())
        if lost.size:
            out[lost] = means()[meeting.sequence[lost]]
            if scores is not None:
                cells = meeting.sequence[lost], meeting.query_steps[lost]
                scores[cells] = 1 / np.float32(meeting.keys.time)
        return out, scores

    def on_tape(
        self,
        tape: Any,
        inputs: list[Traced],
        mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        _check_list("inputs", inputs)
        query, value, key = (*inputs, inputs[1])[:3]
        on_rows = [type(x.value) is Rows for x in (query, value, key)]
        if not any(on_rows):
            return self._padded_on_tape(
                query, value, key, mask, return_attention_scores, use_causal_mask
            )
        if not all(on_rows) or any(x.ndim != 3 for x in (query, value, key)):
            return NotImplemented
        if return_attention_scores or key.value.layout is not value.value.layout:
            return NotImplemented
        meeting = Meeting(query.value.layout, value.value.layout, use_causal_mask)
        sides = tuple(map(real_values, (query, key, value)))
        means = functools.partial(means_on_tape, value, None)
        return self._meet_on_tape(meeting, sides, means, False)[0]

    def _padded_on_tape(
        self,
        query: Traced,
        value: Traced,
        key: Traced,
        mask: Any,
        with_scores: bool,
        causal: bool,
    ) -> Any:
        """`call` of Traced arrays."""
        _check_shapes(query, value, key)
        query_mask, value_mask = _checked_masks(mask, query.shape, value.shape)
        queries = packed(query, None if with_scores else query_mask)
        values = packed(value, value_mask)
        keys = values if key is value else packed(key, value_mask)
        meeting = Meeting(queries.value.layout, values.value.layout, causal)
        sides = tuple(map(real_values, (queries, keys, values)))
        means = functools.partial(means_on_tape, value, value_mask)
        out, scores = self._meet_on_tape(meeting, sides, means, with_scores)
        output = unmasked(padded(out))
        if with_scores and query_mask is not None:
            output = ops.where(query_mask[..., None], output, np.float32(0))
        return (output, scores) if with_scores else output

    def _meet_on_tape(
        self, meeting: Meeting, sides: tuple, means: Callable[[], Traced], with_scores: bool
    ) -> tuple[Traced, np.ndarray | None]:
        """`_meet` of Traced rows: (Rows of the output, scores)."""
        q, k, v = sides
        out, scores = self.attend_on_tape(meeting, q, k, v, with_scores)
        lost = np.broadcast_to(meeting.lost(), (len(out), 1))[:, 0]
        if lost.any():
            out = with_means(out, means(), lost, meeting.sequence, meeting.queries.batch)
            if scores is not None:
                cells = meeting.sequence[lost], meeting.query_steps[lost]
                scores.value[cells] = 1 / np.float32(meeting.keys.time)
        return as_rows(out, meeting.queries, pad=True), scores

    def attend_on_tape(
        self, meeting: Meeting, q: Traced, k: Traced, v: Traced, with_scores: bool
    ) -> tuple[Traced, Any]:
        """`attend` of Traced rows: (output (n, width), weights or None)."""
        raise NotImplementedError

    def attend(
        self, meeting: Meeting, q: np.ndarray, k: np.ndarray, v: np.ndarray, with_scores: bool
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """(output (n + 1, width), weights (batch, Tq, Tv) or None).

        Zeros for lost queries and in the last row, which pads the others.
        """
        raise NotImplementedError

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None if mask is None else mask[0]

    @property
    def mask_role(self) -> str:
        return "uses, passes"


def _check_list(name: str, value: Any) -> None:
    if not isinstance(value, list) or len(value) not in (2, 3):
        raise ValueError(
            f"{name} must be a list of 2 or 3: [query, value] or [query, value, key], got "
            f"{type(value).__name__}" + (f" of {len(value)}" if hasattr(value, "__len__") else "")
        )


def _checked_masks(mask: Any, query: tuple, value: tuple) -> tuple[Any, Any]:
    """The masks of query and value, None for none, for padded arrays of these shapes."""
    if mask is None:
        return None, None
    _check_list("mask", mask)
    pairs = zip(mask, (query, value), strict=False)
    query_mask, value_mask = (None if m is None else check_mask(m, x[:2]) for m, x in pairs)
    return query_mask, value_mask


def _check_shapes(query: Any, value: Any, key: Any = None) -> None:
    key = value if key is None else key
    shapes = query.shape, value.shape, key.shape
    fits = (
        all(len(shape) == 3 for shape in shapes)
        and query.shape[0] == value.shape[0]
        and value.shape[:2] == key.shape[:2]
        and query.shape[2] == key.shape[2]
    )
    if not fits:
        raise ValueError(
            "inputs must be query (batch, Tq, dim), value (batch, Tv, width) and key "
            f"(batch, Tv, dim), got shapes {', '.join(map(str, shapes))}"
        )
