"""Attention layers and all that can hide a key, against one float64 definition.

What is allowed is one array of query steps and key steps, however it came about; a query that may
attend to nothing gets the mean of all values, masked ones too, or nothing where Keras gives none.
"""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support.masks import BATCH, FEATURES, MASKS, TIME, randomize

QUERIES, HEADS = 4, 2
LATER = np.arange(TIME) > np.arange(QUERIES)[:, None]


def attend(scores, allowed, values, averages=True):
    """(output, weights) of scores and allowed (..., Tq, Tk), values (..., Tk, width)."""
    allowed = np.broadcast_to(allowed, scores.shape)
    terms = np.where(allowed, np.exp(scores - scores.max(axis=-1, keepdims=True)), 0)
    total = terms.sum(axis=-1, keepdims=True)
    weights = np.divide(terms, total, out=np.zeros_like(terms), where=total > 0)
    if averages:
        weights = np.where(allowed.any(axis=-1, keepdims=True), weights, 1 / scores.shape[-1])
    return weights @ values, weights


def heads(query, value, key, weights, allowed, averages=True):
    """(output, scores) of MultiHeadAttention with these weights."""
    q, k, v = (
        np.einsum("btf,fhd->bhtd", x, kernel) + bias[:, None]
        for x, kernel, bias in zip((query, key, value), weights[0:6:2], weights[1:6:2], strict=True)
    )
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    mixed, found = attend(scores, allowed, v, averages)
    return np.einsum("bhtd,hdf->btf", mixed, weights[6]) + weights[7], found


@pytest.fixture
def batch(rng):
    """query, value and key, float32."""
    shapes = (BATCH, QUERIES, FEATURES), (BATCH, TIME, 5), (BATCH, TIME, 6)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def carrying(x, mask):
    tensor = maskseq.convert_to_tensor(x)
    maskseq.set_keras_mask(tensor, mask)
    return tensor


GIVEN = np.random.default_rng(4).random((BATCH, QUERIES, TIME)) < 0.4
OF_HEADS = np.random.default_rng(5).random((BATCH, HEADS, QUERIES, TIME)) < 0.4
NEAR = np.abs(np.arange(QUERIES)[:, None] - np.arange(TIME)) < 2
KEY, VALUE = MASKS["holes"], MASKS["right"]
CASES = {
    "window": ({"sliding_window": 2}, {}, NEAR),
    "causal": ({}, {"use_causal_mask": True}, ~LATER),
    "mask": ({}, {"attention_mask": GIVEN}, GIVEN[:, None]),
    "mask of heads": ({}, {"attention_mask": OF_HEADS}, OF_HEADS),
    "mask, causal": (
        {},
        {"attention_mask": GIVEN, "use_causal_mask": True},
        GIVEN[:, None] & ~LATER,
    ),
    "mask, value mask": (
        {},
        {"attention_mask": GIVEN, "value_mask": VALUE},
        GIVEN[:, None] & VALUE[:, None, None],
    ),
    "key mask, value mask": (
        {},
        {"key_mask": KEY, "value_mask": VALUE},
        (KEY & VALUE)[:, None, None],
    ),
    "window, mask, value mask": (
        {"sliding_window": 3},
        {"attention_mask": OF_HEADS, "value_mask": KEY},
        OF_HEADS & KEY[:, None, None] & (np.abs(np.arange(QUERIES)[:, None] - np.arange(TIME)) < 3),
    ),
}


@pytest.mark.parametrize("with_scores", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_heads_attend_to_what_is_allowed(rng, batch, case, with_scores):
    options, arguments, allowed = CASES[case]
    layer = layers.MultiHeadAttention(HEADS, 3, **options)
    layer(*batch)
    weights = randomize(layer, rng)
    found = layer(*batch, return_attention_scores=with_scores, **arguments)
    expected = heads(*batch, weights, allowed, averages=not with_scores)
    for a, b in zip(found if with_scores else [found], expected, strict=False):
        np.testing.assert_allclose(a, b, atol=5e-6)


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_in_a_masked_value_counts_as_0_in_a_mean(rng, batch, poison):
    query, value, _ = batch
    mask = np.zeros((BATCH, TIME), bool)
    value[:, 2] = poison
    clean = np.where(np.isfinite(value), value, 0)
    layer = layers.MultiHeadAttention(HEADS, 3)
    layer(query, clean)
    weights = randomize(layer, rng)
    found = layer(query, value, value_mask=mask)
    means = np.repeat(clean.mean(axis=1, keepdims=True), TIME, axis=1)  # each is their mean
    expected, _ = heads(query, means, means, weights, np.ones((1, 1), bool))
    np.testing.assert_allclose(found, expected, atol=5e-6)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("with_scores", [False, True])
@pytest.mark.parametrize("query_mask", [None, "first"])
@pytest.mark.parametrize("pattern", ["right", "left", "holes", "empty"])
def test_one_head_attends_to_what_is_allowed(rng, pattern, query_mask, with_scores, causal):
    query = rng.standard_normal((BATCH, QUERIES, FEATURES)).astype(np.float32)
    value = rng.standard_normal((BATCH, TIME, 5)).astype(np.float32)
    key = rng.standard_normal((BATCH, TIME, FEATURES)).astype(np.float32)
    real = None if query_mask is None else np.arange(BATCH * QUERIES).reshape(BATCH, -1) % 3 > 0
    mask = MASKS[pattern]
    found = layers.Attention()(
        [carrying(query, real), carrying(value, mask), key],
        return_attention_scores=with_scores,
        use_causal_mask=causal,
    )
    allowed = mask[:, None] & ~LATER if causal else mask[:, None]
    expected, weights = attend(query @ key.swapaxes(1, 2), allowed, value.astype(float))
    output, scores = found if with_scores else (found, None)
    if real is not None:
        expected = np.where(real[..., None], expected, 0)
    np.testing.assert_allclose(output, expected, atol=5e-6)
    if with_scores:
        np.testing.assert_allclose(scores, weights, atol=5e-6)
    else:
        assert maskseq.get_keras_mask(output) is real


@pytest.mark.parametrize("pattern", ["right", "left", "holes", "empty"])
def test_means_behind_a_recurrent_layer_are_of_what_its_masked_steps_show(rng, pattern):
    """On rows: a masked step shows what the one before it does; before all, what zeros give."""
    inputs = maskseq.Input((TIME, FEATURES))
    hidden = layers.LSTM(4, return_sequences=True)(layers.Masking()(inputs))
    hidden = layers.Dense(4)(hidden)
    nothing = np.zeros((TIME, TIME), bool)
    attention = layers.MultiHeadAttention(HEADS, 3)
    model = maskseq.Model(inputs, [hidden, attention(hidden, hidden, attention_mask=nothing)])
    weights = randomize(model, rng)[-8:]
    x = rng.standard_normal((BATCH, TIME, FEATURES)).astype(np.float32)
    x[~MASKS[pattern]] = 0
    shown, found = model.predict(x)
    expected, _ = heads(shown, shown, shown, weights, nothing)
    np.testing.assert_allclose(found, expected, atol=5e-6)
