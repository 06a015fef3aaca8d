"""Attention over rows: a batch of long-tailed lengths, short sentences, one long sequence; and few
queries over many keys, which is a matter of reading them."""

import numpy as np
import pytest

from benchmarks.lengths import long_tailed
from maskseq import _kernels
from tests.support import reference

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


KEYS = ["64 of 1000", "64 long-tailed to 1000", "64 of 128", "1 of 1000"]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("queries", [1, 4])
@pytest.mark.parametrize("batch", KEYS)
def bench_few_queries(benchmark, isa, rng, batch, queries, threads):
    benchmark.group = f"{queries} queries, keys: {batch}, heads={HEADS} dim={DIM} threads={threads}"
    count, length = int(batch.split()[0]), int(batch.split()[-1])
    lengths = long_tailed(rng, count, length) if "tailed" in batch else np.full(count, length)
    key_offsets = np.concatenate([[0], np.cumsum(lengths)])
    query_offsets = np.arange(count + 1) * queries
    q = rng.normal(size=(count * queries, HEADS, DIM)).astype(np.float32)
    k, v = rng.normal(size=(2, key_offsets[-1], HEADS, DIM)).astype(np.float32)
    out = benchmark(_kernels.attention, q, k, v, query_offsets, key_offsets, num_threads=threads)
    last = slice(*key_offsets[-2:])
    expected, _ = reference.attention(
        q[-queries:],
        k[last],
        v[last],
        np.array([0, queries]),
        np.array([0, lengths[-1]]),
        np.arange(queries),
        np.arange(lengths[-1]),
        DIM**-0.5,
        False,
        None,
    )
    np.testing.assert_allclose(out[-queries:], expected, rtol=1e-4, atol=1e-5)
    seconds = benchmark.stats.stats.median
    benchmark.extra_info["gigabyte_per_s"] = (k.nbytes + v.nbytes) / seconds / 1e9
