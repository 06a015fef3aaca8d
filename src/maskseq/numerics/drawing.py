"""How layers draw random numbers in training, and what tells those inside others where they are."""

import functools
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from ..configured import is_ours
from ..context import changed, current
from .draws import Draws


class Drawing:
    """A layer that draws numbers: by the draws of the walk, outside of a training loop its own.

    Its own are another with each call, and after the same seed the same.
    """

    seed: int | None

    @functools.cached_property
    def _rng(self) -> "np.random.Generator":
        return np.random.default_rng(self.seed)

    def drawn(self) -> tuple[Draws, int]:
        """What numbers of this call are drawn by, and their key."""
        draws = _walk()
        return draws, draws.key(self.seed, lambda: int(self._rng.integers(2**63)))


def _walk() -> Draws:
    draws = current().rng
    return Draws(None) if draws is None else draws


def on_rows_of(layout: Any, count: int) -> AbstractContextManager[Any]:
    """Have layers in the body of a `with` take the `count` rows of a layout for its steps."""
    if not current().training:
        return nullcontext()
    walk = _walk()
    return changed(rng=walk.at(*walk.of_rows(layout, count)))


def on_cells_of(shape: tuple[int, int], mask: Any) -> AbstractContextManager[Any]:
    """The same for all cells of arrays (batch, time, ...), one sequence after the other."""
    if not current().training:
        return nullcontext()
    if mask is not None and mask.ndim > 2:
        mask = mask.any(axis=tuple(range(2, mask.ndim)))
    walk = _walk()
    return changed(rng=walk.at(*walk.of_cells(*shape, mask)))


class AtSteps:
    """Has a cell that is called step by step draw by the sequence and the step of each row."""

    def __init__(self, layout: Any):
        self._again = None
        if current().training:
            walk = _walk()
            self._again = walk.repeated()
            self._numbers, self._offsets = walk.sequences(layout.batch), layout.offsets

    def of(self, who: np.ndarray, at: np.ndarray) -> AbstractContextManager[Any]:
        """For a call on rows `at` of the layout, which are steps of the sequences `who`."""
        if self._again is None:
            return nullcontext()
        return changed(rng=self._again().at(self._numbers[who], at - self._offsets[who]))


def inside(layer: Any, mask: Any) -> AbstractContextManager[Any]:
    """Have layers that a user's `call` holds know the mask of its input, though it may lose it."""
    if not current().training or is_ours(type(layer)):
        return nullcontext()
    if not isinstance(mask, np.ndarray) or mask.ndim != 2:
        return nullcontext()
    return changed(rng=_walk().masked(np.asarray(mask, bool)))
