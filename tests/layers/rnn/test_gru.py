"""GRU against a float64 definition, for every pattern of mask."""

import numpy as np
import pytest

from maskseq import layers
from tests.support import reference
from tests.support.masks import MASKS, poisoned, randomize

KINDS = {True: "gru", False: "gru_reset_before"}


@pytest.mark.parametrize("pattern", MASKS)
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("reset_after", [True, False])
def test_gru_equals_reference(rng, pattern, go_backwards, reset_after):
    mask = MASKS[pattern]
    layer = layers.GRU(
        4,
        reset_after=reset_after,
        go_backwards=go_backwards,
        return_sequences=True,
        return_state=True,
    )
    x = poisoned(rng, mask)
    layer(x, mask=mask)
    weights = randomize(layer, rng)
    sequences, state = layer(x, mask=mask)
    expected, (last,) = reference.masked_rnn(
        KINDS[reset_after], x, mask, weights, go_backwards=go_backwards
    )
    np.testing.assert_allclose(sequences, expected, atol=2e-6)
    np.testing.assert_allclose(state, last, atol=2e-6)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("reset_after", [True, False])
def test_gru_with_a_function_of_the_users_equals_the_kernels(rng, reset_after, use_bias):
    options = {"use_bias": use_bias, "reset_after": reset_after, "return_sequences": True}
    known = layers.GRU(4, **options)
    own = layers.GRU(4, activation=lambda x: np.tanh(x), **options)
    mask = MASKS["holes"]
    x = poisoned(rng, mask)
    known(x), own(x)
    own.set_weights(randomize(known, rng))
    np.testing.assert_allclose(own(x, mask=mask), known(x, mask=mask), atol=1e-6)


def test_gru_config_makes_it_anew():
    layer = layers.GRU(3, reset_after=False, activation="relu", return_sequences=True)
    config = layers.GRU.from_config(layer.get_config()).get_config()
    assert config == layer.get_config()
