"""Scratch memory of a call: bounded by threads and chunks, whatever the batch and the time."""

import sys

import pytest

from tests.support.processes import run_python
from tests.support.reference import GATES

GROWTH = """
import sys
import numpy as np
from maskseq import _kernels

kind, (gates, threads, token_kinds) = sys.argv[1], map(int, sys.argv[2:])
features, units = 8, 32
bias = (2, gates * units) if kind == "gru" else (gates * units,)
shapes = (features, gates * units), (units, gates * units), bias
packed = _kernels.PackedRNN(kind, *[np.full(shape, 0.01, np.float32) for shape in shapes])

def call(batch, time):
    steps = batch * time
    x = np.ones((token_kinds or steps, features), np.float32)
    index = np.arange(steps) % token_kinds if token_kinds else None
    offsets = np.arange(batch + 1) * time
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")  # the peak is what is held now
    before = held("VmRSS")
    _kernels.rnn(x, packed, offsets, index=index, num_threads=threads)
    return held("VmHWM") - before

def held(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field))

for _ in range(100):  # until there is a team of threads: each has some memory of its own
    call(200, 20)
print(call(200, 20), call(600, 600))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", ["lstm", "gru", "simple_rnn"])
@pytest.mark.parametrize("token_kinds", [0, 50], ids=["rows", "tokens"])
def test_scratch_of_a_recurrent_call_does_not_grow_with_batch_and_time(kind, token_kinds):
    """90 times the steps: their input products alone would be 46 MB for each gate."""
    done = run_python(GROWTH, kind, GATES[kind], 2, token_kinds)
    assert done.returncode == 0, done.stderr
    small, large = map(int, done.stdout.split())
    assert large - small < 1024  # KB; of each sequence some bytes, and its last state
