"""A signal handler that raises ends a long kernel with its own exception, on any number of threads.

The timer counts the CPU time of the process, so a busy machine changes nothing. How soon it ends is
in tests/system/test_concurrency.py.
"""

import signal

import numpy as np
import pytest

from maskseq import _kernels

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers here")


class Raised(Exception):
    pass


def raise_it(*_):
    raise Raised


def a_long_dense(threads):
    packed = _kernels.PackedDense(np.ones((1024, 1024), np.float32))
    return lambda: _kernels.dense(np.zeros((40_000, 1024), np.float32), packed, num_threads=threads)


def a_long_dense_beside_another(threads):
    packed = _kernels.PackedDense(np.ones((1024, 1024), np.float32))
    x = np.zeros((40_000, 1024), np.float32)
    return lambda: _kernels.dense_beside(x, [packed, packed], num_threads=threads)


def a_long_rnn(threads):
    weights = np.ones((8, 4 * 96), np.float32), np.ones((96, 4 * 96), np.float32)
    packed = _kernels.PackedRNN("lstm", *weights)
    x, offsets = np.zeros((2_000_000, 8), np.float32), np.arange(0, 2_000_001, 500)
    return lambda: _kernels.rnn(x, packed, offsets, num_threads=threads)


def a_long_attention(threads):
    q = np.ones((40_000, 2, 64), np.float32)
    return lambda: _kernels.attention(q, q, q, [0, len(q)], [0, len(q)], num_threads=threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "prepare", [a_long_dense, a_long_dense_beside_another, a_long_rnn, a_long_attention]
)
def test_an_exception_of_a_handler_ends_a_kernel(prepare, threads):
    call = prepare(threads)
    before = signal.signal(signal.SIGVTALRM, raise_it)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.01)
    try:
        with pytest.raises(Raised):
            call()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
