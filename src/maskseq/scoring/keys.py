"""Keys that were seen: so that one which comes back in a later piece of a file is noticed."""

from typing import Any

import numpy as np


class Keys:
    """The keys of all pieces so far, 8 bytes each.

    Integers and times are told apart. Other keys are by 64 bits: of 10 million, two are taken for
    one with a chance of 3e-6.
    """

    def __init__(self) -> None:
        self._runs: list[np.ndarray] = []  # sorted, each longer than those behind it

    def first_seen(self, columns: list[np.ndarray]) -> int | None:
        """The place of the first key, none of which is twice in them, that was there before.

        columns: arrays (keys,), which make a key together. The keys are then among those that were
        seen.
        """
        new = _numbers_of(columns)
        back = np.zeros(len(new), bool)
        for run in self._runs:
            at = np.searchsorted(run, new)
            back |= run[np.minimum(at, len(run) - 1)] == new
        held = np.sort(new, kind="stable")
        while self._runs and len(self._runs[-1]) <= len(held):
            held = np.sort(np.concatenate([self._runs.pop(), held]), kind="stable")
        if len(held):
            self._runs.append(held)
        return int(np.argmax(back)) if back.any() else None


def _numbers_of(columns: list[np.ndarray]) -> np.ndarray:
    """An int64 for each key."""
    if len(columns) == 1 and columns[0].dtype.kind in "iu":
        return columns[0].astype(np.int64)
    if len(columns) == 1 and columns[0].dtype.kind in "mM":
        return columns[0].view(np.int64)
    listed = [column.tolist() for column in columns]
    keys: Any = listed[0] if len(listed) == 1 else zip(*listed, strict=True)
    numbers = (hash(key if type(key) is str else repr(key)) for key in keys)
    return np.fromiter(numbers, np.int64, len(columns[0]))
