"""Rescaling: a scale and an offset, for numbers, features and steps."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support.masks import RIGHT, poisoned


@pytest.mark.parametrize(
    "scale, offset", [(2, 1), (0.5, [1.0, 2.0, 3.0]), (np.arange(3.0), 0), ([[2.0]], [[1.0]])]
)
def test_inputs_are_scaled_and_shifted(rng, scale, offset):
    x = rng.standard_normal((2, 5, 3)).astype(np.float32)
    y = layers.Rescaling(scale, offset)(x)
    np.testing.assert_allclose(y, x * np.float64(scale) + np.float64(offset), rtol=1e-6)
    assert y.dtype == np.float32


def test_integers_become_float32():
    y = layers.Rescaling(1 / 255)(np.arange(256, dtype=np.uint8).reshape(2, 128))
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.ravel(), np.arange(256) / 255, rtol=1e-6)


def test_scale_of_each_step_stays_with_its_step(rng):
    x, scale = poisoned(rng, RIGHT), np.arange(1.0, 8.0)[:, None]
    inputs = maskseq.Input((7, 3))
    model = maskseq.Model(inputs, layers.LSTM(2)(layers.Rescaling(scale)(inputs)))
    padded = np.where(RIGHT[..., None], x, 0)
    expected = model.layers[-1](padded * scale, mask=RIGHT)
    np.testing.assert_allclose(model(padded, mask=RIGHT), expected, atol=1e-6)


def test_padding_is_not_read(rng):
    model = maskseq.Sequential([layers.Rescaling(3.0, 1.0), layers.LSTM(2)])
    x = poisoned(rng, RIGHT)
    alone = np.concatenate([model.predict(x[b : b + 1, :n]) for b, n in [(0, 7), (1, 3), (4, 5)]])
    np.testing.assert_array_equal(model(x, mask=RIGHT)[[0, 1, 4]], alone)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"scale": "1/255"}, "Rescaling: scale must be a number or an array of numbers, got '1/2"),
        ({"scale": None}, "Rescaling: scale must be"),
        ({"scale": 1, "offset": [[1], [2, 3]]}, r"Rescaling: offset must be .* got \[\[1\]"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        layers.Rescaling(**options)


def test_arrays_go_into_the_config_as_lists():
    config = layers.Rescaling(np.float32([1, 2]), np.float32(3)).get_config()
    assert config["scale"] == [1.0, 2.0] and config["offset"] == 3.0
    assert type(config["offset"]) is float
