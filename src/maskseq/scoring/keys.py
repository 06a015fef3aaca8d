"""Keys that were seen: so that one which comes back in a later piece of a file is noticed."""

from typing import Any

import numpy as np


class Keys:
    """The keys of all pieces so far, 8 bytes each.

    Keys are told apart by 64 bits: of 10 million, two are taken for one with a chance of 3e-6.
    """

    def __init__(self) -> None:
        self._runs: list[np.ndarray] = []  # sorted, each longer than those behind it

    def first_seen(self, keys: list[Any]) -> int | None:
        """The place of the first of `keys`, none of which is twice in it, that was there before.

        The keys are then among those that were seen.
        """
        new = np.fromiter((hash(repr(key)) for key in keys), np.int64, len(keys))
        back = np.zeros(len(new), bool)
        for run in self._runs:
            at = np.searchsorted(run, new)
            back |= run[np.minimum(at, len(run) - 1)] == new
        held = np.sort(new)
        while self._runs and len(self._runs[-1]) <= len(held):
            held = np.sort(np.concatenate([self._runs.pop(), held]))
        if len(held):
            self._runs.append(held)
        return int(np.argmax(back)) if back.any() else None
