"""Activation: a function of every number, blind to the mask."""

import numpy as np
import pytest

import maskseq
from maskseq import activations, layers
from tests.support import reference

X = np.linspace(-4, 4, 24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize("name", sorted(reference.ACTIVATIONS.keys() & activations.ACTIVATIONS))
def test_activation_equals_reference(name):
    expected = reference.ACTIVATIONS[name](X.astype(np.float64))
    np.testing.assert_allclose(layers.Activation(name)(X), expected, rtol=1e-5, atol=1e-6)


def test_activation_softmax_is_along_features_and_ignores_the_mask():
    x = maskseq.convert_to_tensor(X)
    maskseq.set_keras_mask(x, np.zeros((2, 3), bool))
    y = layers.Activation("softmax")(x)
    expected = reference.masked_softmax(X.reshape(6, 4)).reshape(X.shape)
    np.testing.assert_allclose(y, expected, rtol=1e-6)
    assert not y._keras_mask.any()


def test_activation_takes_a_function():
    np.testing.assert_array_equal(layers.Activation(np.abs)(X), abs(X))


def test_activation_config_makes_it_anew():
    config = layers.Activation("relu").get_config()
    assert config["activation"] == "relu"
    assert layers.Activation.from_config(config).get_config() == config
