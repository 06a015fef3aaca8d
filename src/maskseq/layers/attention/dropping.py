"""Dropout of attention weights, in training: what a query, a head and a key draw."""

import functools

import numpy as np

from ... import _kernels
from ...context import current
from ...numerics.draws import Draws
from .meeting import Meeting


class Dropping:
    """The dropout of one step of training, as the kernels take it.

    What is drawn depends on the numbers of the sequence, the query, the head and the key, each
    counted over real steps: not on padding, and the same again on the way back.
    """

    def __init__(self, sequences: np.ndarray, key: int, rate: float):
        self.arguments = sequences, key, rate

    def of(self, meeting: Meeting, sequence: int, part: slice, weights: np.ndarray) -> np.ndarray:
        """`weights` (queries, keys) of a block of `Meeting.pairs` of one head, some of them 0."""
        numbers, key, rate = self.arguments
        steps = np.arange(part.start, part.stop) - meeting.queries.offsets[sequence]
        return _kernels.dropout(weights, np.full(len(steps), numbers[sequence]), steps, key, rate)


class DropsWeights:
    """A layer whose `dropout` is that of attention weights, by the walk's numbers or its own."""

    dropout: float
    seed: int | None
    _draws = True

    @functools.cached_property
    def _rng(self) -> "np.random.Generator":
        return np.random.default_rng(self.seed)

    def dropping(self, batch: int) -> Dropping | None:
        """That of this step; None out of training and where nothing is dropped."""
        if not current().training or not self.dropout:
            return None
        draws = current().rng
        if draws is None:
            key = int(self._rng.integers(2**63))
            return Dropping(Draws(0).sequences(batch), key, self.dropout)
        return Dropping(draws.sequences(batch), draws.key(self.seed), self.dropout)
