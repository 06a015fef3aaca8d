"""Gradients of attention layers under masks: against differences of a float64 definition."""

import numpy as np
import pytest

from maskseq import layers
from maskseq.context import changed
from maskseq.numerics.draws import Draws
from maskseq.rows import Rows
from maskseq.tape import Tape, Traced, padded
from maskseq.tensor import Tensor
from tests.support import reference
from tests.support.recurrent_run import slope

MASKS = {
    "right": [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]],
    "left": [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]],
    "holes": [[1, 0, 1, 0, 1], [0, 1, 1, 0, 0], [1, 1, 0, 1, 1], [0, 1, 0, 1, 0]],
    "full": [[1] * 5] * 4,
}
FEATURES = 3
HEADS = {
    "mha": lambda: layers.MultiHeadAttention(2, 3, value_dim=4),
    "gate": lambda: layers.MultiHeadAttention(2, 3, use_gate=True),
    "gqa": lambda: layers.GroupQueryAttention(3, 4, 2),
    "output": lambda: layers.MultiHeadAttention(1, 2, output_shape=(2, 3)),
}
LISTS = {
    "dot": lambda: layers.Attention(),
    "scale": lambda: layers.Attention(use_scale=True),
    "concat": lambda: layers.Attention(use_scale=True, score_mode="concat"),
    "additive": lambda: layers.AdditiveAttention(),
    "additive without a scale": lambda: layers.AdditiveAttention(use_scale=False),
}


def values_of(rng, mask, features=FEATURES):
    x = rng.normal(size=(*mask.shape, features)).astype(np.float32)
    return np.where(mask[..., None], x, np.float32(0))


def watched(tape, x, mask, rows):
    return tape.watch(Rows.view(x, mask) if rows else masked_tensor(x, mask))


def masked_tensor(x, mask):
    tensor = x.view(Tensor)
    tensor._keras_mask = mask
    return tensor


def train(layer, call, inputs, masks, rows=False, training=True):
    """The padded output, and a function of its gradient: those of (*inputs, *weights)."""
    tape = Tape(layer.trainable_weights)
    given = [watched(tape, x, m, rows) for x, m in zip(inputs, masks, strict=True)]
    with changed(tape=tape, training=training, padded_output=False, on_mask_loss="ignore"):
        y = call(*given)
    y = padded(y) if isinstance(y, Traced) else y
    of = [*given, *layer.trainable_weights]

    def gradients(d):
        found = tape.gradients(y, d, of=of)
        pairs = zip(found, masks, strict=False)
        return [cells(x, m) if rows else x for x, m in pairs] + found[len(given) :]

    return np.asarray(y.value), gradients


def cells(rows, mask):
    """The gradient of Rows as that of the padded array whose masked cells are zeros by nature."""
    whole = np.zeros((*mask.shape, rows.shape[1]), np.float32)
    whole[mask] = rows[: mask.sum()]
    return whole


def random_weights(rng, layer):
    for v in layer.weights:
        v.assign(rng.normal(0, 0.6, v.shape))


def check(rng, layer, call, inputs, masks, expected, rows):
    """expected(inputs, weights) in float64; the gradients of the masked cells of Rows are left."""
    y, gradients = train(layer, call, inputs, masks, rows)
    d = rng.normal(size=y.shape).astype(np.float32)
    arguments = [np.float64(x) for x in (*inputs, *(v.value for v in layer.weights))]
    count = len(inputs)

    def loss(*arrays):
        return np.vdot(expected(arrays[:count], arrays[count:]), d)

    np.testing.assert_allclose(
        y, expected(arguments[:count], arguments[count:]), rtol=2e-5, atol=3e-6
    )
    found = gradients(d)
    largest = max(np.linalg.norm(x) for x in found)
    for number, gradient in enumerate(found):
        direction = rng.normal(size=gradient.shape)
        if number < count and rows:
            direction *= masks[number][..., None]
        size = np.linalg.norm(gradient)
        direction = gradient / max(size, 1e-30) + direction / np.linalg.norm(direction)
        want = slope(loss, arguments, number, direction)
        assert abs(want - np.vdot(gradient, direction)) < 1e-5 * size + 3e-7 * largest, number


@pytest.mark.parametrize("rows", (False, True))
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("kind", HEADS)
def test_heads_under_masks(rng, kind, mask, rows):
    masks = [np.array(MASKS[mask], bool), np.array(MASKS["holes"], bool)[:, :4]]
    query, value = (values_of(rng, m) for m in masks)
    layer = HEADS[kind]()
    layer(query, value)
    random_weights(rng, layer)

    def expected(inputs, weights):
        if kind == "output":
            weights = [*weights[:-2], weights[-2].reshape(1, 2, 6), weights[-1].reshape(6)]
        y = reference.heads(*inputs, weights, *masks, gate=kind == "gate")
        return y.reshape(*y.shape[:2], 2, 3) if kind == "output" else y

    check(rng, layer, layer, [query, value], masks, expected, rows)


