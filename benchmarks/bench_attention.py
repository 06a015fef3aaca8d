"""Attention over rows: a batch of long-tailed lengths, short sentences, one long sequence."""

import numpy as np
import pytest
import reference
from lengths import long_tailed

from maskseq import _kernels

HEADS, DIM = 8, 32


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("causal", [False, True], ids=["all keys", "causal"])
@pytest.mark.parametrize("batch", ["16 long-tailed to 256", "16 of 256", "200 of 20", "1 of 2000"])
def bench_attention(benchmark, isa, rng, batch, causal, threads):
    benchmark.group = f"attention {batch}, heads={HEADS} dim={DIM} threads={threads}"
    count, length = int(batch.split()[0]), int(batch.split()[-1])
    lengths = long_tailed(rng, count, length) if "tailed" in batch else np.full(count, length)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    q, k, v = rng.normal(size=(3, offsets[-1], HEADS, DIM)).astype(np.float32)
    out = benchmark(
        _kernels.attention, q, k, v, offsets, offsets, causal=causal, num_threads=threads
    )
    last, steps = slice(*offsets[-2:]), np.arange(lengths[-1])
    ends = np.array([0, lengths[-1]])
    expected, _ = reference.attention(
        q[last][:, :1],
        k[last][:, :1],
        v[last][:, :1],
        ends,
        ends,
        steps,
        steps,
        DIM**-0.5,
        causal,
        None,
    )
    np.testing.assert_allclose(out[last][:, :1], expected, rtol=1e-4, atol=1e-5)
    pairs = (lengths * (lengths + 1) // 2 if causal else lengths**2).sum()
    useful = 4 * pairs * HEADS * DIM
    benchmark.extra_info["gigaflop_per_s"] = useful / benchmark.stats.stats.median / 1e9
