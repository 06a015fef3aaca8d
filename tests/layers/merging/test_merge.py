"""Merges give Keras's numbers and masks, on arrays and on rows."""

import functools
import tracemalloc

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.rows import Layout, Rows
from tests.support import twin
from tests.support.beside_keras import carrying
from tests.support.masks import SMALL_MASKS

NAMES = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"]


@pytest.fixture
def pair(rng):
    return [rng.normal(size=(3, 6, 2)).astype(np.float32) for _ in range(2)]


@pytest.mark.slow
@pytest.mark.parametrize("second", SMALL_MASKS)
@pytest.mark.parametrize("first", SMALL_MASKS)
@pytest.mark.parametrize("name", NAMES)
def test_merge_equals_keras(name, first, second, pair):
    masks = [SMALL_MASKS[first], SMALL_MASKS[second]]
    twin.check_eager(lambda L: getattr(L, name)(), pair, masks)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stem", ["dense", "lstm"])
@pytest.mark.parametrize("mask", ["right", "holes", "an_empty_row"])
def test_merge_on_rows_equals_keras(name, stem, mask):
    twin.check_in_model(lambda L: getattr(L, name)(), inputs=2, stem=stem, mask=mask)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Add", "Multiply", "Average", "Maximum"])
def test_merge_of_three_equals_keras(name, rng):
    arrays = [rng.normal(size=(3, 6, 2)).astype(np.float32) for _ in range(3)]
    for masks in (["right", "left", "holes"], ["holes", "none", "right"]):
        twin.check_eager(lambda L: getattr(L, name)(), arrays, [SMALL_MASKS[m] for m in masks])


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_merge_broadcasts_as_keras(name, rng):
    arrays = [rng.normal(size=s).astype(np.float32) for s in [(3, 6, 2), (3, 1, 2)]]
    twin.check_eager(lambda L: getattr(L, name)(), arrays, [SMALL_MASKS["right"], None])


@pytest.mark.slow
def test_input_with_fewer_axes_gets_them_after_the_batch(rng):
    arrays = [rng.normal(size=s).astype(np.float32) for s in [(3, 6, 2), (3, 2)]]
    twin.check_eager(lambda L: L.Add(), arrays, [SMALL_MASKS["right"], None])


@pytest.mark.parametrize("name", NAMES)
def test_merge_stays_on_rows_of_equal_layouts(name, pair):
    mask = SMALL_MASKS["right"]
    rows = [Rows.view(x, mask.copy()) for x in pair]
    merged = getattr(layers, name)().apply(rows)
    assert type(merged) is Rows


@pytest.mark.parametrize("name", ["Multiply", "Maximum", "Minimum"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_rows_that_broadcast_and_differ_in_dtype_merge_as_their_arrays(name, count, rng):
    mask = SMALL_MASKS["holes"]
    arrays = [np.float32([-0.0, 0.0, np.nan, 2.0])[rng.integers(0, 4, (3, 6, 1))] for _ in "ab"]
    arrays.append(rng.integers(-1, 2, (3, 6, 2)).astype(np.int64))
    arrays = arrays[-count:]
    merged = getattr(layers, name)().apply([Rows.view(x, mask.copy()) for x in arrays])
    expected = functools.reduce(getattr(np, name.lower()), [x[mask] for x in arrays])
    if name != "Multiply":
        expected = expected + 0  # no -0.0
    assert merged.values.dtype == expected.dtype
    assert merged.values[:-1].tobytes() == expected.tobytes()
    assert merged.shape == (3, 6, 2) and not merged.values[-1].any()


@pytest.mark.parametrize("name", NAMES)
def test_a_merge_of_rows_asks_for_memory_once(name, rng):
    mask = np.ones((8, 64), bool)
    mask[1:, 40:] = False
    rows = [Rows.view(rng.normal(size=(8, 64, 64)).astype(np.float32), mask) for _ in "ab"]
    layer, once = getattr(layers, name)(), max(x.values.nbytes for x in rows)
    layer.apply(rows)
    tracemalloc.start()
    try:
        layer.apply(rows)
        assert tracemalloc.get_traced_memory()[1] < 1.5 * once
    finally:
        tracemalloc.stop()


def test_merge_of_rows_and_an_array_equals_the_padded_call(pair):
    mask = SMALL_MASKS["right"]
    rows = Rows.view(np.where(mask[..., None], pair[0], 0), mask)
    merged = layers.Multiply().apply([rows, maskseq.convert_to_tensor(pair[1])])
    np.testing.assert_array_equal(merged, layers.Multiply()([rows.to_tensor(), pair[1]]))


def test_merge_of_other_shapes_names_them(pair):
    with pytest.raises(ValueError, match=r"layer 'add.*' \(Add\): inputs must have shapes that"):
        layers.Add()([pair[0], pair[1][:, :4]])


def test_merge_of_one_array_asks_for_a_list(pair):
    with pytest.raises(ValueError, match="inputs must be a list of arrays"):
        layers.Add()(pair[0])


def test_subtract_takes_two(pair):
    with pytest.raises(ValueError, match="inputs must be 2 arrays, got 3"):
        layers.Subtract()([*pair, pair[0]])


def test_functional_forms_are_the_layers(pair):
    for name in NAMES:
        ours = getattr(layers, name.lower())(pair)
        np.testing.assert_array_equal(ours, getattr(layers, name)()(pair))


def test_four_axes_are_masked_by_their_steps(rng):
    x, y = (rng.normal(size=(3, 6, 2, 2)).astype(np.float32) for _ in range(2))
    mask = SMALL_MASKS["holes"]
    product = layers.Multiply()([carrying(maskseq, z, mask) for z in (x, y)])
    np.testing.assert_array_equal(product, np.where(mask[..., None, None], x * y, 0))


def test_merging_model_is_copied_by_its_config(rng):
    source = maskseq.Input((6, 2))
    model = maskseq.Model(source, layers.Add()([layers.Dense(2)(source), source]))
    again = maskseq.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    x = rng.normal(size=(3, 6, 2)).astype(np.float32)
    np.testing.assert_array_equal(model.predict(x), again.predict(x))


def test_layouts_of_the_same_cells_are_equal():
    mask = SMALL_MASKS["holes"]
    a, b = Layout.from_mask(mask), Layout.from_mask(mask.copy())
    assert a.equals(a) and a.equals(b)
    assert not a.equals(Layout.from_mask(~mask))


@pytest.mark.parametrize("layer", [layers.Add(), layers.Multiply(), layers.Concatenate()])
def test_masks_of_a_merge_must_be_a_list_as_long_as_the_inputs(layer):
    x = [np.ones((2, 3, 4), np.float32)] * 2
    mask = np.ones((2, 3), bool)
    with pytest.raises(ValueError, match="mask must be a list, got ndarray"):
        layer.compute_mask(x, mask)
    with pytest.raises(ValueError, match="mask must be a list of 2, one for each input, got 3"):
        layer.compute_mask(x, [mask] * 3)
    with pytest.raises(ValueError, match="inputs must be a list, got ndarray"):
        layer.compute_mask(x[0], [mask] * 2)


@pytest.mark.parametrize("shapes", [[(2, 3), (3, 3)], [(1, 3), (4, 3)]])
def test_a_merge_refuses_other_batch_sizes_when_the_graph_is_built(shapes):
    with pytest.raises(ValueError, match="inputs must have one batch size"):
        layers.Add()([maskseq.Input(batch_shape=shape) for shape in shapes])
