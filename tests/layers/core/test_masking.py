"""Masking: a step is masked where all its features equal the value, and then shows zeros."""

import json
import pickle

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


VALUES = {
    "list": [-1.0, -1.0],
    "tuple of ints": (0, 3),
    "array": np.array([-1, 5], np.float64),
    "one number": [0.0],
    "for each step": np.array([[1, 2], [9, 9], [0, 3], [9, 9]], np.float32),
    "infinite": [np.inf, -np.inf],
    "scalar array": np.array(-1.0),
}


@pytest.mark.parametrize("name", VALUES)
def test_mask_value_may_be_one_value_for_each_feature(name):
    x = np.concatenate([X, np.full((2, 4, 2), np.inf, np.float32) * np.float32([1, -1])])
    mask = (x != np.float32(VALUES[name])).any(axis=-1)
    layer = layers.Masking(VALUES[name])
    y = layer(x)
    np.testing.assert_array_equal(y._keras_mask, mask)
    np.testing.assert_array_equal(y, np.where(mask[..., None], x, 0))
    np.testing.assert_array_equal(layer.compute_mask(x), mask)
    again = layers.Masking.from_config(json.loads(json.dumps(layer.get_config())))
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(again(x)._keras_mask, mask)
    time = None if np.ndim(VALUES[name]) < 2 else 4
    model = maskseq.Sequential([maskseq.Input((time, 2)), pickle.loads(pickle.dumps(layer))])
    np.testing.assert_array_equal(model(x)._keras_mask, mask)
    if time is None:
        ragged = maskseq.Ragged(x.reshape(-1, 2), [0, 3, 4, 16])
        kept = model(ragged)._keras_mask
        np.testing.assert_array_equal(kept[0, :3], mask[0, :3])
        assert not kept[0, 3:].any()


def test_mask_value_may_be_a_tensor_of_a_config():
    for value in (-1.0, [-1.0, 5.0]):
        config = {"class_name": "__tensor__", "config": {"value": value, "dtype": "float32"}}
        layer = layers.Masking.from_config({"mask_value": config})
        assert layer.get_config()["mask_value"] == value
        np.testing.assert_array_equal(layer(X)._keras_mask, (X != np.float32(value)).any(axis=-1))


@pytest.mark.parametrize("value", [np.nan, [1.0, np.nan]])
def test_mask_value_of_nan_masks_nothing_and_says_so(value):
    with pytest.warns(UserWarning, match="mask_value has NaN, which equals nothing") as told:
        layer = layers.Masking(value)
    assert told[0].filename == __file__
    assert np.asarray(layer(X)._keras_mask).all()


def test_mask_value_beyond_float32_is_infinite_as_the_inputs_are():
    with pytest.warns(RuntimeWarning, match="mask_value: 1e[+]300 becomes infinite"):
        layer = layers.Masking(1e300)
    with pytest.warns(RuntimeWarning, match=r"inputs at \[0, 1, 0\]: 1e[+]300 becomes infinite"):
        y = layer(np.array([[[1, 2], [1e300, 1e300]]]))
    assert y._keras_mask.tolist() == [[True, False]]


@pytest.mark.parametrize(
    "value, error", [("a", TypeError), (None, TypeError), ([], TypeError), ({}, TypeError)]
)
def test_other_mask_values_are_refused(value, error):
    with pytest.raises(error, match="Masking: mask_value must be a number or an array, got"):
        layers.Masking(value)


def test_mask_value_that_does_not_fit_the_features_is_refused():
    for x in (X, maskseq.Input((None, 2))):
        with pytest.raises(ValueError, match=r"mask_value has shape \(3,\), which does not fit"):
            layers.Masking([1.0, 2.0, 3.0])(x)
