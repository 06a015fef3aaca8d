"""Recurrent layers on threads: the same bits on any number, in any thread, in a forked child."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from maskseq import _kernels
from tests.support.batches import KINDS, random_batch, random_weights, same_bits
from tests.support.processes import run_python


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [[150], [90, 100], [3] * 170, [200, 20, 30, 10, 20, 90, 1, 5]])
def test_rnn_has_the_same_bits_for_any_thread_count(rng, kind, lengths):
    x, offsets = random_batch(rng, lengths, 70)
    packed = _kernels.PackedRNN(kind, *random_weights(rng, kind, 70, 200))
    one = _kernels.rnn(x, packed, offsets, return_sequences=True, num_threads=1)
    for n in (2, 3, 5, 8):
        got = _kernels.rnn(x, packed, offsets, return_sequences=True, num_threads=n)
        assert same_bits(got, one)


def test_many_threads_of_python_may_share_one_layer(rng):
    packed = _kernels.PackedRNN("lstm", *random_weights(rng, "lstm", 20, 100))
    batches = [random_batch(rng, rng.integers(0, 30, 12), 20) for _ in range(8)]
    want = [_kernels.rnn(x, packed, offsets, num_threads=1) for x, offsets in batches]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            got = pool.map(lambda batch: _kernels.rnn(batch[0], packed, batch[1]), batches)
            assert all(same_bits(a, b) for a, b in zip(got, want, strict=True))


CHANGES = """
import threading, time, numpy as np
from maskseq import _kernels
rng = np.random.default_rng(0)
packed = _kernels.PackedRNN("lstm", *[rng.random(s).astype("f4") for s in ((8, 64), (16, 64))])
good = {"index": rng.integers(0, 40, 2000), "offsets": np.arange(0, 2001, 50)}
good["cells"] = rng.permutation(2000)
out = np.empty((2000, 16), "f4")
given = {name: array.copy() for name, array in good.items()}
end = time.monotonic() + 1
def change():
    while time.monotonic() < end:
        for name, array in given.items():
            array[1:] = 2**33
            array[:] = good[name]
            time.sleep(0)
thread = threading.Thread(target=change)
thread.start()
while time.monotonic() < end:
    try:
        _kernels.rnn(np.ones((40, 8), "f4"), packed, **given, out=out)
    except (IndexError, ValueError):
        pass
thread.join()
"""


@pytest.mark.slow
@pytest.mark.sanitize
def test_arrays_changed_during_a_call_lead_nowhere_outside_the_arrays():
    done = run_python(CHANGES)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_rnn_works_in_a_forked_child(rng):
    x, offsets = random_batch(rng, [150, 100], 20)
    packed = _kernels.PackedRNN("lstm", *random_weights(rng, "lstm", 20, 128))
    want = _kernels.rnn(x, packed, offsets, num_threads=2)
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # a hang ends the child, and the test fails
        same = same_bits(_kernels.rnn(x, packed, offsets, num_threads=2), want)
        os._exit(0 if same else 3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
