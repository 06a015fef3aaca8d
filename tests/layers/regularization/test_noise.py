"""Noise layers change nothing outside training, and keep the moments in it."""

import numpy as np
import pytest

from maskseq import layers
from maskseq.rows import Rows
from tests.support import twin
from tests.support.masks import SMALL_MASKS

MAKES = {
    "GaussianNoise": lambda L: L.GaussianNoise(0.5),
    "GaussianDropout": lambda L: L.GaussianDropout(0.4),
    "AlphaDropout": lambda L: L.AlphaDropout(0.4),
    "SpatialDropout1D": lambda L: L.SpatialDropout1D(0.4),
}


@pytest.mark.slow
@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
@pytest.mark.parametrize("mask", ["none", "holes"])
def test_noise_outside_training_equals_keras(make, mask, rng):
    twin.check_eager(make, rng.normal(size=(3, 6, 4)).astype(np.float32), SMALL_MASKS[mask])
    twin.check_in_model(make, stem="lstm")


@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_noise_keeps_the_mean(make):
    x = np.ones((2000, 3, 50), np.float32)
    if make is MAKES["AlphaDropout"]:
        x = np.random.default_rng(1).standard_normal(x.shape, np.float32)
    y = make(layers)(x, training=True)
    assert abs(y.mean() - x.mean()) < 0.02
    assert y.std() > 0.4
    if make is MAKES["AlphaDropout"]:
        assert abs(y.std() - 1) < 0.02


def test_spread_of_gaussian_noise_is_its_stddev():
    y = layers.GaussianNoise(0.5)(np.zeros((100, 10, 50)), training=True)
    assert abs(y.std() - 0.5) < 0.01


def test_spatial_dropout_drops_a_feature_in_all_steps():
    y = np.asarray(layers.SpatialDropout1D(0.5)(np.ones((20, 9, 30)), training=True))
    assert set(np.unique(y)) == {0, 2}
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))


@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_noise_of_rows_outside_training_is_the_rows(make, rng):
    rows = Rows.view(rng.normal(size=(3, 6, 2)).astype(np.float32), SMALL_MASKS["holes"])
    assert make(layers).apply(rows) is rows


def test_same_seed_gives_the_same_noise():
    first, second = (
        layers.GaussianNoise(0.5, seed=3)(np.zeros((2, 3)), training=True) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_alpha_dropout_obeys_a_noise_shape():
    y = layers.AlphaDropout(0.5, noise_shape=(None, 1, None))(np.ones((5, 9, 30)), training=True)
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: layers.GaussianNoise(2), "stddev must be between 0 and 1"),
        (lambda: layers.AlphaDropout(-0.1), "AlphaDropout: rate must be between 0 and 1"),
        (lambda: layers.GaussianDropout(1), "rate must be below 1"),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
