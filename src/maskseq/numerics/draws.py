"""Random numbers of a training step, each a function of where it is used.

A number depends on the seed, the epoch, the sequence in the data set, the real step and the
feature: not on the batch, the padding or the threads. Nothing has a state, so that the way back
draws the same again.
"""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _kernels

_MASK = 2**64 - 1
NOWHERE = -1
"""The sequence and the step of a masked cell: all of them draw the same."""


def mixed(*numbers: Any) -> Any:
    """A number of 64 bits that any change of `numbers`, or arrays uint64 of such, changes all over.

    Source: the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
    """
    key: Any = 0
    for number in numbers:
        key = (key + number + 0x9E3779B97F4A7C15) & _MASK
        key = ((key ^ key >> 30) * 0xBF58476D1CE4E5B9) & _MASK
        key = ((key ^ key >> 27) * 0x94D049BB133111EB) & _MASK
        key = key ^ key >> 31
    return key


def mixed_rows(*numbers: np.ndarray) -> np.ndarray:
    """`mixed` of each row of arrays int64 (n,), as int64 (n,)."""
    return mixed(*(number.astype(np.int64).view(np.uint64) for number in numbers)).view(np.int64)


class Draws:
    """The random numbers of one walk, as `context.rng`.

    Arguments: seed: of the run; None: each layer has keys of its own.  epoch: its number.
        sequences: int64 (batch,): the number of each sequence of the batch in the data set; by
        default its place in the batch.
    """

    def __init__(self, seed: int | None, epoch: int = 0, sequences: Any = None):
        self.seed, self.epoch, self._calls = seed, epoch, itertools.count(1)
        self._sequences = None if sequences is None else np.asarray(sequences, np.int64)
        self._steps: np.ndarray | None = None  # of sequences, where those are rows of a call
        self._mask: np.ndarray | None = None
        self._own: dict[int, int] = {}  # the keys of layers, by the number of the call

    def key(self, seed: int | None = None, own: Callable[[], int] | None = None) -> int:
        """The key of the next layer that draws.

        seed: the layer's own, if it has one.  own: gives a key where the walk has no seed.
        """
        call = next(self._calls)
        if self.seed is None and own is not None:
            if call not in self._own:
                self._own[call] = own()
            return self._own[call]
        return mixed(self.seed or 0, self.epoch, call, *((0, 0) if seed is None else (1, seed)))

    def places(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The sequence and the step, int64 (count,), of the rows of a call.

        The rows are sequences, of step 0, or what `at` says. Where there are so many times more,
        they are the steps of such, one sequence after the other.
        """
        known, steps, mask = self._sequences, self._steps, self._mask
        if known is None or not len(known):
            return np.arange(count), np.zeros(count, np.int64)
        if len(known) == count:
            return known, np.zeros(count, np.int64) if steps is None else steps
        if mask is not None and mask.size == count:
            return self.of_cells(*mask.shape)
        if count % len(known):
            return np.arange(count), np.zeros(count, np.int64)
        times = count // len(known)
        return self.sequences(len(known)).repeat(times), np.tile(np.arange(times), len(known))

    def sequences(self, count: int) -> np.ndarray:
        """int64 (count,): numbers of the rows of a call, as sequences which may have steps."""
        numbers, steps = self.places(count)
        return mixed_rows(numbers, steps) if steps.any() else numbers

    def owners(self, count: int) -> np.ndarray:
        """`sequences`, but the same in each step of a sequence where rows are steps."""
        known = self._sequences
        return known if known is not None and len(known) == count else self.sequences(count)

    def of_rows(self, layout: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The sequence and the step, int64 (count,), of rows of a layout; the last are pads."""
        numbers, lengths = self.sequences(layout.batch), layout.lengths
        pads = np.full(count - layout.steps, NOWHERE)
        steps = np.arange(layout.steps) - layout.offsets[:-1].repeat(lengths)
        return np.concatenate([numbers.repeat(lengths), pads]), np.concatenate([steps, pads])

    def of_cells(self, batch: int, time: int, mask: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """The same of the cells of an array, int64 (batch * time,), with its mask if it has one."""
        if mask is None and self._mask is not None and self._mask.shape == (batch, time):
            mask = self._mask
        real = np.ones((batch, time), bool) if mask is None else np.asarray(mask, bool)
        numbers = self.sequences(batch)[:, None]
        steps = np.where(real, np.cumsum(real, axis=1) - 1, NOWHERE)
        return np.where(real, numbers, NOWHERE).reshape(-1), steps.reshape(-1)

    def masked(self, mask: np.ndarray) -> "Draws":
        """The same draws inside a layer whose inputs (batch, time, ...) have this mask."""
        draws = self._again(np.arange(len(mask)) if self._sequences is None else self._sequences)
        draws._steps, draws._mask = self._steps, mask
        return draws

    def at(self, sequences: np.ndarray, steps: np.ndarray) -> "Draws":
        """The same draws for calls on rows which are these steps, both int64 (rows,)."""
        draws = self._again(sequences)
        draws._steps = steps
        return draws

    def _again(self, sequences: np.ndarray) -> "Draws":
        draws = Draws(self.seed, self.epoch, sequences)
        draws._calls, draws._own = self._calls, self._own
        return draws

    def repeated(self) -> Callable[[], "Draws"]:
        """Gives draws by the same keys each time, for calls that repeat, such as of a cell."""
        seed = None if self.seed is None else self.key()
        own: dict[int, int] = {}

        def again() -> Draws:
            draws = Draws(seed)
            draws._own = own
            return draws

        return again


def normal(sequences: np.ndarray, steps: np.ndarray, features: int, key: int) -> np.ndarray:
    """Numbers of a normal distribution, float32 (rows, features), by Box and Muller's rule."""
    pairs = _kernels.draws(sequences, steps, 2 * features, key)
    radius = np.sqrt(-2 * _kernels.elementary(1 - pairs[:, ::2], "log"))
    return radius * _kernels.elementary(np.float32(2 * np.pi) * pairs[:, 1::2], "cos")
