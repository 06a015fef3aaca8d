"""Attention against a float64 definition; rows, padding and NaN in what is masked."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import reference
from tests.support.masks import FEATURES, MASKS, TIME, poisoned

PATTERNS = [("right", "holes"), ("holes", "left"), ("empty", "right"), ("full", "full")]


def dot(q, k):
    return q @ k


def concat(q, k):
    return np.tanh(q + k).sum()


@pytest.mark.parametrize("patterns", PATTERNS)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mode, score", [("dot", dot), ("concat", concat)])
def test_attention_equals_reference(rng, patterns, causal, mode, score):
    query_mask, value_mask = (MASKS[name] for name in patterns)
    query, value = poisoned(rng, query_mask), poisoned(rng, value_mask)
    value = np.where(value_mask.any(axis=1)[:, None, None], value, 1)  # else it is the NaNs' mean
    layer = layers.Attention(score_mode=mode)
    out = layer([query, value], mask=[query_mask, value_mask], use_causal_mask=causal)
    if causal:  # before its first real value a query sees the mean of all: NaN counts as 0
        value = np.nan_to_num(value)
    expected, _ = reference.attend(score, query, value, value, query_mask, value_mask, causal)
    np.testing.assert_allclose(out, expected, atol=1e-6)


@pytest.mark.parametrize("mode, score", [("dot", dot), ("concat", concat)])
def test_attention_scores_are_the_weights_of_all_queries(rng, mode, score):
    query_mask, value_mask = MASKS["holes"], MASKS["right"]
    query = rng.standard_normal((*query_mask.shape, FEATURES)).astype(np.float32)
    value = rng.standard_normal((*value_mask.shape, FEATURES)).astype(np.float32)
    out, scores = layers.Attention(score_mode=mode)(
        [query, value], mask=[query_mask, value_mask], return_attention_scores=True
    )
    expected = reference.attend(score, query, value, value, query_mask, value_mask)
    np.testing.assert_allclose(out, expected[0], atol=1e-6)
    np.testing.assert_allclose(scores, expected[1], atol=1e-6)


@pytest.mark.parametrize("mode", ["dot", "concat"])
def test_attention_on_ragged_input_is_that_of_each_sequence_alone(rng, mode):
    inputs = maskseq.Input((None, FEATURES))
    hidden = layers.Masking()(inputs)
    model = maskseq.Model(inputs, layers.Attention(score_mode=mode)([hidden, hidden]))
    sequences = [rng.standard_normal((n, FEATURES)).astype(np.float32) for n in (TIME, 1, 4)]
    for row, sequence in zip(model.predict(sequences), sequences, strict=True):
        np.testing.assert_array_equal(row[: len(sequence)], model.predict([sequence])[0])
        assert not row[len(sequence) :].any()


def test_attention_names_what_does_not_fit(rng):
    x = np.zeros((2, 3, 4), np.float32)
    with pytest.raises(ValueError, match=r"'attention\w*'.*inputs must be a list of 2 or 3"):
        layers.Attention()(x)
    with pytest.raises(ValueError, match=r"got shapes \(2, 3, 4\), \(2, 3, 5\)"):
        layers.Attention()([x, np.zeros((2, 3, 5), np.float32)])
    with pytest.raises(ValueError, match=r"mask must be bool \(2, 3\), got bool \(2, 4\)"):
        layers.Attention()([x, x], mask=[None, np.ones((2, 4), bool)])
