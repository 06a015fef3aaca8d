"""CRFDecode: the best sequence of tags under a linear-chain CRF, over the real steps."""

from typing import Any, Unpack

import numpy as np

from ...numerics.extremes import largest
from ...rows import Rows
from ..base.arguments import LayerOptions
from ..base.masks import check_mask
from ..base.one_tensor import OneTensor

_BLOCK = 1 << 18
"""Pairs of tags looked at together, sequences x tags x tags: 1 MB, so that they stay in a cache."""


class CRFDecode(OneTensor):
    """The tags that maximize the sum of emissions and transitions, found by Viterbi's algorithm.

    Masked steps take no part: the steps before and after one are neighbours.

    Arguments: use_boundaries: score the first and the last tag too.  initializer: for new weights.
    Weights: transitions float32 (tags, tags), from and to; with use_boundaries start (tags,), end
        (tags,). pytorch-crf's `transitions`, `start_transitions`, `end_transitions`.
    Call arguments: inputs: float32 (batch, time, tags), scores, not probabilities.  mask: bool
        (batch, time); None = all real. It goes on.  return_scores: also return the score.
    Returns: int32 (batch, time), 0 at masked steps; with return_scores also float32 (batch,), 0 for
        a sequence without real steps. Of equal tags the first one wins.
    Source: Lafferty et al. 2001; Viterbi 1967. Not in Keras.
    """

    supports_masking = True
    reads_masked = "none"

    def __init__(
        self,
        use_boundaries: bool = True,
        initializer: Any = "glorot_uniform",
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        self.use_boundaries, self.initializer = use_boundaries, initializer

    def build(self, input_shape: Any) -> None:
        tags = input_shape[-1]
        if len(input_shape) != 3 or not tags:
            raise ValueError(
                f"inputs must be (batch, time, tags) with known tags, got shape "
                f"{tuple(input_shape)}"
            )
        self.transitions = self.add_weight((tags, tags), self.initializer, name="transitions")
        if self.use_boundaries:
            self.start = self.add_weight((tags,), self.initializer, name="start")
            self.end = self.add_weight((tags,), self.initializer, name="end")

    def call(self, inputs: Any, mask: Any = None, return_scores: bool = False) -> Any:
        x = np.asarray(inputs, np.float32)
        tags = self.transitions.shape[0]
        if x.ndim != 3 or x.shape[-1] != tags:
            raise ValueError(f"inputs must be (batch, time, {tags}), got shape {x.shape}")
        mask = None if mask is None else check_mask(mask, x.shape[:2])
        rows = Rows.view(x, mask)
        found = self.on_rows(rows, return_scores)
        tags = (found[0] if return_scores else found).to_padded()
        self._gave(tags, rows)
        return (tags, found[1]) if return_scores else tags

    def _gave(self, tags: np.ndarray, rows: Rows) -> None:
        """What else is done with padded tags, and the emissions that they were decoded from."""

    def on_rows(self, rows: Rows, return_scores: bool = False) -> Any:
        layout, tags = rows.layout, self.transitions.shape[0]
        best = np.zeros(layout.steps + 1, np.int32)
        scores = np.zeros(layout.batch, np.float32)
        by_length = np.argsort(-layout.lengths, kind="stable")[: np.count_nonzero(layout.lengths)]
        together = max(1, _BLOCK // (tags * tags))
        for first in range(0, len(by_length), together):
            who = by_length[first : first + together]
            lengths, starts = layout.lengths[who], layout.offsets[:-1][who]
            scores[who] = self._decode(rows.values, starts, lengths, best)
        found = Rows(best, layout)
        return (found, scores) if return_scores else found

    def _decode(
        self, emissions: np.ndarray, starts: np.ndarray, lengths: np.ndarray, best: np.ndarray
    ) -> np.ndarray:
        """Write the tags of sequences, the longest first, into `best`; returns their scores."""
        into = self.transitions.value.T  # [to, from]
        active = [int(np.count_nonzero(lengths > step)) for step in range(int(lengths[0]))]
        score = emissions[starts]
        if self.use_boundaries:
            score = score + self.start.value
        before = []  # of each step but the first: the best tag before each tag, (active, tags)
        for step, k in enumerate(active[1:], start=1):
            paths = score[:k, None, :] + into
            before.append(paths.argmax(axis=-1))
            score[:k] = paths.max(axis=-1) + emissions[starts[:k] + step]
        if self.use_boundaries:
            score += self.end.value
        tag = score.argmax(axis=-1)
        for step, k in reversed(list(enumerate(active))):
            best[starts[:k] + step] = tag[:k]
            if step:
                tag[:k] = before[step - 1][np.arange(k), tag[:k]]
        return largest(score, axis=-1)

    @property
    def mask_role(self) -> str:
        return "uses, passes"
