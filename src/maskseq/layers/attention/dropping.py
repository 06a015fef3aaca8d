"""Dropout of attention weights, in training: what a query, a head and a key draw."""

from typing import Any

import numpy as np

from ... import _kernels
from ...context import changed, current
from ...nest import map_structure
from ...numerics.drawing import Drawing
from ...tape import Tape, value_of
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


class DropsWeights(Drawing):
    """A layer whose `dropout` is that of attention weights, by the walk's numbers or its own."""

    dropout: float
    on_tape: Any

    def drops(self, training: bool = False) -> bool:
        """True if a call outside of a tape drops weights."""
        return bool(self.dropout) and (training or current().training)

    def dropped(self, inputs: Any, **arguments: Any) -> Any:
        """What such a call gives: as under a tape, of which nothing is kept."""
        tape = Tape()
        with changed(training=True, tape=tape):
            given = {name: value for name, value in arguments.items() if value is not None}
            for name in given.keys() - {x for x in given if x.endswith("mask")}:
                given[name] = map_structure(tape.hold, given[name])
            outputs = self.on_tape(tape, map_structure(tape.hold, inputs), **given)
        return outputs if outputs is NotImplemented else map_structure(value_of, outputs)

    def dropping(self, batch: int) -> Dropping | None:
        """That of this step; None out of training and where nothing is dropped."""
        if not current().training or not self.dropout:
            return None
        draws, key = self.drawn()
        return Dropping(draws.sequences(batch), key, self.dropout)
