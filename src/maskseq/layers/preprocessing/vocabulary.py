"""Tables of tokens: where a text or a number stands in a vocabulary."""

import functools
import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...data.text import encoded


class TextVocabulary:
    """Strings as tokens. They are compared as UTF-8."""

    def __init__(self, tokens: Iterable[str | bytes] = ()):
        self._keys = encoded(tokens if isinstance(tokens, list) else [*tokens])

    def __len__(self) -> int:
        return len(self._keys)

    @functools.cached_property
    def _index(self) -> dict[bytes, int]:
        """Where each token stands; made when it is first asked for, as it is the largest part."""
        return dict(zip(self._keys, range(len(self._keys)), strict=True))

    @functools.cached_property
    def tokens(self) -> list[str]:
        return [key.decode("utf-8", "replace") for key in self._keys]

    @property
    def repeated(self) -> list[Any]:
        """The tokens that stand in it more than once."""
        ordered = sorted(self._keys)
        twice = {a for a, b in itertools.pairwise(ordered) if a == b}
        return sorted(key.decode("utf-8", "replace") for key in twice)

    def read(self, values: np.ndarray) -> list[bytes]:
        """Values of an input (n,) as keys."""
        return encoded(values)

    def find(self, keys: list[bytes]) -> np.ndarray:
        """int64 (n,): where each key stands; -1: nowhere."""
        get = self._index.get
        return np.fromiter([get(key, -1) for key in keys], np.int64, len(keys))

    def equal(self, keys: list[bytes], token: str) -> np.ndarray:
        """bool (n,): which keys are `token`."""
        wanted = token.encode()
        return np.fromiter([key == wanted for key in keys], bool, len(keys))

    def as_strings(self, keys: list[bytes]) -> list[bytes]:
        return keys

    def taken(self, where: np.ndarray, others: Any) -> np.ndarray:
        """The tokens at `where` (n,), as an array of str; `others` where that is none."""
        inside = (where >= 0) & (where < len(self))
        table = np.array([*self.tokens, others], object)
        return table[np.where(inside, where, len(self))]


class IntegerVocabulary:
    """Integers of 64 bits as tokens."""

    def __init__(self, tokens: Iterable[int] = ()):
        self._keys = np.array([*tokens], np.int64)
        self._order = np.argsort(self._keys, kind="stable")
        self._sorted = self._keys[self._order]

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def tokens(self) -> list[int]:
        return self._keys.tolist()

    @property
    def repeated(self) -> list[Any]:
        """The tokens that stand in it more than once."""
        same = self._sorted[1:] == self._sorted[:-1]
        return sorted({*self._sorted[1:][same].tolist()})

    def read(self, values: np.ndarray) -> np.ndarray:
        """Values of an input (n,) as keys; floats are cut to integers."""
        if values.dtype.kind not in "biuf":
            raise TypeError(f"inputs must be integers, got dtype {values.dtype}")
        with np.errstate(invalid="ignore"):
            return values.astype(np.int64)

    def find(self, keys: np.ndarray) -> np.ndarray:
        """int64 (n,): where each key stands; -1: nowhere."""
        if not len(self):
            return np.full(len(keys), -1)
        at = np.minimum(np.searchsorted(self._sorted, keys), len(self) - 1)
        return np.where(self._sorted[at] == keys, self._order[at], -1)

    def equal(self, keys: np.ndarray, token: int) -> np.ndarray:
        """bool (n,): which keys are `token`."""
        return keys == token

    def as_strings(self, keys: np.ndarray) -> list[bytes]:
        return [b"%d" % key for key in keys.tolist()]

    def taken(self, where: np.ndarray, others: int) -> np.ndarray:
        """int64 (n,): the tokens at `where` (n,); `others` where that is none."""
        inside = (where >= 0) & (where < len(self))
        table = np.append(self._keys, np.int64(others))
        return table[np.where(inside, where, len(self))]
