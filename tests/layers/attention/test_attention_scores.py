"""The gradient through the weights that attention layers return as their scores."""

import numpy as np
import pytest

from maskseq import Input, Model, layers, ops
from maskseq.context import changed
from maskseq.tape import Tape
from maskseq.testing import check_gradients

MASKS = np.array(
    [[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [1, 0, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], bool
)
OF_HEADS = {
    "mha": lambda: layers.MultiHeadAttention(2, 3),
    "gate": lambda: layers.MultiHeadAttention(2, 3, use_gate=True),
    "dropout": lambda: layers.MultiHeadAttention(2, 3, dropout=0.4),
    "gqa": lambda: layers.GroupQueryAttention(3, 4, 2),
}
OF_LISTS = {
    "dot": lambda: layers.Attention(use_scale=True),
    "concat": lambda: layers.Attention(use_scale=True, score_mode="concat"),
    "additive": lambda: layers.AdditiveAttention(),
    "additive, dropout": lambda: layers.AdditiveAttention(dropout=0.4),
}


def batch(rng):
    x = rng.normal(size=(*MASKS.shape, 3)).astype(np.float32)
    x[~MASKS] = 0
    return x


def two_sided(call):
    """A model of query and value whose outputs are those of attention, and its scores."""
    query, value = Input((5, 3)), Input((5, 3))
    q, v = (layers.Dense(3)(layers.Masking()(x)) for x in (query, value))
    output, scores = call(q, v)
    return Model([query, value], [output, ops.multiply(scores, 1.0)], on_mask_loss="ignore")


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("kind", [*OF_HEADS, *OF_LISTS])
def test_gradients_of_output_and_scores(kind, causal, rng):
    options = {"return_attention_scores": True, "use_causal_mask": causal}
    if kind in OF_HEADS:
        layer = OF_HEADS[kind]()
        model = two_sided(lambda q, v: layer(q, v, **options))
    else:
        layer = OF_LISTS[kind]()
        model = two_sided(lambda q, v: layer([q, v], **options))
    for weight in model.weights:
        weight.assign(rng.normal(0, 0.6, weight.shape))
    check_gradients(model, [batch(rng), batch(rng)[::-1].copy()], tolerance=1e-3)


@pytest.mark.parametrize("units", [None, 4])
def test_gradients_of_pooling_and_its_scores(units, rng):
    source = Input((5, 3))
    x = layers.Dense(3)(layers.Masking()(source))
    pool = layers.AttentionPooling1D(units)
    model = Model(source, list(pool(x, return_attention_scores=True)))
    for weight in model.weights:
        weight.assign(rng.normal(0, 0.6, weight.shape))
    check_gradients(model, batch(rng), tolerance=1e-3)


def test_scores_alone_send_a_gradient(rng):
    """Where nothing reads the output: the values then get none."""
    x = rng.normal(size=(2, 4, 3)).astype(np.float32)
    layer = layers.Attention()
    tape = Tape()
    given = [tape.watch(x), tape.watch(x[::-1].copy()), tape.watch(2 * x)]
    with changed(tape=tape):
        _, scores = layer(given, return_attention_scores=True)
    d = rng.normal(size=scores.shape).astype(np.float32)
    of_query, of_value, of_key = tape.gradients(scores, d, of=given)
    q, k = np.float64(x), np.float64(2 * x)
    e = np.exp(q @ k.transpose(0, 2, 1))
    p = e / e.sum(axis=-1, keepdims=True)
    ds = p * (d - (d * p).sum(axis=-1, keepdims=True))
    assert not of_value.any()
    np.testing.assert_allclose(of_query, ds @ k, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(of_key, ds.transpose(0, 2, 1) @ q, rtol=1e-4, atol=1e-5)
