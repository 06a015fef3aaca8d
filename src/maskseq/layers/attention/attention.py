"""Attention: softmax(query key) value, in the manner of Luong."""

from typing import Unpack

import numpy as np

from ... import _kernels
from ..base.arguments import LayerOptions
from .list_attention import ListAttention
from .meeting import Meeting


class Attention(ListAttention):
    """Dot-product attention, or with score_mode "concat" sum(tanh(query + key)).

    Arguments: use_scale: a weight scales the scores.  score_mode: "dot" or "concat".  dropout,
        seed: accepted; without effect on a result.
    Weights: scale () with use_scale, concat_score_weight () with "concat".
    Call arguments and results: as `ListAttention`.
    Source: keras.layers.Attention; Luong et al. 2015.
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

        def score(q: np.ndarray, k: np.ndarray) -> np.ndarray:
            return weight.value * _kernels.additive_scores(q[:, 0], k[0], factor=float(scale))

        return meeting.attend_by(score, q, k, v, with_scores)
