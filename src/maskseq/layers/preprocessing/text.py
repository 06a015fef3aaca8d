"""Texts to tokens: standardized, split, joined to n-grams. On UTF-8, letters and spaces of ASCII.

Source: tf.strings.lower, regex_replace, split, unicode_split and ngrams, as Keras calls them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

STANDARDS = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
SPLITS = ("whitespace", "character")
_PUNCTUATION = b"!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"


def standardized(texts: list[bytes], how: str | None) -> list[bytes]:
    """The texts in lower case, without punctuation, or as they are."""
    if how == "lower_and_strip_punctuation":
        return [text.lower().translate(None, _PUNCTUATION) for text in texts]
    if how == "lower":
        return [text.lower() for text in texts]
    if how == "strip_punctuation":
        return [text.translate(None, _PUNCTUATION) for text in texts]
    return texts


def split(texts: list[bytes], how: str) -> list[list[bytes]]:
    """The words, or the characters, of each text."""
    if how == "whitespace":
        return [text.split() for text in texts]
    return [[c.encode() for c in text.decode("utf-8", "replace")] for text in texts]


def ngrams(tokens: list[bytes], widths: Sequence[int]) -> list[bytes]:
    """Runs of tokens joined by spaces: all of the first width, then all of the next."""
    if isinstance(widths, range):  # from 1 on: none is wider than there are tokens
        widths = widths[: len(tokens)]
    return [
        b" ".join(tokens[i : i + width]) for width in widths for i in range(len(tokens) - width + 1)
    ]


def by_user(function: Callable[[np.ndarray], Any], texts: list[bytes], what: str) -> list[Any]:
    """What a user's function makes of an array of str (n,): one item for each."""
    given = np.array([text.decode("utf-8", "replace") for text in texts], np.str_)
    made = function(given)
    items = made.tolist() if isinstance(made, np.ndarray) else list(made)
    if len(items) != len(texts):
        raise ValueError(f"{what} must give {len(texts)} items, got {len(items)}")
    return items