@pytest.mark.parametrize("rows", (False, True))
def test_self_attention_adds_up_three_ways(rng, rows):
    mask = np.array(MASKS["holes"], bool)
    x = values_of(rng, mask)
    layer = HEADS["mha"]()
    layer(x, x)
    random_weights(rng, layer)
    call = lambda x: layer(x, x)  # noqa: E731
    expected = lambda inputs, w: reference.heads(inputs[0], inputs[0], w, mask, mask)  # noqa: E731
    check(rng, layer, call, [x], [mask], expected, rows)


def score_of(kind, weights):
    if kind in ("dot", "scale"):
        scale = weights[0] if weights else 1.0
        return lambda q, k: scale * (q @ k)
    if kind == "concat":
        return lambda q, k: weights[1] * np.tanh(weights[0] * (q + k)).sum()
    scale = weights[0] if weights else 1.0
    return lambda q, k: (scale * np.tanh(q + k)).sum()


@pytest.mark.parametrize("rows", (False, True))
@pytest.mark.parametrize("causal", (False, True))
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("kind", LISTS)
def test_lists_under_masks(rng, kind, mask, causal, rows):
    masks = [np.array(MASKS[mask], bool), np.array(MASKS["left"], bool)]
    query, value = (values_of(rng, m) for m in masks)
    layer = LISTS[kind]()
    layer([query, value])
    random_weights(rng, layer)
    call = lambda *x: layer([*x], use_causal_mask=causal)  # noqa: E731

    def expected(inputs, weights):
        query, value = inputs
        score = score_of(kind, weights)
        return reference.attend(score, query, value, value, *masks, causal)[0]

    check(rng, layer, call, [query, value], masks, expected, rows)


def test_a_scale_of_0_has_a_gradient(rng):
    mask = np.array(MASKS["right"], bool)
    x = values_of(rng, mask)
    layer = LISTS["scale"]()
    layer([x, x])
    layer.scale.assign(0.0)

    def expected(inputs, weights):
        score = score_of("scale", weights)
        return reference.attend(score, inputs[0], inputs[0], inputs[0], mask, mask)[0]

    check(rng, layer, lambda x: layer([x, x]), [x], [mask], expected, False)


@pytest.mark.parametrize("rows", (False, True))
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("units, activation", [(None, None), (4, "tanh"), (4, "softsign")])
def test_pooling_by_attention(rng, mask, units, activation, rows):
    mask = np.array(MASKS[mask], bool)
    x = values_of(rng, mask)
    layer = layers.AttentionPooling1D(units, activation or "tanh")
    layer(x)
    random_weights(rng, layer)
    squash = {None: lambda z: z, "tanh": np.tanh, "softsign": lambda z: z / (1 + abs(z))}

    def expected(inputs, weights):
        keys = squash[activation](inputs[0] @ weights[0] + weights[1]) if units else inputs[0]
        scores = np.where(mask, keys @ weights[-1], -np.inf)
        e = np.exp(scores - scores.max(axis=1, initial=-1e9)[:, None])
        e = e / np.maximum(e.sum(axis=1, keepdims=True), 1e-30)
        return np.einsum("bt,btf->bf", e, inputs[0])

    check(rng, layer, layer, [x], [mask], expected, rows)


@pytest.mark.parametrize("mask", MASKS)
def test_softmax_over_time(rng, mask):
    mask = np.array(MASKS[mask], bool)
    x = values_of(rng, mask)

    def expected(inputs, _):
        e = np.exp(inputs[0]) * mask[..., None]
        return e / np.maximum(e.sum(axis=1, keepdims=True), 1e-30)

    layer = layers.TemporalSoftmax()
    check(rng, layer, layer, [x], [mask], expected, False)


def runs(rng):
    """(name, layer, call of one input) of every layer here."""
    x = np.zeros((1, 2, FEATURES), np.float32)
    for name, make in HEADS.items():
        layer = make()
        layer(x, x)
        random_weights(rng, layer)
        yield name, layer, lambda y, layer=layer: layer(y, y, use_causal_mask=True)
    for name, make in LISTS.items():
        layer = make()
        layer([x, x])
        random_weights(rng, layer)
        yield name, layer, lambda y, layer=layer: layer([y, y])
    layer = layers.AttentionPooling1D(4)
    layer(x)
    yield "pooling", layer, layer


def test_the_forward_pass_has_the_bits_of_predict(rng):
    mask = np.array(MASKS["holes"], bool)
    x = values_of(rng, mask)
    for name, layer, call in runs(rng):
        for rows in (False, True):
            y, _ = train(layer, call, [x], [mask], rows)
            plain = x.view(Tensor)
            plain._keras_mask = mask
            assert y.tobytes() == np.asarray(call(plain)).tobytes(), (name, rows)


