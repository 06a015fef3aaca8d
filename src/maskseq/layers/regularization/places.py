"""Where the numbers of a batch are, as random draws see them: sequence, real step, feature."""

import math
from typing import Any

import numpy as np

from ... import _kernels
from ...numerics.drawing import Drawing
from ...numerics.draws import Draws, normal
from ...tensor import fitting_mask


class Places:
    """Of the numbers of Rows, or of an array (batch, time, ...) or (batch, features).

    What is drawn at them is the same each time. A `noise_shape` has 1 for axes along which there is
    one draw, None for the others. An array that lacks the pad rows gets what the other rows get.
    """

    def __init__(self, held: Any, key: int, draws: Draws, noise_shape: Any = None):
        self.key = key
        layout = getattr(held, "layout", None)
        shared = _shared(held.shape, noise_shape)
        if layout is not None:
            self.sequences, self.steps = draws.of_rows(layout, len(held.values))
            features = held.shape[2:]
        elif (mask := _mask_of_steps(held)) is None and held.ndim < 3:
            count = held.shape[0] if held.ndim else 1
            (self.sequences, self.steps), features = draws.places(count), held.shape[1:]
        else:
            self.sequences, self.steps = draws.of_cells(held.shape[0], held.shape[1], mask)
            features = held.shape[2:]
        of_places = len(shared) - len(features)
        if shared and shared[0]:
            self.sequences = np.zeros_like(self.sequences)
        if of_places == 2 and shared[1]:
            self.steps = np.zeros_like(self.steps)
        self._features = features
        self._drawn = tuple(
            1 if one else n for one, n in zip(shared[of_places:], features, strict=True)
        )

    def dropped(self, x: np.ndarray, rate: float) -> np.ndarray:
        """x / (1 - rate), and 0 where the draw is below `rate`."""
        if self._drawn == self._features:
            flat, at = self._flat(x)
            return _kernels.dropout(flat, *at, self.key, rate).reshape(x.shape)
        return np.where(self.kept(x, rate), x / np.float32(1 - rate), np.float32(0))

    def kept(self, x: np.ndarray, rate: float) -> np.ndarray:
        """bool, as x: False where the draw is below `rate`."""
        flat, at = self._flat(x)
        draws = _kernels.draws(*at, math.prod(self._drawn), self.key)
        kept = (draws >= np.float32(rate)).reshape(len(flat), *self._drawn)
        return np.broadcast_to(kept, (len(flat), *self._features)).reshape(x.shape)

    def normal(self, x: np.ndarray) -> np.ndarray:
        """Normal numbers, as x."""
        flat, at = self._flat(x)
        return normal(*at, flat.shape[1], self.key).reshape(x.shape)

    def _flat(self, x: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        size = math.prod(self._features)
        count = x.size // size if size else len(self.sequences)
        flat = np.ascontiguousarray(x).reshape(count, size)
        return flat, (self.sequences[:count], self.steps[:count])


def _mask_of_steps(held: Any) -> np.ndarray | None:
    mask = fitting_mask(held)
    return mask if mask is not None and mask.ndim == 2 else None


def _shared(shape: tuple[int, ...], noise_shape: Any) -> list[bool]:
    """Of each axis, whether there is one draw along it."""
    if noise_shape is None:
        return [False] * len(shape)
    wanted = list(noise_shape)
    if len(wanted) != len(shape):
        raise ValueError(f"noise_shape must have {len(shape)} sizes, got {tuple(wanted)}")
    if any(size not in (None, 1, n) for n, size in zip(shape, wanted, strict=True)):
        raise ValueError(f"noise_shape must fit inputs {shape}, got {tuple(wanted)}")
    return [size == 1 for size in wanted]


class DrawsAtPlaces(Drawing):
    """A layer that draws a number for each of its input's."""

    def places_of(self, held: Any, noise_shape: Any = None) -> Places:
        """Where a value draws in this call."""
        draws, key = self.drawn()
        return Places(held, key, draws, noise_shape)
