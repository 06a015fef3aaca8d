"""Attention with several heads over projected queries, keys and values: what MHA and GQA share."""

import functools
import math
from typing import Any, Unpack

import numpy as np

from ... import constraints, regularizers
from ...context import current
from ...initializers import checked
from ...rows import Layout, Rows
from ...tape import Traced, packed, padded, real_values, value_of
from ...tensor import Tensor, set_keras_mask
from ..base.arguments import CommonOptions
from ..base.errors import PLAIN_ERRORS
from ..base.masks import check_mask
from ..base.rules import KERAS2
from .calls import CallOfHeads
from .dropping import DropsWeights
from .heads_on_tape import meet_on_tape
from .meeting import NONE_LOST, Means, Meeting, mean_of_cells, mean_of_rows, real_rows
from .projection import Projection
from .taped import means_on_tape, unmasked
from .unmasked import attend_to_all_cells

_SIDES = ("query", "value", "key")

_STEPS = 4096
"""Query and key rows that are projected together: 2 MB of 256 float32 a side, which the memory
allocator has ready again for the next ones; more is fresh memory in every call."""

_EVERYTHING = 1 << 62


class HeadsAttention(DropsWeights, CallOfHeads):
    """Attention of several heads.

    A query with nothing to attend to, a masked one too, gets the mean of all values, as in Keras;
    with return_attention_scores or dropout it gets none, again as in Keras, and all that is left is
    the output's bias. The masks of the inputs stay where they are.

    Notes
    -----
    A call takes and gives:

    query
        float32 (batch, Tq, features).
    value
        (batch, Tv, features).
    key
        As value, which it is if not given.
    query_mask, value_mask, key_mask
        bool (batch, Tq) and (batch, Tv); by default those that the inputs carry.
    attention_mask
        bool (Tq, Tv), (batch, Tq, Tv) or (batch, heads, Tq, Tv), True = attend.
    return_attention_scores
        Also return the weights.
    use_causal_mask
        A query attends to no later step.
    returns
        ``(batch, Tq, *output_shape)``, with return_attention_scores also (batch, heads, Tq, Tv).
        The query's mask goes on; the scores carry the mask that they were made with.
    """

    input_axes = "(batch, time, ..., features)"
    supports_masking = True
    any_time = True
    own_queries = True
    max_rank = 3
    not_in_config = frozenset({"flash_attention"})

    def __init__(
        self,
        *,
        dropout: float,
        use_bias: bool,
        sliding_window: int | None,
        kernel_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        bias_regularizer: Any,
        activity_regularizer: Any,
        kernel_constraint: Any,
        bias_constraint: Any,
        use_gate: bool,
        seed: int | None,
        flash_attention: bool | None,
        **kwargs: Unpack[CommonOptions],
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.dropout, self.use_bias, self.sliding_window = dropout, use_bias, sliding_window
        self.kernel_initializer = checked(kernel_initializer, "kernel_initializer")
        self.bias_initializer = checked(bias_initializer, "bias_initializer")
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.use_gate, self.seed = use_gate, seed

    def head_shapes(self) -> dict[str, tuple[int, int]]:
        """(heads, width) of the projected "query", "key" and "value"."""
        raise NotImplementedError

    def output_features(self, query_features: int) -> tuple[int, ...]:
        """The last axes of the output."""
        return (query_features,)

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        for side, shape in zip(_SIDES, (query_shape, value_shape, key_shape), strict=True):
            if not 3 <= len(shape) <= self.max_rank or shape[-1] is None:
                raise ValueError(
                    f"{side} must be (batch, time, features) with known features, got shape "
                    f"{tuple(shape)}"
                )
        self._shapes = heads = self.head_shapes()
        self.score_scale = 1 / math.sqrt(heads["query"][1])
        features = query_shape[-1]
        together = (heads["query"][0], heads["value"][1])
        self.query_dense = Projection("query", (features,), heads["query"], self)
        self.key_dense = Projection("key", (key_shape[-1],), heads["key"], self)
        if self.use_gate:
            self.gate_dense = Projection("gate", (features,), together, self, "sigmoid")
        self.value_dense = Projection("value", (value_shape[-1],), heads["value"], self)
        outputs = self.output_features(features)
        self.output_dense = Projection("attention_output", together, outputs, self)

    def apply(self, *args: Any, **kwargs: Any) -> Any:
        """As every layer's; rows that attend to themselves have no masks to be compared."""
        alone = len(args) == 2 and not kwargs and type(args[0]) is Rows and args[1] is args[0]
        if alone and self.built and self.supports_masking:
            context = current()
            if context.tape is None and not context.training:
                try:
                    y = self.on_rows(*args)
                except (*PLAIN_ERRORS, AttributeError) as error:
                    self._raise_named(error, args, kwargs)
                if y is not NotImplemented:
                    return y
        return super().apply(*args, **kwargs)

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        if self.drops(training):
            return self.dropped(
                query,
                value=value,
                key=key,
                query_mask=query_mask,
                value_mask=value_mask,
                key_mask=key_mask,
                attention_mask=attention_mask,
                return_attention_scores=return_attention_scores,
                use_causal_mask=use_causal_mask,
            )
        sides, masks = (query, value, key), (query_mask, value_mask, key_mask)
        return self.on_padded(
            sides, masks, attention_mask, return_attention_scores, use_causal_mask
        )

    def on_padded(
        self, sides: tuple, masks: tuple, attention_mask: Any, with_scores: bool, causal: bool
    ) -> Any:
        """What `call` gives; sides and masks: of query, value and key, None where not given."""
        query, value = (np.asarray(x, np.float32) for x in sides[:2])
        key = value if sides[2] is None else np.asarray(sides[2], np.float32)
        query_mask, checked = _checked_masks((query.shape, value.shape, key.shape), masks)
        real = np.logical_and.reduce(checked) if checked else None
        averages = self.averages(with_scores)
        packed = None if self.use_gate and averages else query_mask  # each masked query has a gate
        queries = Rows.view(query, packed)
        alone = sides[1] is sides[0] and packed is None and real is None
        values = queries if alone else Rows.view(value, real)
        keys = values if key is value else Rows.view(key, real)
        mask = self._attention_mask(attention_mask, queries.layout, values.layout)
        meeting = Meeting(queries.layout, values.layout, causal, mask)
        output, scores = self._meet(
            meeting,
            (real_rows(queries), real_rows(values), real_rows(keys)),
            lambda: mean_of_cells(value, real),
            with_scores,
            None if packed is query_mask else query_mask,
        )
        output = Rows(output, queries.layout).to_padded()
        if not with_scores:
            return output
        return output, _carrying(scores, meeting.mask_of_scores(query_mask, checked))

    def on_rows(
        self,
        query: Rows,
        value: Any = None,
        key: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        if self.drops():
            return self.dropped(
                query,
                value=value,
                key=key,
                attention_mask=attention_mask,
                return_attention_scores=return_attention_scores,
                use_causal_mask=use_causal_mask,
            )
        key = value if key is None else key
        sides = query, value, key
        alone = value is query and key is query
        for x in sides[:1] if alone else sides:
            if type(x) is not Rows or x.ndim != 3:
                return NotImplemented
        if key.layout is not value.layout:
            return NotImplemented
        layout, masked = query.layout, not query.layout.full
        if self.use_gate and masked and self.averages(return_attention_scores):
            return NotImplemented
        mask = self._attention_mask(attention_mask, layout, value.layout)
        meeting = Meeting(layout, value.layout, use_causal_mask, mask)
        output, scores = self._meet(
            meeting,
            (real_rows(query),) * 3 if alone else tuple(map(real_rows, sides)),
            lambda: mean_of_rows(value),
            return_attention_scores,
        )
        if not return_attention_scores:
            return Rows(output, layout)
        scores = _carrying(scores, meeting.mask_of_scores(layout.mask, [value.layout.mask]))
        return Rows(output, layout), scores

    def on_unmasked(self, query: Any = None, *others: Any, **settings: Any) -> Any:
        sides = *others[:2], settings.pop("value", None), settings.pop("key", None)
        alone = all(x is query or x is None for x in sides)
        given = any(x is not None and x is not False for x in (*others[2:], *settings.values()))
        hides = given or self.sliding_window is not None
        if not alone or hides or query.ndim != 3 or query.rows.carry:
            return NotImplemented
        return attend_to_all_cells(self, query, _STEPS)

    def on_tape(
        self,
        tape: Any,
        inputs: Traced,
        value: Any = None,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        sides = inputs, value, value if key is None else key
        settings = value_of(attention_mask), return_attention_scores, use_causal_mask
        on_rows = [type(value_of(x)) is Rows for x in sides]
        if not any(on_rows):
            return self.padded_on_tape(sides, (query_mask, value_mask, key_mask), *settings)
        if not all(on_rows) or any(x.ndim != 3 for x in sides):
            return NotImplemented
        layout, keys = inputs.value.layout, sides[1].value.layout
        if sides[2].value.layout is not keys:
            return NotImplemented
        if self.use_gate and not layout.full and self.averages(return_attention_scores):
            return NotImplemented
        meeting = Meeting(
            layout, keys, use_causal_mask, self._attention_mask(settings[0], layout, keys)
        )
        rows = tuple(map(real_values, sides))
        means = functools.partial(means_on_tape, sides[1], None)
        output, scores = meet_on_tape(self, meeting, rows, means, return_attention_scores)
        if not return_attention_scores:
            return output
        scores._keras_mask = meeting.mask_of_scores(layout.mask, [keys.mask])
        return output, scores

    def padded_on_tape(
        self, sides: tuple, masks: tuple, attention_mask: Any, with_scores: bool, causal: bool
    ) -> Any:
        """`on_padded` of Traced arrays."""
        query, value, key = sides
        query_mask, checked = _checked_masks(tuple(x.shape for x in sides), masks)
        real = np.logical_and.reduce(checked) if checked else None
        packs = None if self.use_gate and self.averages(with_scores) else query_mask
        queries, values = packed(query, packs), packed(value, real)
        keys = values if key is value else packed(key, real)
        layouts = queries.value.layout, values.value.layout
        meeting = Meeting(*layouts, causal, self._attention_mask(attention_mask, *layouts))
        output, scores = meet_on_tape(
            self,
            meeting,
            tuple(map(real_values, (queries, values, keys))),
            functools.partial(means_on_tape, value, real),
            with_scores,
            None if packs is query_mask else query_mask,
        )
        output = unmasked(padded(output))
        if not with_scores:
            return output
        scores._keras_mask = meeting.mask_of_scores(query_mask, checked)
        return output, scores

    def averages(self, with_scores: bool) -> bool:
        """True if a query with nothing to attend to gets the mean of all values."""
        return self.mask_rule in KERAS2 or (not with_scores and self.dropout == 0)

    def _attention_mask(self, mask: Any, queries: Layout, keys: Layout) -> np.ndarray | None:
        """bool (batch, Tq, Tv) or (batch, heads, Tq, Tv) of what is given by hand; None = all."""
        shape = queries.time, keys.time
        if mask is None and self.sliding_window is None:
            return None
        given = np.ones((1, *shape), bool) if mask is None else np.asarray(mask).astype(bool)
        given = given[None] if given.ndim == 2 else given
        heads = () if given.ndim == 3 else (self.head_shapes()["query"][0],)
        if self.sliding_window is not None:
            distance = np.arange(shape[0])[:, None] - np.arange(shape[1])
            given = given & (np.abs(distance) < self.sliding_window)
        try:
            return np.broadcast_to(given, (queries.batch, *heads, *shape))
        except ValueError:
            raise ValueError(
                f"attention_mask must be bool {shape}, ({queries.batch}, Tq, Tv) or "
                f"({queries.batch}, heads, Tq, Tv), got shape {np.asarray(mask).shape}"
            ) from None

    def _meet(
        self,
        meeting: Meeting,
        sides: tuple[np.ndarray, ...],
        means: Means,
        with_scores: bool,
        query_mask: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """(output rows, then pad rows; scores). `query_mask`: of queries that it did not pack."""
        query, value, key = sides
        alone = value is query and key is query
        layout, averages = meeting.queries, self.averages(with_scores)
        masked = not layout.full
        padded = averages and masked
        mean = self._mean_heads(means()) if padded else None
        features = self.output_features(query.shape[1])
        rows = layout.steps + (layout.batch if padded else 1)
        out = np.empty((rows, math.prod(features)), np.float32)
        heads: Any = None
        scores: np.ndarray | None = None
        for part in meeting.parts(_EVERYTHING if with_scores else _STEPS):
            if alone:
                q, k, v = self.project_alone(query[part.rows])
            else:
                q = self._heads("query", query[part.rows])
                k = self._heads("key", key[part.keys])
                v = self._heads("value", value[part.keys])
            heads, scores = part.meeting.attend(q, k, v, self.score_scale, with_scores)
            if averages:
                lost = part.meeting.lost()
                if query_mask is not None:
                    lost = lost | ~query_mask.reshape(-1, 1)[part.rows]
                if lost is not NONE_LOST and lost.any():
                    mean = self._mean_heads(means()) if mean is None else mean
                    row, head = np.nonzero(np.broadcast_to(lost, heads.shape[:2]))
                    heads[row, head] = mean[part.sequences][part.meeting.sequence[row], head]
                if scores is not None:
                    part.meeting.even_out(scores, lost)
            if self.use_gate:
                heads *= self.gate_dense.rows(query[part.rows]).reshape(heads.shape)
            self.output_dense.rows(heads, out[part.rows])
        if masked:
            pads: Any = mean if padded else np.zeros((1, *heads.shape[1:]), np.float32)
            self.output_dense.rows(pads, out[layout.steps :])
        else:
            out[layout.steps :] = 0
        return out.reshape(rows, *features), scores

    def project_alone(self, x: np.ndarray) -> list[np.ndarray]:
        """x (n, features) -> queries, keys and values (n, heads, width) of rows that meet."""
        return self.query_dense.rows_beside(x, self.key_dense, self.value_dense)

    def _heads(self, side: str, x: np.ndarray) -> np.ndarray:
        """x (n, features) -> its projection (n, heads, width)."""
        return getattr(self, f"{side}_dense").rows(x).reshape(len(x), *self._shapes[side])

    def _mean_heads(self, mean: np.ndarray) -> np.ndarray:
        """The mean values (batch, features) projected, for every head of the queries."""
        heads = self._heads("value", mean)
        return np.repeat(heads, self.head_shapes()["query"][0] // heads.shape[1], axis=1)

    @property
    def mask_role(self) -> str:
        return "uses, passes"


def _checked_masks(shapes: tuple, masks: tuple) -> tuple[np.ndarray | None, list[np.ndarray]]:
    """The masks of the queries and of their values and keys, for padded arrays of these shapes."""
    query, value, key = shapes
    query_mask, *key_masks = masks
    if query[0] != value[0] or value[:2] != key[:2]:
        raise ValueError(
            "query, value and key must be of one batch, value and key of one time, got shapes "
            f"{query}, {value}, {key}"
        )
    query_mask = None if query_mask is None else check_mask(query_mask, query[:2])
    return query_mask, [check_mask(m, value[:2]) for m in key_masks if m is not None]


def _carrying(scores: Any, mask: np.ndarray | None) -> Tensor:
    """The scores as a tensor with that mask."""
    tensor = scores.view(Tensor)
    set_keras_mask(tensor, mask)
    return tensor
