"""TemporalSoftmax: softmax over the real steps, feature by feature."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import reference
from tests.support.masks import MASKS, poisoned


@pytest.mark.parametrize("pattern", MASKS)
def test_temporal_softmax_equals_reference(rng, pattern):
    mask = MASKS[pattern]
    x = 50 * poisoned(rng, mask)
    y = layers.TemporalSoftmax()(x, mask=mask)
    for feature in range(x.shape[-1]):
        expected = reference.masked_softmax(x[..., feature], mask)
        np.testing.assert_allclose(y[..., feature], expected, rtol=1e-5, atol=1e-30)
    np.testing.assert_array_equal(y._keras_mask, mask)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1), (2, 3, 4, 5)])
def test_temporal_softmax_without_mask_sums_to_one(rng, shape):
    y = layers.TemporalSoftmax()(rng.standard_normal(shape))
    np.testing.assert_allclose(np.asarray(y).sum(axis=1), 1, rtol=1e-6)
    assert y.shape == shape and not hasattr(y, "_keras_mask")


def test_temporal_softmax_survives_large_numbers():
    y = layers.TemporalSoftmax()(np.array([[1e4, 1e4, -1e4]], np.float32))
    np.testing.assert_array_equal(y, [[0.5, 0.5, 0]])


def test_temporal_softmax_in_a_model_uses_the_carried_mask(rng):
    mask = MASKS["holes"]
    inputs = maskseq.Input((None, 3))
    model = maskseq.Model(inputs, layers.TemporalSoftmax()(layers.Masking()(inputs)))
    x = np.nan_to_num(poisoned(rng, mask))
    np.testing.assert_array_equal(model(x), layers.TemporalSoftmax()(x, mask=mask))
