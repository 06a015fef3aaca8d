"""Maxima and minima: a zero that comes out is positive, in whatever order the two kinds come."""

import itertools

import numpy as np
import pytest

from maskseq import layers, ops
from maskseq.numerics import extremes

ZEROS = np.float32([0.0, -0.0])


def test_pairs_and_rows_of_zeros_give_the_positive_one():
    for pair in itertools.product(ZEROS, ZEROS):
        x = np.array(pair)
        results = [f(x[:1], x[1:]) for f in (extremes.maximum, extremes.minimum)]
        results += [f(x) for f in (extremes.largest, extremes.smallest)]
        results += [extremes.clip(x, -1, 1), extremes.clip(x, 0, 1), extremes.clip(x, -1, -0.0)]
        assert not np.signbit(np.concatenate([np.ravel(r) for r in results])).any()


def test_order_in_memory_does_not_choose_the_zero(rng):
    x = ZEROS[rng.integers(0, 2, (5, 30, 40))]
    for axis in (None, 0, 1, 2, (0, 2)):
        for name in ("max", "min"):
            f = getattr(ops, name)
            assert f(x, axis).tobytes() == f(np.asfortranarray(x), axis).tobytes()


@pytest.mark.parametrize(
    "layer",
    [layers.GlobalMaxPooling1D(), layers.MaxPooling1D(3), layers.MaskedGlobalMaxPooling1D()],
)
def test_pooling_gives_the_positive_zero(rng, layer):
    assert not np.signbit(layer(ZEROS[rng.integers(0, 2, (4, 9, 33))])).any()


def test_merges_give_the_positive_zero(rng):
    x, y = ZEROS[rng.integers(0, 2, (2, 4, 9, 33))]
    for layer in (layers.Maximum(), layers.Minimum()):
        assert not np.signbit(layer([x, y])).any()


def test_nan_and_integers_are_as_numpy_has_them():
    x, y = np.float32([1, np.nan, 2, np.inf]), np.float32([np.nan, 3, 1, -np.inf])
    np.testing.assert_array_equal(extremes.maximum(x, y), np.maximum(x, y))
    np.testing.assert_array_equal(extremes.smallest(x), np.nan)
    whole = extremes.maximum(np.arange(3), 1)
    assert whole.dtype == np.arange(3).dtype and whole.tolist() == [1, 1, 2]
