"""Masking: a step is masked where all its features equal the value, and then shows zeros."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.context import changed
from maskseq.rows import Rows

X = np.array(
    [[[1, 2], [0, 0], [0, 3], [-1, -1]], [[-1, 5], [np.nan, 0], [-0.0, 0], [-1, -1]]], np.float32
)


@pytest.mark.parametrize("value", [0.0, -1.0, 7.0])
def test_masking_masks_where_all_features_equal_the_value(value):
    mask = (X != value).any(axis=-1)
    y = layers.Masking(value)(X)
    np.testing.assert_array_equal(y._keras_mask, mask)
    np.testing.assert_array_equal(y, np.where(mask[..., None], X, 0))
    with changed(padded_output=False):
        rows = layers.Masking(value).apply(X)
    assert type(rows) is Rows
    np.testing.assert_array_equal(rows.to_padded(), y)
    np.testing.assert_array_equal(rows.layout.mask, mask)


@pytest.mark.parametrize("x", [X[0], X[None], np.array([[[1, 0], [0, 0]]])])
def test_masking_takes_any_rank_and_keeps_integers(x):
    y = layers.Masking()(x)
    np.testing.assert_array_equal(y._keras_mask, (x != 0).any(axis=-1))
    assert y.dtype == x.dtype


def test_masking_replaces_a_mask_by_another():
    first = layers.Masking(-1.0)
    for second in (0.0, 7.0, -1.0):
        inputs = maskseq.Input((None, 2))
        model = maskseq.Model(inputs, layers.Masking(second)(first(inputs)))
        eager = layers.Masking(second)(first(X))
        np.testing.assert_array_equal(model(X), eager)
        np.testing.assert_array_equal(model(X)._keras_mask, eager._keras_mask)


def test_masking_masks_inside_ragged_sequences_and_makes_no_padding_real():
    model = maskseq.Sequential([maskseq.Input((None, 2)), layers.Masking(-1.0)])
    sequences = maskseq.Ragged(X[0][[0, 3, 1]], [0, 2, 3])
    y = model(sequences)
    np.testing.assert_array_equal(y, [[X[0, 0], [0, 0]], [[0, 0], [0, 0]]])
    np.testing.assert_array_equal(y._keras_mask, [[True, False], [True, False]])


def test_masking_compute_mask_needs_no_call():
    np.testing.assert_array_equal(layers.Masking().compute_mask(X), (X != 0).any(axis=-1))
