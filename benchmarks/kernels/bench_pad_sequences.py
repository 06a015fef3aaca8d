"""pad_sequences and Ragged from lists and arrays, beside Keras where it is installed."""

import os

import numpy as np
import pytest

from benchmarks.lengths import long_tailed
from maskseq import Ragged, pad_sequences

ROWS = {
    "lists of ints": lambda row: row.tolist(),
    "lists of floats": lambda row: row.astype(float).tolist(),
    "int32 arrays": lambda row: row,
    "int64 arrays": lambda row: row.astype(np.int64),
}


def padded_by_keras(rows):
    os.environ.setdefault("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras")
    return keras.utils.pad_sequences(rows)


def ragged(rows):
    return Ragged.from_list(rows).values


@pytest.fixture(params=ROWS)
def rows(request, rng, batch=20000, time=300):
    lengths = long_tailed(rng, batch, time)
    return [ROWS[request.param](rng.integers(1, 20000, n, np.int32)) for n in lengths]


@pytest.mark.parametrize("work", [padded_by_keras, pad_sequences, ragged])
def bench_sequences(benchmark, request, rows, work):
    benchmark.group = f"{len(rows)} {request.node.callspec.params['rows']}, long-tailed to 300"
    steps = benchmark(work, rows)
    flat = np.concatenate(rows)
    np.testing.assert_array_equal(steps[steps != 0], flat)
    benchmark.extra_info["ns_per_step"] = benchmark.stats.stats.median / len(flat) * 1e9


def bench_ragged_to_padded(benchmark, rng, batch=20000, time=300):
    lengths = long_tailed(rng, batch, time)
    steps = rng.integers(1, 20000, lengths.sum(), np.int32)
    x = benchmark(Ragged.from_lengths(steps, lengths).to_padded)
    np.testing.assert_array_equal(x[x != 0], steps)
