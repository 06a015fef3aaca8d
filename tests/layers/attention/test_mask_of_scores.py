"""Attention scores carry the mask that Keras leaves on them."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import twin

QUERY, VALUE = np.ones((2, 3, 4), np.float32), np.ones((2, 5, 4), np.float32)
QUERY_MASK = np.array([[1, 1, 0], [1, 0, 0]], bool)
VALUE_MASK = np.array([[1, 1, 1, 1, 0], [1, 0, 1, 0, 0]], bool)
HAND = np.arange(30).reshape(2, 3, 5) % 3 > 0
HEADS = {"MultiHeadAttention": (2, 3), "GroupQueryAttention": (3, 2, 1)}


def mask_of_scores(package, name, masks, options):
    """The mask of the scores of that layer, where the sides named in `masks` have one."""
    convert = getattr(package, "ops", package).convert_to_tensor
    layer = getattr(package.layers, name)(*HEADS[name])
    given = {"query_mask": QUERY_MASK, "value_mask": VALUE_MASK, "key_mask": VALUE_MASK[::-1]}
    given = {side: convert(given[side]) for side in masks}
    sides = convert(QUERY), convert(VALUE), convert(VALUE)
    if "query_mask" in given:
        sides[0]._keras_mask = given["query_mask"]
    options = {key: convert(x) if key == "attention_mask" else x for key, x in options.items()}
    _, scores = layer(*sides, **given, **options, return_attention_scores=True)
    return getattr(scores, "_keras_mask", None)


@pytest.mark.slow
@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize(
    "masks",
    [(), ("query_mask",), ("value_mask",), ("key_mask",), ("query_mask", "value_mask", "key_mask")],
)
@pytest.mark.parametrize(
    "options", [{}, {"use_causal_mask": True}, {"attention_mask": HAND}], ids=lambda x: "".join(x)
)
def test_scores_carry_the_mask_of_keras(name, masks, options):
    keras = twin.keras()
    expected = mask_of_scores(keras, name, masks, options)
    got = mask_of_scores(maskseq, name, masks, options)
    if expected is None:
        assert got is None
    else:
        shape = (2, 1, 3, 5)
        np.testing.assert_array_equal(
            np.broadcast_to(got, shape), np.broadcast_to(np.asarray(expected), shape)
        )


@pytest.mark.parametrize("name", HEADS)
def test_scores_of_a_model_on_rows_carry_the_mask_of_queries_and_values(name):
    ids = np.array([[3, 2, 0], [1, 0, 0]])
    embedding = layers.Embedding(4, 4, mask_zero=True)
    source = maskseq.Input((None,), dtype="int32")
    x = embedding(source)
    _, scores = getattr(layers, name)(*HEADS[name])(x, x, return_attention_scores=True)
    model = maskseq.Model(source, scores, on_mask_loss="ignore")
    real = ids != 0
    expected = real[:, None, :, None] & real[:, None, None, :]
    np.testing.assert_array_equal(model(ids)._keras_mask, expected)
    assert type(model.predict(ids)) is np.ndarray


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@pytest.mark.filterwarnings("ignore:Layer")
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_queries_that_see_nothing_weigh_all_keys_alike_under_the_rule_of_keras2(dropout, causal):
    """It adds -1e9 to the scores of masked keys and queries: of those alone nothing is left."""
    rng = np.random.default_rng(5)
    x = rng.standard_normal((3, 4, 5)).astype(np.float32)
    real = np.array([[0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]], bool)
    x[~real] = 0
    source = maskseq.Input((4, 5))
    masked = layers.Masking()(source)
    layer = layers.MultiHeadAttention(2, 3, dropout=dropout, mask_rule="keras2")
    options = {"use_causal_mask": causal, "return_attention_scores": True}
    model = maskseq.Model(source, layer(masked, masked, **options))
    wq, bq, wk, bk, wv, bv, wo, bo = (w.astype(np.float64) for w in model.get_weights())
    q, k, v = (np.einsum("btf,fhd->bhtd", x, w) for w in (wq, wk, wv))
    q, k, v = (a + b[:, None] for a, b in ((q, bq), (k, bk), (v, bv)))
    seen = real[:, None, :, None] & real[:, None, None, :] & (np.tri(4, dtype=bool) | (not causal))
    scores = q @ k.swapaxes(2, 3) / np.sqrt(3) + np.where(seen, 0, -1e9)
    weights = softmax(scores.astype(np.float32).astype(np.float64))
    output = np.einsum("bhtd,hdf->btf", weights @ v, wo) + bo
    assert (weights[0] == 0.25).all()
    for ours in (model.predict(x), model(x)):
        np.testing.assert_allclose(ours[1], weights, atol=1e-6)
        np.testing.assert_allclose(ours[0], output, atol=1e-6)
    model.compile("sgd", ["mse", "mse"])
    found = model.test_on_batch(x, [np.zeros((3, 4, 5)), np.zeros((3, 2, 4, 4))], return_dict=True)
    expected = np.mean(weights**2)
    assert min(abs(value - expected) for value in found.values()) < 1e-6
