"""Concatenate gives Keras's numbers and masks, on arrays and on rows."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.rows import Rows
from tests.support import twin
from tests.support.beside_keras import carrying
from tests.support.masks import SMALL_MASKS


@pytest.mark.slow
@pytest.mark.parametrize("second", SMALL_MASKS)
@pytest.mark.parametrize("first", SMALL_MASKS)
@pytest.mark.parametrize("axis", [1, 2, -1, -2])
def test_concatenate_equals_keras(axis, first, second, rng):
    arrays = [rng.normal(size=(3, 6, 2)).astype(np.float32) for _ in range(2)]
    masks = [SMALL_MASKS[first], SMALL_MASKS[second]]
    twin.check_eager(lambda L: L.Concatenate(axis=axis), arrays, masks)


@pytest.mark.slow
@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("stem", ["dense", "lstm"])
def test_concatenate_on_rows_equals_keras(axis, stem):
    twin.check_in_model(lambda L: L.Concatenate(axis=axis), inputs=2, stem=stem)


def test_features_of_rows_are_joined_without_padding(rng):
    mask = SMALL_MASKS["right"]
    rows = [Rows.view(rng.normal(size=(3, 6, 2)).astype(np.float32), mask) for _ in range(2)]
    assert type(layers.Concatenate().apply(rows)) is Rows


@pytest.mark.slow
def test_mask_of_two_axes_data_is_what_keras_makes_of_it(rng):
    arrays = [rng.normal(size=(3, 6)).astype(np.float32) for _ in range(2)]
    twin.check_eager(lambda L: L.Concatenate(), arrays, [SMALL_MASKS["right"]] * 2)


def test_four_axes_keep_the_mask_of_their_steps(rng):
    x = rng.normal(size=(3, 6, 2, 2)).astype(np.float32)
    inputs = [carrying(maskseq, x, SMALL_MASKS[m]) for m in ("right", "left")]
    joined = layers.Concatenate(axis=1)(inputs)
    want = np.concatenate([SMALL_MASKS["right"], SMALL_MASKS["left"]], axis=1)
    np.testing.assert_array_equal(joined._keras_mask, want)


def test_other_shapes_are_named(rng):
    with pytest.raises(ValueError, match="inputs must have equal shapes but for axis -1"):
        layers.Concatenate()([np.ones((2, 3, 1)), np.ones((2, 4, 1))])


def test_functional_form_is_the_layer(rng):
    arrays = [rng.normal(size=(3, 6, 2)) for _ in range(2)]
    np.testing.assert_array_equal(
        layers.concatenate(arrays, axis=1), layers.Concatenate(axis=1)(arrays)
    )
