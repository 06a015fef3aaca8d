"""Cropping1D, ZeroPadding1D, UpSampling1D give Keras's numbers, and lose the mask as it does."""

import numpy as np
import pytest

from maskseq import layers
from tests.support import twin
from tests.support.masks import SMALL_MASKS

MAKES = {
    "crop": lambda L: L.Cropping1D((1, 2)),
    "crop_end": lambda L: L.Cropping1D((0, 2)),
    "crop_nothing": lambda L: L.Cropping1D(0),
    "pad": lambda L: L.ZeroPadding1D((2, 0)),
    "pad_nothing": lambda L: L.ZeroPadding1D(0),
    "pad_first": lambda L: L.ZeroPadding1D(1, data_format="channels_first"),
    "up": lambda L: L.UpSampling1D(3),
    "up_by_1": lambda L: L.UpSampling1D(1),
}


@pytest.mark.slow
@pytest.mark.parametrize("mask", ["none", "right", "holes"])
@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_resizing_equals_keras(make, mask, rng):
    twin.check_eager(make, rng.normal(size=(3, 6, 2)).astype(np.float32), SMALL_MASKS[mask])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["crop", "pad", "up"])
def test_resizing_in_a_model_equals_keras(name):
    twin.check_in_model(MAKES[name])


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: layers.Cropping1D((1, 1, 1)), "an int or two"),
        (lambda: layers.ZeroPadding1D(-1), "at least 0, got -1"),
        (lambda: layers.UpSampling1D(0), "at least 1, got 0"),
        (lambda: layers.Cropping1D(2)(np.ones((1, 4, 1))), "over 4 steps, got 4"),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_steps_are_cut_put_and_repeated_where_they_should_be(rng):
    x = rng.normal(size=(2, 6, 3)).astype(np.float32)
    np.testing.assert_array_equal(layers.Cropping1D((1, 2))(x), x[:, 1:4])
    padded = np.asarray(layers.ZeroPadding1D((2, 1))(x))
    np.testing.assert_array_equal(padded[:, 2:8], x)
    assert padded.shape == (2, 9, 3) and not padded[:, [0, 1, 8]].any()
    np.testing.assert_array_equal(layers.UpSampling1D(2)(x)[:, 1::2], x)
