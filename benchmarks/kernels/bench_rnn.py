"""Recurrent layers: padded lengths and full ones, one sequence, one step, tokens of a table."""

import numpy as np
import pytest

from benchmarks.lengths import long_tailed
from maskseq import _kernels
from tests.support import reference


def right_then_time(benchmark, rng, kind, lengths, features, units, threads, table=None):
    """Times one call over random sequences of these lengths, after checking two of them."""
    columns = reference.GATES[kind] * units
    shapes = (features, columns), (units, columns), (2, columns) if kind == "gru" else (columns,)
    weights = [rng.normal(0, 0.1, shape).astype(np.float32) for shape in shapes]
    packed = _kernels.PackedRNN(kind, *weights)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    index = None if table is None else rng.integers(0, table, offsets[-1])
    x = rng.normal(size=(table or offsets[-1], features)).astype(np.float32)
    call = {"index": index, "return_sequences": table is None, "num_threads": threads}
    _, states = benchmark(_kernels.rnn, x, packed, offsets, **call)

    some = [0, len(lengths) // 2]
    rows = x if index is None else x[index]
    sequences = [rows[offsets[b] : offsets[b + 1]] for b in some]
    _, want = reference.rnn(kind, sequences, weights)
    np.testing.assert_allclose(states[0][some], want[0], rtol=1e-4, atol=1e-5)
    flops = 2 * columns * (offsets[-1] * (features + units) - len(lengths) * units)
    benchmark.extra_info["gflops"] = flops / benchmark.stats.stats.median / 1e9
    benchmark.extra_info["real_steps_per_s"] = offsets[-1] / benchmark.stats.stats.median


@pytest.mark.parametrize("kind", reference.GATES)
@pytest.mark.parametrize("units", [128, 256])
def bench_rnn_long_tailed(benchmark, isa, rng, kind, units, batch=64, time=200):
    benchmark.group = f"{kind} {batch}x{time} {units}->{units} long-tailed threads=1"
    right_then_time(benchmark, rng, kind, long_tailed(rng, batch, time), units, units, 1)


@pytest.mark.parametrize("threads", [1, 2])
def bench_lstm_without_padding(benchmark, isa, rng, threads, batch=64, time=50, units=256):
    benchmark.group = f"lstm {batch}x{time} {units}->{units} full threads={threads}"
    right_then_time(benchmark, rng, "lstm", np.full(batch, time), units, units, threads)


@pytest.mark.parametrize("threads", [1, 2])
def bench_lstm_of_one_sequence(benchmark, isa, rng, threads, time=100, units=128):
    benchmark.group = f"lstm 1x{time} {units}->{units} threads={threads}"
    right_then_time(benchmark, rng, "lstm", np.array([time]), units, units, threads)


def bench_lstm_of_one_step(benchmark, isa, rng, units=64):
    benchmark.group = f"lstm 1x1 {units}->{units}, the whole call"
    right_then_time(benchmark, rng, "lstm", np.array([1]), units, units, None)


@pytest.mark.parametrize("table", [500, 20000])
def bench_lstm_of_tokens(benchmark, isa, rng, table, batch=128, time=250, units=128):
    benchmark.group = f"lstm {batch}x{time} rows of a table of {table} {units}->{units} threads=2"
    right_then_time(benchmark, rng, "lstm", long_tailed(rng, batch, time), units, units, 2, table)
