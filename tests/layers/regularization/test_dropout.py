"""Dropout: nothing happens, except in training."""

import numpy as np
import pytest

import maskseq
from maskseq import layers

X = np.ones((40, 50), np.float32)


def test_dropout_is_the_identity_and_passes_the_mask():
    x = maskseq.convert_to_tensor(X.copy())
    maskseq.set_keras_mask(x, X > 2)
    y = layers.Dropout(0.9)(x)
    np.testing.assert_array_equal(y, X)
    np.testing.assert_array_equal(y._keras_mask, X > 2)


@pytest.mark.parametrize("rate", [0.0, 0.25, 1.0])
def test_dropout_in_training_drops_its_share_and_scales_up_the_rest(rate):
    y = np.asarray(layers.Dropout(rate, seed=1)(X, training=True))
    kept = y != 0
    assert abs(kept.mean() - (1 - rate)) < 0.05
    np.testing.assert_allclose(y[kept], 1 / (1 - rate) if rate < 1 else 0)


def test_dropout_noise_shape_shares_the_choice():
    y = np.asarray(layers.Dropout(0.5, noise_shape=(None, 1), seed=1)(X, training=True))
    assert (y == y[:, :1]).all() and 0 < (y[:, 0] != 0).mean() < 1


def test_dropout_config_makes_it_anew():
    config = layers.Dropout(0.3, noise_shape=(None, 1), seed=4).get_config()
    assert layers.Dropout.from_config(config).get_config() == config
