"""Inputs and weights that are the same bits everywhere: made of integers, no random numbers."""

from typing import Any

import numpy as np


def pattern(shape: tuple[int, ...], seed: int = 0, low: float = -2, high: float = 2) -> np.ndarray:
    """float32 from `low` up to `high`, powers of two apart: scattered multiples of 2**-12.

    The upper bits of products with an odd number, as in a multiplicative hash.
    """
    count = np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint64) + np.uint64(seed * 7919)
    scattered = count * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(52)
    values = scattered.astype(np.float64) / 4096 * (high - low) + low
    return values.astype(np.float32).reshape(shape)


def like(x: np.ndarray, seed: int) -> np.ndarray:
    """A pattern in the place of floats; anything else is exact as it is."""
    return pattern(x.shape, seed) if x.dtype.kind == "f" else x


def set_weights(layer: Any) -> None:
    """Give every weight values of a pattern; a variance and a count have positive ones."""
    values = []
    for i, w in enumerate(layer.weights):
        if w.dtype.kind != "f":
            values.append(np.ones(w.shape, w.dtype))
        elif "variance" in w.name:
            values.append(pattern(w.shape, 100 + i, 0.5, 2.5))
        else:
            values.append(pattern(w.shape, 100 + i, -0.5, 0.5))
    layer.set_weights(values)
