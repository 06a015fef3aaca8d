"""Masked softmax: rows of a classifier, of pooling over time, and of attention scores."""

import numpy as np
import pytest

from benchmarks.lengths import long_tailed, mask_of_share
from maskseq import _kernels
from tests.support import reference


def right_then_time(benchmark, x, mask, threads):
    repeats = 1 if mask is None else len(x) // len(mask)
    some = slice(0, len(x), max(1, len(x) // 64))  # the definition is slow
    y = benchmark(_kernels.masked_softmax, x, mask, num_threads=threads)
    expected = reference.masked_softmax(
        x[some], None if mask is None else mask.repeat(repeats, axis=0)[some]
    )
    np.testing.assert_allclose(y[some], expected, rtol=4e-6)


@pytest.mark.parametrize("n", [9, 64, 256, 1000])
@pytest.mark.parametrize("real", [0.25, 1.0])
def bench_masked_softmax(benchmark, isa, rng, n, real, rows=1000):
    benchmark.group = f"masked_softmax {rows}x{n} threads=1"
    x = rng.normal(size=(rows, n)).astype(np.float32)
    right_then_time(benchmark, x, mask_of_share(rng, rows, n, real), 1)


@pytest.mark.parametrize("pattern", ["no mask", "key mask", "holes"])
@pytest.mark.parametrize("threads", [1, 2])
def bench_masked_softmax_of_scores(benchmark, isa, rng, pattern, threads):
    benchmark.group = f"masked_softmax scores 16x8x256x256 threads={threads}"
    x = rng.normal(size=(16 * 8 * 256, 256)).astype(np.float32)
    keys = np.arange(256) < long_tailed(rng, 16, 256)[:, None]
    holes = rng.random((16, 256)) < 0.5
    right_then_time(benchmark, x, {"key mask": keys, "holes": holes}.get(pattern), threads)
