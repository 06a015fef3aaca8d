"""Random numbers of a training step, each a function of where it is used.

A number depends on the seed, the epoch, the sequence in the data set, the real step and the
feature: not on the batch, the padding or the threads. Nothing has a state, so that the way back
draws the same again.
"""

from typing import Any

import numpy as np

from .. import _kernels

_MASK = 2**64 - 1
NOWHERE = -1
"""The sequence and the step of a masked cell: all of them draw the same."""


def mixed(*numbers: int) -> int:
    """A number of 64 bits that any change of `numbers` changes all over.

    Source: the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
    """
    key = 0
    for number in numbers:
        key = (key + number + 0x9E3779B97F4A7C15) & _MASK
        key = ((key ^ key >> 30) * 0xBF58476D1CE4E5B9) & _MASK
        key = ((key ^ key >> 27) * 0x94D049BB133111EB) & _MASK
        key ^= key >> 31
    return key


class Draws:
    """The random numbers of one walk, as `context.rng`.

    Arguments: seed: of the run.  epoch: its number.  sequences: int64 (batch,): the number of each
        sequence of the batch in the data set; by default its place in the batch.
    """

    def __init__(self, seed: int, epoch: int = 0, sequences: Any = None):
        self.seed, self.epoch, self._calls = seed, epoch, 0
        self._sequences = None if sequences is None else np.asarray(sequences, np.int64)

    def key(self, seed: int | None = None) -> int:
        """The key of the next layer that draws; `seed`: the layer's own, if it has one."""
        self._calls += 1
        own = (0, 0) if seed is None else (1, seed)
        return mixed(self.seed, self.epoch, self._calls, *own)

    def sequences(self, count: int) -> np.ndarray:
        """int64 (count,): the numbers of the sequences of the batch."""
        known = self._sequences
        return known if known is not None and len(known) == count else np.arange(count)


def normal(sequences: np.ndarray, steps: np.ndarray, features: int, key: int) -> np.ndarray:
    """Numbers of a normal distribution, float32 (rows, features), by Box and Muller's rule."""
    pairs = _kernels.draws(sequences, steps, 2 * features, key)
    radius = np.sqrt(-2 * _kernels.elementary(1 - pairs[:, ::2], "log"))
    return radius * _kernels.elementary(np.float32(2 * np.pi) * pairs[:, 1::2], "cos")
