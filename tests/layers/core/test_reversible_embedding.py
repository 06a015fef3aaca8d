"""ReversibleEmbedding: a table of rows, and the way back to scores of ids."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.rows import Layout, Rows, Unmasked
from tests.support import twin
from tests.support.masks import SMALL_MASKS, randomize

IDS = np.int32([[3, 1, 0, 0], [0, 8, 2, 1]])


@pytest.mark.parametrize("tie", [True, False])
@pytest.mark.parametrize("cap", [None, 0.5])
def test_both_ways_equal_their_definition(rng, tie, cap):
    layer = layers.ReversibleEmbedding(9, 5, tie, logit_soft_cap=cap)
    layer.build()
    table, *back = randomize(layer, rng)
    np.testing.assert_array_equal(layer(IDS), table[IDS])
    x = rng.standard_normal((2, 4, 5)).astype(np.float32)
    scores = np.float64(x) @ np.float64(table.T if tie else back[0])
    scores = scores if cap is None else np.tanh(scores / cap) * cap
    np.testing.assert_allclose(layer(x, reverse=True), scores, atol=1e-5)
    np.testing.assert_allclose(layer(x[0], reverse=True), scores[0], atol=1e-5)


def test_new_weights_are_used_both_ways(rng):
    layer = layers.ReversibleEmbedding(9, 5)
    x = rng.standard_normal((2, 5)).astype(np.float32)
    before = layer(IDS), layer(x, reverse=True)
    layer.set_weights([2 * layer.get_weights()[0]])
    np.testing.assert_array_equal(layer(IDS), 2 * before[0])
    np.testing.assert_array_equal(layer(x, reverse=True), 2 * before[1])


def test_mask_comes_with_rows_and_not_with_scores(rng):
    layer = layers.ReversibleEmbedding(9, 4, mask_zero=True)
    rows = layer(IDS)
    np.testing.assert_array_equal(maskseq.get_keras_mask(rows), IDS != 0)
    assert maskseq.get_keras_mask(layer(rows, reverse=True)) is None
    square = rng.standard_normal((3, 4)).astype(np.float32)  # as many axes as ids have
    assert layer(square, reverse=True).shape == (3, 9)


@pytest.mark.parametrize("mask_zero", [True, False])
def test_model_goes_there_and_back(mask_zero, rng):
    inputs = maskseq.Input((None,), dtype="int32")
    layer = layers.ReversibleEmbedding(9, 4, mask_zero=mask_zero)
    hidden = layers.GRU(4, return_sequences=True)(layer(inputs))
    scores = layer(hidden, reverse=True)
    assert scores.shape == (None, None, 9) and scores.dtype == "float32"
    model = maskseq.Model(inputs, [hidden, scores])
    hidden, scores = model.predict(IDS)
    np.testing.assert_array_equal(scores, layer(hidden, reverse=True))
    again = maskseq.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(IDS)[1], scores)


@pytest.mark.parametrize("cap", [None, 0.5])
@pytest.mark.parametrize("mask_zero", [True, False])
def test_scores_of_padding_are_computed_once(mask_zero, cap, rng):
    layer = layers.ReversibleEmbedding(9, 4, mask_zero=mask_zero, logit_soft_cap=cap)
    layer.build()
    mask = np.arange(7) < np.array([[3], [0], [7], [1]])
    values = rng.standard_normal((mask.sum() + 1, 4)).astype(np.float32)
    rows = Rows(values, Layout.from_mask(mask))
    expected = np.array(layer(rows.to_padded(), reverse=True))
    for made in (
        layer.apply(rows, reverse=True),
        layer.apply(rows, True),
        layer.apply(Unmasked(rows), reverse=True),
    ):
        assert type(made) is Unmasked and len(made.rows.values) == mask.sum() + 1
        np.testing.assert_array_equal(made.to_tensor(), expected)
        assert maskseq.get_keras_mask(made.to_tensor()) is None
    wrong = Rows(values[:, :3], rows.layout)
    with pytest.raises(
        ValueError, match=r"must have 4 features \(last axis\), got shape \(4, 7, 3\)"
    ):
        layer.apply(wrong, reverse=True)


@pytest.mark.slow
@pytest.mark.parametrize("mask", ["none", "holes"])
@pytest.mark.parametrize("reverse", [True, False])
@pytest.mark.parametrize("mask_zero", [True, False])
def test_equals_keras(rng, mask_zero, reverse, mask):
    x = rng.normal(size=(3, 6, 4)) if reverse else rng.integers(0, 9, (3, 6))
    x = x.astype("float32" if reverse else "int32")

    def make(package):
        return package.ReversibleEmbedding(9, 4, mask_zero=mask_zero, logit_soft_cap=3.0)

    twin.check_eager(make, x, SMALL_MASKS[mask], first={"reverse": reverse}, reverse=reverse)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"input_dim": 0}, "input_dim must be a positive int, got 0"),
        ({"logit_soft_cap": 0}, "logit_soft_cap must be a number above 0, or None, got 0"),
        ({"logit_soft_cap": "high"}, "logit_soft_cap must be"),
        ({"logit_soft_cap": True}, "logit_soft_cap must be"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        layers.ReversibleEmbedding(**{"input_dim": 9, "output_dim": 4, **options})


def test_other_features_are_named():
    with pytest.raises(ValueError, match="must have 4 features"):
        layers.ReversibleEmbedding(9, 4)(np.zeros((2, 3), np.float32), reverse=True)
