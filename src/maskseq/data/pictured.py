"""A Ragged in a notebook: its lengths as bars, and the padding that it does without."""

from typing import Any

import numpy as np

MOST = 24  # bars that one looks at


class Pictured:
    """The method of Ragged that a notebook asks for."""

    def _repr_html_(self) -> str:
        from ..pictures.bars import bars
        from ..pictures.html import block, note

        ragged: Any = self
        return block(repr(ragged), bars(chosen(ragged.lengths)), note(saved(ragged.lengths)))


def chosen(lengths: np.ndarray, most: int = MOST) -> list[int]:
    """At most so many of the lengths, evenly from the longest to the shortest."""
    ordered = np.sort(lengths)[::-1]
    return ordered[np.linspace(0, len(ordered) - 1, min(len(ordered), most)).astype(int)].tolist()


def saved(lengths: np.ndarray) -> str:
    """In words, how much of the padded array would be padding."""
    cells, steps = len(lengths) * int(lengths.max(initial=0)), int(lengths.sum())
    if not cells:
        return "no steps"
    return f"padding saved: {1 - steps / cells:.1%}, {cells - steps:,} of {cells:,} cells"