def test_gradients_have_the_same_bits_whatever_the_padding(rng):
    """Of what real steps give: a masked query shows the mean of all cells, as in Keras."""
    mask = np.array([[1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 0]], bool)
    x = values_of(rng, mask)
    wide = np.zeros((3, 9), bool)
    wide[:, 1:5] = mask
    for name, layer, call in runs(rng):
        results = []
        for m in (mask, wide):
            inputs = np.full((*m.shape, FEATURES), np.nan, np.float32)
            inputs[m] = x[mask]
            y, gradients = train(layer, call, [inputs], [m], rows=True)
            size = y.shape[2:] if y.ndim > 2 and name != "pooling" else y.shape[1:]
            each = np.random.default_rng(1).normal(size=(*mask.shape, *size)).astype(np.float32)
            d = np.zeros(y.shape, np.float32)
            if name == "pooling":
                d[:] = each[:, 0]
            else:
                d[m] = each[mask]
            of_x, *of_weights = gradients(d)
            results.append([of_x[m].tobytes(), *(w.tobytes() for w in of_weights)])
            assert all(np.isfinite(w).all() for w in of_weights), name
        assert results[0] == results[1], name


def test_axes_other_than_time(rng):
    x = rng.normal(size=(2, 3, 4, FEATURES)).astype(np.float32)
    for axes in ((1,), (2,), (1, 2)):
        layer = layers.MultiHeadAttention(2, 3, attention_axes=axes)
        layer(x, x)
        random_weights(rng, layer)

        def expected(inputs, weights, axes=axes):
            apart = [a for a in (1, 2) if a not in axes]
            moved = inputs[0].transpose(0, *apart, *axes, 3)
            flat = moved.reshape(-1, int(np.prod([x.shape[a] for a in axes])), FEATURES)
            every = np.ones(flat.shape[:2], bool)
            y = reference.heads(flat, flat, weights, every, every).reshape(moved.shape)
            return y.transpose(np.argsort([0, *apart, *axes, 3]))

        tape = Tape(layer.trainable_weights)
        given = tape.watch(x)
        with changed(tape=tape, training=True):
            y = layer(given, given)
        d = rng.normal(size=y.shape).astype(np.float32)
        found = tape.gradients(y, d, of=[given])[0]
        arguments = [np.float64(a) for a in (x, *(v.value for v in layer.weights))]
        loss = lambda x, *w, e=expected, d=d: np.vdot(e([x], w), d)  # noqa: E731
        direction = rng.normal(size=x.shape)
        want = slope(loss, arguments, 0, direction)
        assert abs(want - np.vdot(found, direction)) < 1e-5 * np.linalg.norm(found) * 6


DROPPING = {
    "mha": lambda: layers.MultiHeadAttention(2, 3, dropout=0.4),
    "gqa": lambda: layers.GroupQueryAttention(3, 4, 2, dropout=0.4, seed=3),
    "dot": lambda: layers.Attention(use_scale=True, dropout=0.4),
    "concat": lambda: layers.Attention(use_scale=True, score_mode="concat", dropout=0.4),
    "additive": lambda: layers.AdditiveAttention(dropout=0.4),
}


@pytest.mark.parametrize("kind", DROPPING)
def test_dropout_draws_the_same_there_and_back_whatever_the_padding(rng, kind):
    """By differences of what a walk with the same draws gives."""
    mask = np.array(MASKS["holes"], bool)[:, :5]
    wide = np.pad(mask, [(0, 0), (2, 3)])
    layer = DROPPING[kind]()
    call = (lambda y: layer(y, y)) if kind in ("mha", "gqa") else (lambda y: layer([y, y]))
    x = values_of(rng, mask)
    call(x)
    random_weights(rng, layer)

    def walk(values, m, tape, sequences=(7, 3, 9, 4)):
        inputs = np.zeros((*m.shape, FEATURES), np.float32)
        inputs[m] = values
        given = tape.watch(Rows.view(inputs, m))
        with changed(tape=tape, training=True, rng=Draws(1, 2, np.array(sequences))):
            y = call(given)
        return given, y, np.asarray(y.value)[m]

    tape = Tape(layer.trainable_weights)
    given, y, real = walk(x[mask], mask, tape)
    d = np.zeros(y.shape, np.float32)
    d[mask] = rng.normal(size=real.shape)
    found = tape.gradients(y, d, of=[given])[0][: mask.sum()]
    assert walk(x[mask], wide, Tape())[2].tobytes() == real.tobytes()
    other = walk(x[mask], mask, Tape(), (7, 3, 9, 5))[2]
    assert other.tobytes() != real.tobytes()
    assert np.abs(np.asarray(call(masked_tensor(x, mask)))[mask] - real).max() > 0.01

    def loss(values):
        return np.vdot(walk(values, mask, Tape())[2].astype(np.float64), d[mask])

    direction = rng.normal(size=found.shape).astype(np.float32)
    ends = [loss(x[mask] + np.float32(h) * direction) for h in (0.01, -0.01)]
    want = (ends[0] - ends[1]) / 0.02
    assert abs(want - np.vdot(found, direction)) < 2e-2 * np.linalg.norm(found)
