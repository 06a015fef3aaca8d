"""bfloat16, the upper half of a float32, as uint16."""

import numpy as np


def widened(halves: np.ndarray) -> np.ndarray:
    """float32 of the bfloat16 in uint16, exactly."""
    return (halves.astype(np.uint32) << 16).view(np.float32)


def narrowed(values: np.ndarray) -> np.ndarray:
    """float32 rounded to the nearest bfloat16, ties to even, as uint16."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = (bits + (np.uint32(0x7FFF) + ((bits >> 16) & 1))) >> 16
    kept = np.where(np.isnan(values), (bits >> 16) | 0x40, rounded)  # a NaN may not become infinite
    return kept.astype(np.uint16).reshape(values.shape)
