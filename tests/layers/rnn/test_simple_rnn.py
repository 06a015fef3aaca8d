"""SimpleRNN against a float64 definition, for every pattern of mask."""

import numpy as np
import pytest

from maskseq import layers
from tests.support import reference
from tests.support.masks import MASKS, poisoned, randomize


@pytest.mark.parametrize("pattern", MASKS)
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_simple_rnn_equals_reference(rng, pattern, go_backwards, activation):
    mask = MASKS[pattern]
    layer = layers.SimpleRNN(
        4, activation, go_backwards=go_backwards, return_sequences=True, return_state=True
    )
    x = poisoned(rng, mask)
    layer(x, mask=mask)
    weights = randomize(layer, rng)
    sequences, state = layer(x, mask=mask)
    expected, (last,) = reference.masked_rnn(
        "simple_rnn", x, mask, weights, activation, go_backwards=go_backwards
    )
    np.testing.assert_allclose(sequences, expected, atol=2e-6, rtol=2e-6)
    np.testing.assert_allclose(state, last, atol=2e-6, rtol=2e-6)
