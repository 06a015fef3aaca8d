"""Merges of arrays that carry masks, against definitions cell by cell, padded and on rows."""

import itertools

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.rows import Layout, Rows, as_padded
from tests.support.beside_keras import carrying
from tests.support.masks import SMALL_MASKS

NAMES = ["Add", "Multiply", "Average", "Maximum", "Minimum"]
TRIPLES = list(itertools.product(["none", "right", "holes"], repeat=3))


def merged(name, arrays, masks):
    """What Keras 3.15 gives, a cell at a time."""
    real = [
        np.ones(x.shape[:2], bool) if m is None else m for x, m in zip(arrays, masks, strict=True)
    ]
    out = np.empty_like(arrays[0])
    for cell in np.ndindex(*out.shape):
        values = [x[cell] for x in arrays]
        there = [x[cell] for x, m in zip(arrays, real, strict=True) if m[cell[:2]]]
        if name in ("Add", "Average"):
            out[cell] = sum(values) / (len(values) if name == "Average" else 1)
        elif name == "Multiply":
            out[cell] = np.prod(there) if there else 0
        else:
            pick = max if name == "Maximum" else min
            out[cell] = pick(there) if there else values[0]
    return out


@pytest.mark.parametrize("names", TRIPLES, ids="-".join)
@pytest.mark.parametrize("name", NAMES)
def test_a_merge_of_three_is_that_of_each_cell(rng, name, names):
    masks = [SMALL_MASKS[n] for n in names]
    arrays = [rng.normal(size=(3, 6, 2)).astype(np.float32) for _ in masks]
    inputs = [carrying(maskseq, x, m) for x, m in zip(arrays, masks, strict=True)]
    found = getattr(layers, name)()(inputs)
    np.testing.assert_allclose(found, merged(name, arrays, masks), rtol=1e-6, atol=1e-6)
    mask = maskseq.get_keras_mask(found)
    if any(m is None for m in masks):
        assert mask is None
    else:
        np.testing.assert_array_equal(mask, np.logical_or.reduce(masks))


def test_an_input_that_gets_an_axis_has_lost_its_mask(rng):
    x = rng.normal(size=(3, 2, 2)).astype(np.float32)
    y = rng.normal(size=(3, 2)).astype(np.float32)
    mask = np.array([[1, 0], [0, 0], [1, 1]], bool)
    inputs = [carrying(maskseq, x, mask), carrying(maskseq, y, np.zeros((3, 2), bool))]
    found = layers.Multiply()(inputs)
    expected = np.where(mask[..., None], x, 1) * y[:, None]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("carry", [False, True])
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_rows_give_what_their_padded_arrays_give(rng, name, carry, own):
    if carry and own:
        pytest.skip("rows with a pad row each do not carry")
    layout = Layout.from_mask(SMALL_MASKS["an_empty_row"])
    pads = (3, 1) if own else (1, 1)
    rows = [
        Rows(rng.normal(size=(layout.steps + n, 2)).astype(np.float32), layout, carry) for n in pads
    ]
    layer = getattr(layers, name)()
    np.testing.assert_allclose(
        as_padded(layer.apply(rows)), layer([x.to_tensor() for x in rows]), rtol=1e-6
    )


@pytest.mark.parametrize("rule", ["keras3", "keras2"])
@pytest.mark.parametrize("masked_first", [False, True])
@pytest.mark.parametrize("name", [*NAMES, "Subtract"])
def test_rows_beside_an_array_give_what_their_padded_arrays_give(rng, name, masked_first, rule):
    layout = Layout.from_mask(SMALL_MASKS["holes"])
    rows = Rows(rng.normal(size=(layout.steps + 1, 2)).astype(np.float32), layout)
    x = rng.normal(size=(3, 6, 2)).astype(np.float32)
    layer = getattr(layers, name)(mask_rule=rule)
    beside, wanted = [x, rows], layer([x, rows.to_tensor()])
    if masked_first:
        beside, wanted = [rows, x], layer([rows.to_tensor(), x])
    found = layer.apply(beside)
    np.testing.assert_array_equal(as_padded(found), wanted)
    mask = maskseq.get_keras_mask(wanted)
    assert (mask is None) == (rule == "keras3")
    if mask is None:
        assert maskseq.get_keras_mask(as_padded(found)) is None
    else:
        np.testing.assert_array_equal(maskseq.get_keras_mask(as_padded(found)), mask)


@pytest.mark.parametrize("axis", [-1, 2])
def test_rows_are_joined_along_their_features(rng, axis):
    layout = Layout.from_mask(SMALL_MASKS["holes"])
    rows = [Rows(rng.normal(size=(layout.steps + 1, n)).astype(np.float32), layout) for n in (2, 3)]
    found = layers.Concatenate(axis=axis).apply(rows)
    assert type(found) is Rows
    expected = np.concatenate([x.to_padded() for x in rows], axis=2)
    np.testing.assert_array_equal(found.to_padded(), expected)


@pytest.mark.parametrize("rule", ["keras3", "keras2"])
@pytest.mark.parametrize("axis", [1, 2])
def test_masks_are_joined_along_time_and_reduced_along_features(rng, axis, rule):
    masks = [SMALL_MASKS["right"], SMALL_MASKS["holes"], None]
    arrays = [rng.normal(size=(3, 6, 2)).astype(np.float32) for _ in masks]
    inputs = [carrying(maskseq, x, m) for x, m in zip(arrays, masks, strict=True)]
    found = layers.Concatenate(axis=axis, mask_rule=rule)(inputs)
    np.testing.assert_array_equal(found, np.concatenate(arrays, axis=axis))
    full = [np.ones((3, 6), bool) if m is None else m for m in masks]
    if axis == 1:
        expected = np.concatenate(full, axis=1)
    else:
        expected = np.logical_and.reduce(full) if rule == "keras2" else np.ones((3, 6), bool)
    np.testing.assert_array_equal(maskseq.get_keras_mask(found), expected)


@pytest.mark.parametrize("normalize", [False, True])
def test_a_dot_product_sums_an_axis_of_each(rng, normalize):
    x = rng.normal(size=(3, 4, 5)).astype(np.float32)
    y = rng.normal(size=(3, 2, 4)).astype(np.float32)
    found = layers.Dot(axes=(1, 2), normalize=normalize)([x, y])
    if normalize:
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
        y = y / np.linalg.norm(y, axis=2, keepdims=True)
    np.testing.assert_allclose(found, np.einsum("bki,bjk->bij", x, y), rtol=1e-5, atol=1e-6)
