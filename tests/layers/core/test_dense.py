"""Dense: one product for every step, masked ones included."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import reference
from tests.support.masks import MASKS, poisoned, randomize


@pytest.mark.parametrize("shape", [(2, 4), (2, 3, 4), (2, 3, 5, 4), (0, 4)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_dense_equals_reference(rng, shape, use_bias):
    x = rng.standard_normal(shape).astype(np.float32)
    layer = layers.Dense(3, use_bias=use_bias)
    layer.build((None, 4))
    layer.built = True
    kernel, *bias = randomize(layer, rng)
    expected = reference.dense(x, kernel, bias[0] if use_bias else 0)
    np.testing.assert_allclose(layer(x), expected, atol=1e-6)


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "softmax", "gelu", np.sin, None])
def test_dense_activation_is_applied(rng, activation):
    x = rng.standard_normal((2, 3, 4)).astype(np.float32)
    layer = layers.Dense(5, activation=activation)
    y, (kernel, bias) = layer(x), layer.get_weights()
    plain = reference.dense(x, kernel, bias)
    if activation == "softmax":
        expected = reference.masked_softmax(plain.reshape(-1, 5)).reshape(plain.shape)
    elif callable(activation):
        expected = activation(plain)
    else:
        expected = reference.ACTIVATIONS[activation or "linear"](plain)
    np.testing.assert_allclose(y, expected, atol=1e-6)


def test_dense_of_a_masked_step_is_what_keras_leaves_there(rng):
    mask = MASKS["holes"]
    inputs = maskseq.Input((None, 3))
    dense = layers.Dense(2, bias_initializer="ones")
    model = maskseq.Model(inputs, dense(layers.Masking()(inputs)))
    x = np.nan_to_num(poisoned(rng, mask))
    y = model(x)
    np.testing.assert_array_equal(y, dense(x))
    assert (np.asarray(y)[~mask] == 1).all()
    np.testing.assert_array_equal(y._keras_mask, mask)


def test_dense_config_makes_it_anew():
    config = layers.Dense(3, activation="relu", use_bias=False).get_config()
    assert layers.Dense.from_config(config).get_config() == config


def test_layer_built_by_hand_keeps_its_weights_at_the_next_call():
    """As a layer does in its own `build` with the layers it holds."""
    layer = layers.Dense(2)
    layer.build((None, 3))
    kernel = layer.kernel
    layer(np.zeros((1, 3), np.float32))
    assert layer.built and layer.kernel is kernel and len(layer.weights) == 2
