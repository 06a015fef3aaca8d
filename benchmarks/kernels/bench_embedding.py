"""The embedding gather beside np.take, which checks the range too."""

import numpy as np
import pytest

from maskseq import _kernels


@pytest.mark.parametrize("vocab", [1000, 20000])
@pytest.mark.parametrize("kernel", ["np.take", "1 thread", "2 threads"])
def bench_embedding(benchmark, rng, kernel, vocab, n=32000, dim=128):
    benchmark.group = f"embedding vocab={vocab} dim={dim} ids={n}"
    table = rng.normal(size=(vocab, dim)).astype(np.float32)
    ids = rng.integers(0, vocab, n)
    if kernel == "np.take":
        rows = benchmark(np.take, table, ids, axis=0)
    else:
        rows = benchmark(_kernels.embedding, table, ids, num_threads=int(kernel[0]))
    np.testing.assert_array_equal(rows, table[ids])
    benchmark.extra_info["gigabytes_per_s"] = rows.nbytes / benchmark.stats.stats.median / 1e9
