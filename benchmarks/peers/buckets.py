"""Batches cut into buckets of sequences of like length: what padded engines do best on."""

from collections.abc import Callable

import numpy as np

Batch = dict[str, np.ndarray]
PER_BUCKET = 8


def cut(batch: Batch) -> list[tuple[np.ndarray, Batch]]:
    """[(which sequences, their batch, as long as the longest of them)], short ones first."""
    order = np.argsort(batch["lengths"], kind="stable")
    buckets = []
    for rows in np.array_split(order, max(1, len(order) // PER_BUCKET)):
        lengths = batch["lengths"][rows]
        part = {k: batch[k][rows, : lengths.max()] for k in ("x", "ids", "mask") if k in batch}
        part = {k: np.ascontiguousarray(v) for k, v in part.items()}
        buckets.append((rows, {**part, "lengths": lengths}))
    return buckets


def in_buckets(calls: Callable[[Batch], Callable], batch: Batch, sequences: bool) -> Callable:
    """A call that answers bucket by bucket and puts the answers together.

    calls: batch -> the call that answers it, (batch, units), or (batch, time, ...) of sequences.
    """
    parts = [(rows, calls(part)) for rows, part in cut(batch)]

    def call() -> np.ndarray:
        whole = None
        for rows, answer in parts:
            answer = np.asarray(answer())
            if whole is None:
                end = answer.shape[2:] if sequences else answer.shape[1:]
                shape = batch["mask"].shape if sequences else batch["lengths"].shape
                whole = np.zeros((*shape, *end), answer.dtype)
            if sequences:
                whole[rows, : answer.shape[1]] = answer
            else:
                whole[rows] = answer
        return whole

    return call
