"""Softmax skips masked cells: they are 0, and so is a row without real cells."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import reference


@pytest.mark.parametrize("axis", [-1, 1, 0])
def test_softmax_equals_reference_along_any_axis(rng, axis):
    x = rng.standard_normal((3, 4, 5)).astype(np.float32)
    mask = rng.random((3, 4, 5)) < 0.6
    x[~mask] = np.nan
    moved, real = np.moveaxis(x, axis, -1), np.moveaxis(mask, axis, -1)
    rows = reference.masked_softmax(
        moved.reshape(-1, moved.shape[-1]), real.reshape(-1, moved.shape[-1])
    )
    expected = np.moveaxis(rows.reshape(moved.shape), -1, axis)
    np.testing.assert_allclose(layers.Softmax(axis)(x, mask=mask), expected, rtol=1e-5)


def test_softmax_over_two_axes_sums_to_one(rng):
    x = rng.standard_normal((3, 4, 5)).astype(np.float32)
    mask = rng.random((3, 4, 5)) < 0.6
    y = layers.Softmax(axis=[1, 2])(x, mask=mask)
    flat = reference.masked_softmax(x.reshape(3, 20), mask.reshape(3, 20)).reshape(x.shape)
    np.testing.assert_allclose(y, flat, rtol=1e-5)


def test_softmax_mask_broadcasts_from_the_right(rng):
    x = rng.standard_normal((3, 4)).astype(np.float32)
    y = layers.Softmax()(x, mask=np.array([1, 0, 1, 0]))
    assert (np.asarray(y)[:, 1::2] == 0).all()
    np.testing.assert_allclose(np.asarray(y).sum(axis=1), 1, rtol=1e-6)


def test_softmax_carried_mask_of_another_rank_is_told_as_in_keras(rng):
    x = layers.Masking()(rng.standard_normal((3, 4, 5)))
    with pytest.raises(ValueError, match=r"mask must be broadcastable to inputs \(3, 4, 5\)"):
        layers.Softmax()(x)


def test_softmax_carried_mask_is_used_and_passed_on(rng):
    x = maskseq.convert_to_tensor(rng.standard_normal((3, 4)).astype(np.float32))
    mask = np.array([[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]], bool)
    maskseq.set_keras_mask(x, mask)
    y = layers.Softmax()(x)
    np.testing.assert_allclose(y, reference.masked_softmax(x, mask), rtol=1e-5)
    np.testing.assert_array_equal(y._keras_mask, mask)


def test_softmax_takes_numbers_above_one_half_for_real(rng):
    """As Keras casts them."""
    x = rng.standard_normal((2, 5)).astype(np.float32)
    mask = np.array([0.0, 0.3, 0.5, 0.6, 1.0], np.float32)
    expected = reference.masked_softmax(x, np.broadcast_to(mask > 0.5, x.shape))
    np.testing.assert_allclose(layers.Softmax()(x, mask=mask), expected, rtol=1e-5)
