"""Attention: softmax(query key) value, in the manner of Luong."""

from collections.abc import Callable
from typing import Any, Unpack

import numpy as np

from ... import _kernels
from ...numerics import reductions
from ...tape import Traced
from ..base.arguments import LayerOptions
from ..base.recorded import parted
from .list_attention import ListAttention
from .meeting import Meeting
from .pair_scores import attend_by_tanh
from .scores_backward import through_scores


class Attention(ListAttention):
    """Dot-product attention, or with score_mode "concat" sum(tanh(query + key)).

    Parameters
    ----------
    use_scale : bool, default False
        A weight scales the scores.
    score_mode : str, default "dot"
        "dot" or "concat".
    dropout : float, default 0.0
        Share of the attention weights that training drops.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `score_mode` is neither "dot" nor "concat". For inputs that are not [query, value] or
        [query, value, key] of one batch whose queries and keys have one width, and for a mask that
        is no such list.

    See Also
    --------
    AttentionPooling1D : One learnt query.
    AdditiveAttention, MultiHeadAttention

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

    Weights: scale () with use_scale, concat_score_weight () with "concat".

    Source: keras.layers.Attention; Luong et al. 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> query, value = np.ones((2, 3, 4)), np.ones((2, 5, 4))
    >>> layers.Attention()([query, value]).shape
    (2, 3, 4)
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise ValueError(f"Attention: score_mode must be 'dot' or 'concat', got {score_mode!r}")
        self.use_scale, self.score_mode = use_scale, score_mode
        self.dropout, self.seed = dropout, seed
        self.scale = self.concat_score_weight = None

    def make_weights(self, features: int | None) -> None:
        if self.use_scale:
            self.scale = self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def attend(
        self, meeting: Meeting, q: np.ndarray, k: np.ndarray, v: np.ndarray, with_scores: bool
    ) -> tuple[np.ndarray, np.ndarray | None]:
        scale = np.float32(1) if self.scale is None else self.scale.value
        weight = self.concat_score_weight
        if weight is None:
            q, k, v = q[:, None], k[:, None], v[:, None]
            out = np.zeros((len(q) + 1, v.shape[2]), np.float32)
            _, scores = meeting.attend(q, k, v, float(scale), with_scores, out[:-1, None])
            return out, None if scores is None else scores[:, 0]

        return meeting.attend_by(self._score(weight.value, scale), q, k, v, with_scores)

    def _score(self, weight: Any, scale: Any) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        """Of the mode "concat"."""
        return lambda q, k: weight * _kernels.additive_scores(q[:, 0], k[0], factor=float(scale))

    def attend_on_tape(
        self, meeting: Meeting, q: Traced, k: Traced, v: Traced, with_scores: bool
    ) -> tuple[Traced, Any]:
        scale = 1.0 if self.scale is None else float(self.scale.value)
        weight = self.concat_score_weight
        if weight is None:
            return self._dot_on_tape(meeting, (q, k, v), scale, with_scores)

        def of_weights(d_weights: np.ndarray, d_scale: np.float32) -> list[Any]:
            return [d_scale, reductions.reduce(d_weights, "sum")]

        dropping = self.dropping(meeting.queries.batch)
        weights = np.full(q.shape[1], weight.value, np.float32)
        return attend_by_tanh(
            meeting,
            (q, k, v),
            weights,
            scale,
            self._score(weight.value, scale),
            with_scores,
            dropping,
            [self.scale, weight],
            of_weights,
        )

    def _dot_on_tape(
        self, meeting: Meeting, sides: tuple[Traced, ...], scale: float, with_scores: bool
    ) -> tuple[Traced, Any]:
        q, k, v = (x.value[:, None] for x in sides)
        out: Any
        scores: Any
        out, scores = meeting.attend(q, k, v, scale, with_scores)
        places, dropping = meeting.places(scale), self.dropping(meeting.queries.batch)
        if dropping is not None:
            places["dropout"] = dropping.arguments
            out = _kernels.attention(q, k, v, **places)

        def backward(gradient: Any, wanted: Any) -> list[Any]:
            d_out, d_scores = parted(gradient, out[:, 0], with_scores)
            d_out = d_out[:, None]
            dq, dk, dv = _kernels.attention_backward(d_out, q, k, v, **places)
            d_scale: Any = None
            if wanted[3]:  # the sum of q k S', of which scale k S' is the gradient of q
                unscaled = dq / np.float32(scale or 1)
                if not scale:  # the same weights, which are all alike
                    alike = {**places, "scale": 1.0}
                    unscaled = _kernels.attention_backward(d_out, 0 * q, k, v, **alike)[0]
                d_scale = reductions.reduce(q * unscaled, "sum")
            if d_scores is not None:
                more_q, more_k = through_scores(meeting, scores, d_scores[:, None], q, k)
                dq, dk = dq + np.float32(scale) * more_q, dk + np.float32(scale) * more_k
                if wanted[3]:
                    d_scale = d_scale + reductions.reduce(q * more_q, "sum")
            return [dq[:, 0], dk[:, 0], dv[:, 0], d_scale]

        tape, sources = sides[0].tape, [*sides, self.scale]
        if scores is None:
            return tape.record(out[:, 0], sources, backward), None
        recorded: Any = tuple(tape.record([out[:, 0], scores[:, 0]], sources, backward))
        return recorded
