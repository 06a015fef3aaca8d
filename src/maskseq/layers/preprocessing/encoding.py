"""Ids as one-hot rows, or as which of them occur in a sample, or how often.

Source: keras.src.utils.numerical_utils.encode_categorical_inputs.
"""

import math
from typing import Any

import numpy as np

MODES = ("int", "one_hot", "multi_hot", "count")


def encoded_shape(shape: Any, mode: str, depth: int | None) -> tuple:
    """The shape of `encode`'s answer for ids of `shape`; for "int", that of the ids.

    "one_hot" encodes each id, over a last axis of size 1; the others take up axis 1, or the only
    one.
    """
    shape = tuple(shape)
    if mode == "int":
        return shape
    shape = shape or (1,)
    if mode == "one_hot":
        return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), depth)
    return (*shape[:1], *shape[2:], depth) if len(shape) > 1 else (depth,)


def encode(ids: np.ndarray, mode: str, depth: int, weights: np.ndarray | None = None) -> np.ndarray:
    """float32, of `encoded_shape`. Ids outside 0..depth - 1 leave no trace, as in Keras on JAX.

    weights: what an id counts for in mode "count"; of the shape of the ids.
    """
    shape = encoded_shape(ids.shape, mode, depth)
    if mode == "one_hot":
        samples = np.arange(ids.size)
        return occurrences(samples, ids.reshape(-1), ids.size, depth).reshape(shape)
    ids, weights = _sample_last(ids), None if weights is None else _sample_last(weights)
    count = math.prod(ids.shape[:-1])
    samples = np.arange(count).repeat(ids.shape[-1])
    flat = None if weights is None else weights.reshape(-1)
    binary = mode == "multi_hot"
    return occurrences(samples, ids.reshape(-1), count, depth, flat, binary).reshape(shape)


def _sample_last(x: np.ndarray) -> np.ndarray:
    """x with the axis that a sample's ids lie on as the last."""
    return np.moveaxis(x, 1, -1) if x.ndim > 1 else x.reshape(1, -1)


def occurrences(
    samples: np.ndarray,
    ids: np.ndarray,
    count: int,
    depth: int,
    weights: np.ndarray | None = None,
    binary: bool = True,
) -> np.ndarray:
    """float32 (count, depth): where, or how often, each id occurs in each sample.

    samples, ids: (n,): id j is one of sample samples[j].
    """
    inside = (ids >= 0) & (ids < depth)
    if ids.dtype.kind == "f":
        inside &= ids == np.trunc(ids)
    cells = samples[inside] * depth + ids[inside].astype(np.int64)
    out = np.zeros(count * depth, np.float32)
    if binary:
        out[cells] = 1
    elif cells.size:
        given = None if weights is None else weights[inside]
        out += np.bincount(cells, given, count * depth)
    return out.reshape(count, depth)
