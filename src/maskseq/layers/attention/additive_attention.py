"""AdditiveAttention: scores are sum(scale * tanh(query + key)), in the manner of Bahdanau."""

from collections.abc import Callable
from typing import Any, Unpack

import numpy as np

from ... import _kernels
from ...tape import Traced
from ..base.arguments import LayerOptions
from .list_attention import ListAttention
from .meeting import Meeting
from .pair_scores import attend_by_tanh


class AdditiveAttention(ListAttention):
    """Attention with sum(scale * tanh(query + key)) as the scores.

    Parameters
    ----------
    use_scale : bool, default True
        A weight scales each feature.
    dropout : float, default 0.0
        Share of the attention weights that training drops.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `dropout` is not between 0 and 1. For inputs that are not [query, value] or [query,
        value, key] of one batch whose queries and keys have one width, and for a mask that is no
        such list.

    See Also
    --------
    AttentionPooling1D : One learnt query.
    Attention, MultiHeadAttention

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

    Weights: scale (dim,) with use_scale.

    Source: keras.layers.AdditiveAttention; Bahdanau et al. 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> query, value = np.ones((2, 3, 4)), np.ones((2, 5, 4))
    >>> layers.AdditiveAttention()([query, value]).shape
    (2, 3, 4)
    """

    def __init__(
        self,
        use_scale: bool = True,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        self.use_scale, self.dropout, self.seed = use_scale, dropout, seed
        self.scale = None

    def make_weights(self, features: int | None) -> None:
        if features is None:
            raise ValueError("query must have a known number of features (last axis)")
        if self.use_scale:
            self.scale = self.add_weight((features,), name="scale")

    def attend(
        self, meeting: Meeting, q: np.ndarray, k: np.ndarray, v: np.ndarray, with_scores: bool
    ) -> tuple[np.ndarray, np.ndarray | None]:
        return meeting.attend_by(self._score(), q, k, v, with_scores)

    def _score(self) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        scale = None if self.scale is None else self.scale.value
        return lambda q, k: _kernels.additive_scores(q[:, 0], k[0], scale)

    def attend_on_tape(
        self, meeting: Meeting, q: Traced, k: Traced, v: Traced, with_scores: bool
    ) -> tuple[Traced, Any]:
        dropping = self.dropping(meeting.queries.batch)
        ones = np.ones(q.shape[1], np.float32)
        scale = ones if self.scale is None else self.scale.value
        return attend_by_tanh(
            meeting,
            (q, k, v),
            scale,
            1.0,
            self._score(),
            with_scores,
            dropping,
            [self.scale],
            lambda d_scale, _: [d_scale],
        )
