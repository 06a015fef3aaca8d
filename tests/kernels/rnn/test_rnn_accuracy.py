"""Recurrent layers against float64: the error over the first T steps is within
4 ceil(log2(9 T)) eps of their norm, and no single value is further off than that.

The bound holds where the layer forgets what it got wrong, as trained layers do. A SimpleRNN whose
recurrent weights are several times as large is chaotic: in any float32 arithmetic its states leave
the exact ones after some dozens of steps."""

import numpy as np
import pytest

import maskseq
from maskseq import _kernels, layers
from tests.support import reference

STEPS, FEATURES, UNITS = 10_000, 4, 17
CASES = [
    *((kind, 1) for kind in reference.STEPS),
    *((kind, 4) for kind in reference.STEPS if kind != "simple_rnn"),
]


LAYERS = {
    "lstm": layers.LSTM,
    "gru": layers.GRU,
    "gru_reset_before": lambda units: layers.GRU(units, reset_after=False),
    "simple_rnn": layers.SimpleRNN,
}


def initial_weights(kind, scale):
    """As the layer draws them, its kernels `scale` times as large."""
    maskseq.set_random_seed(1)
    layer = LAYERS[kind](UNITS)
    layer.build((None, None, FEATURES))
    kernel, recurrent, bias = layer.get_weights()
    return scale * kernel, scale * recurrent, bias


@pytest.mark.slow
@pytest.mark.parametrize("kind, scale", CASES)
def test_error_grows_with_the_logarithm_of_the_steps(rng, kind, scale):
    weights = initial_weights(kind, scale)
    x = rng.normal(0, 1, (STEPS, FEATURES)).astype(np.float32)
    packed = _kernels.PackedRNN(kind, *weights)
    got, _ = _kernels.rnn(x, packed, [0, STEPS], return_sequences=True)
    (want,), _ = reference.rnn(kind, [x], weights)
    for steps in (1, 10, 100, 1000, STEPS):
        bound = 4 * np.ceil(np.log2(9 * steps)) * np.finfo(np.float32).eps
        error = got[:steps] - want[:steps]
        assert np.linalg.norm(error) <= bound * np.linalg.norm(want[:steps])
        assert np.abs(error).max() <= bound
