"""Masks, layouts, and moving rows between the packed and the padded form."""

import numpy as np
import pytest

from benchmarks.lengths import long_tailed, mask_of_share
from maskseq import _kernels
from tests.support import reference

BATCH, TIME = 128, 250


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32"])
def bench_mask_from_ids(benchmark, rng, dtype):
    benchmark.group = f"mask_from_ids {BATCH}x{TIME}"
    ids = rng.integers(0, 3, (BATCH, TIME)).astype(dtype)
    mask = benchmark(_kernels.mask_from_ids, ids, num_threads=1)
    np.testing.assert_array_equal(mask, ids != 0)


@pytest.mark.parametrize("real", [0.05, 0.5, 1.0])
@pytest.mark.parametrize("features", [12, 128])
def bench_mask_from_values(benchmark, rng, features, real):
    benchmark.group = f"mask_from_values {BATCH * TIME}x{features}"
    x = rng.normal(size=(BATCH * TIME, features)).astype(np.float32)
    x[~mask_of_share(rng, BATCH, TIME, real).ravel()] = 0
    mask = benchmark(_kernels.mask_from_values, x, 0, num_threads=1)
    np.testing.assert_array_equal(mask, reference.mask_from_values(x, 0))


def bench_mask_from_lengths(benchmark, rng):
    benchmark.group = f"mask_from_lengths {BATCH}x{TIME}"
    lengths = long_tailed(rng, BATCH, TIME)
    mask = benchmark(_kernels.mask_from_lengths, lengths, TIME)
    np.testing.assert_array_equal(mask, reference.mask_from_lengths(lengths, TIME, "post"))


@pytest.mark.parametrize("real", [0.05, 0.5, 1.0])
def bench_layout_from_mask(benchmark, rng, real):
    benchmark.group = f"layout_from_mask {BATCH}x{TIME}"
    mask = mask_of_share(rng, BATCH, TIME, real)
    offsets, cells = benchmark(_kernels.layout_from_mask, mask)
    np.testing.assert_array_equal(cells, reference.layout_from_mask(mask)[1])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("carry", [False, True])
@pytest.mark.parametrize("real", [0.05, 0.5, 1.0])
def bench_scatter_rows(benchmark, rng, real, carry, threads):
    benchmark.group = f"scatter_rows {BATCH}x{TIME}x128 threads={threads}"
    mask = mask_of_share(rng, BATCH, TIME, real)
    offsets, cells = _kernels.layout_from_mask(mask)
    values = rng.normal(size=(len(cells) + 1, 128)).astype(np.float32)
    padded = benchmark(
        _kernels.scatter_rows, values, offsets, cells, BATCH, TIME, carry, num_threads=threads
    )
    np.testing.assert_array_equal(padded, reference.scatter_rows(values, mask, carry))
