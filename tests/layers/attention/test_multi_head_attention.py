"""MultiHeadAttention against a float64 definition; rows, padding and NaN in what is masked."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.layers.attention import heads
from tests.support import reference
from tests.support.masks import BATCH, FEATURES, MASKS, TIME, poisoned, randomize

PATTERNS = [("right", "holes"), ("holes", "left"), ("full", "right"), ("full", "full")]


def carrying(x, mask):
    tensor = maskseq.convert_to_tensor(x)
    maskseq.set_keras_mask(tensor, mask)
    return tensor


@pytest.mark.parametrize("patterns", PATTERNS)
@pytest.mark.parametrize("options", [{}, {"value_dim": 5}, {"use_gate": True}])
def test_heads_equal_reference(rng, patterns, options):
    query_mask, value_mask = (MASKS[name] for name in patterns)
    query = rng.standard_normal((BATCH, TIME, FEATURES)).astype(np.float32)
    value = rng.standard_normal((BATCH, TIME, 4)).astype(np.float32)
    layer = layers.MultiHeadAttention(2, 3, **options)
    layer(query, value)
    weights = randomize(layer, rng)
    out = layer(carrying(query, query_mask), carrying(value, value_mask))
    expected = reference.heads(query, value, weights, query_mask, value_mask, "use_gate" in options)
    np.testing.assert_allclose(out, expected, atol=3e-6)
    assert out._keras_mask is query_mask


def test_nan_in_masked_steps_is_not_read(rng):
    mask = MASKS["holes"]
    layer = layers.MultiHeadAttention(2, 3)
    clean = poisoned(rng, mask)
    np.nan_to_num(clean, copy=False)
    dirty = np.where(mask[..., None], clean, np.nan).astype(np.float32)
    expected = layer(carrying(clean, mask), carrying(clean, mask))
    np.testing.assert_array_equal(layer(carrying(dirty, mask), carrying(dirty, mask)), expected)


@pytest.mark.parametrize("stem", ["Masking", "LSTM"])
def test_model_on_rows_shows_the_same_cells_as_on_padded_arrays(rng, stem):
    """Behind an LSTM masked cells repeat, and count so in the mean of all values."""
    inputs = maskseq.Input((TIME, FEATURES))
    hidden = layers.Masking()(inputs)
    if stem == "LSTM":
        hidden = layers.LSTM(4, return_sequences=True)(hidden)
    attention = layers.MultiHeadAttention(2, 3)
    outputs = layers.Dense(2)(attention(hidden, hidden, use_causal_mask=True))
    model = maskseq.Model(inputs, [hidden, outputs])
    for name in ("right", "left", "holes", "empty"):
        x = np.nan_to_num(poisoned(rng, MASKS[name]))
        before, after = model(x)
        plain = carrying(np.array(before), layers.Masking()(x)._keras_mask)
        expected = model.layers[-1](attention(plain, plain, use_causal_mask=True))
        np.testing.assert_allclose(after, expected, atol=1e-6)


def test_heads_on_ragged_input_are_those_of_each_sequence_alone(rng):
    inputs = maskseq.Input((None, FEATURES))
    hidden = layers.Masking()(inputs)
    model = maskseq.Model(inputs, layers.MultiHeadAttention(2, 4)(hidden, hidden))
    sequences = [rng.standard_normal((n, FEATURES)).astype(np.float32) for n in (TIME, 1, 4)]
    for row, sequence in zip(model.predict(sequences), sequences, strict=True):
        np.testing.assert_array_equal(row[: len(sequence)], model.predict([sequence])[0])


@pytest.mark.parametrize("steps", [1, 5, 9])
@pytest.mark.parametrize("options", [{}, {"use_causal_mask": True}, {"attention_mask": "random"}])
@pytest.mark.parametrize("pattern", ["right", "left", "holes", "empty", "full"])
def test_sequences_are_cut_into_parts_without_a_trace(rng, monkeypatch, steps, options, pattern):
    layer = layers.MultiHeadAttention(2, 3, use_gate=pattern == "full")
    x, mask = np.nan_to_num(poisoned(rng, MASKS[pattern])), MASKS[pattern]
    if options.get("attention_mask"):
        options = {"attention_mask": rng.random((BATCH, TIME, TIME)) < 0.5}
    together = layer(carrying(x, mask), carrying(x, mask), **options)
    monkeypatch.setattr(heads, "_STEPS", steps)
    apart = layer(carrying(x, mask), carrying(x, mask), **options)
    assert apart.tobytes() == together.tobytes()


def test_scores_are_zero_where_nobody_attends(rng):
    mask = MASKS["right"]
    x = carrying(rng.standard_normal((BATCH, TIME, FEATURES)), mask)
    out, scores = layers.MultiHeadAttention(2, 3)(x, x, return_attention_scores=True)
    assert scores.shape == (BATCH, 2, TIME, TIME)
    both = mask[:, None, :, None] & mask[:, None, None, :]
    np.testing.assert_allclose(scores.sum(axis=-1), both.any(axis=-1) * np.ones((1, 2, 1)), 1e-6)
    assert not scores[~np.broadcast_to(both, scores.shape)].any()


def test_masks_of_the_inputs_are_taken_and_that_is_told(rng):
    x = carrying(rng.standard_normal((BATCH, TIME, FEATURES)), MASKS["right"])
    y = layers.MultiHeadAttention(2, 3, name="taker")(x, x)
    assert not hasattr(x, "_keras_mask")
    assert y._keras_mask is MASKS["right"]
    narrow = layers.LayerNormalization()(layers.Add()([layers.Dense(FEATURES)(x), y]))
    layers.LSTM(2)(narrow, mask=MASKS["right"])
    with pytest.warns(UserWarning, match="'taker' .* took the mask off .* 'reader' .* reads"):
        layers.LSTM(2, name="reader")(narrow)


def residual_blocks(module, inputs):
    """Two blocks as people write them; the second sees no mask, the pooling does."""
    x = module.Embedding(30, 16, mask_zero=True)(inputs)
    for _ in range(2):
        x = module.LayerNormalization()(module.Add()([x, module.MultiHeadAttention(2, 8)(x, x)]))
    return [x, module.GlobalAveragePooling1D()(x), module.LSTM(4)(x)]


@pytest.mark.slow
def test_residual_blocks_are_those_of_keras(rng):
    keras = pytest.importorskip("keras")
    theirs = keras.Input((None,), dtype="int32")
    theirs = keras.Model(theirs, residual_blocks(keras.layers, theirs))
    ours = maskseq.Input((None,), dtype="int32")
    ours = maskseq.Model(ours, residual_blocks(layers, ours))
    ours.set_weights(theirs.get_weights())
    ids = rng.integers(1, 30, (5, 9)).astype(np.int32)
    ids[np.arange(9) > np.arange(3, 8)[:, None]] = 0
    for got, wanted in zip(ours(ids), theirs(ids), strict=True):
        np.testing.assert_allclose(got, np.asarray(wanted), atol=1e-5)
        assert hasattr(got, "_keras_mask") == hasattr(wanted, "_keras_mask")


def test_a_query_mask_by_hand_is_not_used(rng):
    x = rng.standard_normal((BATCH, TIME, FEATURES)).astype(np.float32)
    layer = layers.MultiHeadAttention(2, 3)
    np.testing.assert_array_equal(layer(x, x, query_mask=MASKS["right"]), layer(x, x))


def test_attention_mask_may_differ_by_head_beside_other_masks(rng):
    x = rng.standard_normal((BATCH, TIME, FEATURES)).astype(np.float32)
    layer = layers.MultiHeadAttention(2, 3)
    some = rng.random((BATCH, 2, TIME, TIME)) > 0.5
    options = {"attention_mask": some, "value_mask": MASKS["left"], "return_attention_scores": True}
    _, scores = layer(x, x, **options)
    seen = some & MASKS["left"][:, None, None, :]
    assert not scores[~seen].any()
    np.testing.assert_allclose(scores.sum(axis=-1), seen.any(axis=-1), atol=1e-6)


def test_heads_name_what_does_not_fit():
    x = np.zeros((2, 3, 4), np.float32)
    layer = layers.MultiHeadAttention(2, 3, name="heads")
    with pytest.raises(ValueError, match=r"'heads'.*attention_mask must be bool \(3, 3\)"):
        layer(x, x, attention_mask=np.ones((2, 5), bool))
    with pytest.raises(ValueError, match="query, value and key must be of one batch"):
        layer(x, np.zeros((3, 3, 4), np.float32))


def test_config_makes_it_anew():
    layer = layers.MultiHeadAttention(2, 3, value_dim=4, output_shape=5, sliding_window=2)
    config = layers.MultiHeadAttention.from_config(layer.get_config()).get_config()
    assert config == layer.get_config()


def test_axes_apart_are_as_batch_mates(rng):
    layer = layers.MultiHeadAttention(2, 3, attention_axes=2)
    x = rng.standard_normal((2, 3, 5, 4)).astype(np.float32)
    out = layer(x, x)
    for a in range(3):
        np.testing.assert_array_equal(layer(x[:, a : a + 1], x[:, a : a + 1]), out[:, a : a + 1])


@pytest.mark.parametrize("axes", [3, 0, (1, 1), -1])
def test_attention_axes_are_between_batch_and_features(axes):
    x = np.ones((1, 2, 3, 4), np.float32)
    with pytest.raises(ValueError, match="attention_axes must be axes .* rank 4 1 to 2, got"):
        layers.MultiHeadAttention(2, 3, attention_axes=axes)(x, x)


def test_masks_need_one_attention_axis():
    x = np.ones((1, 2, 3, 4), np.float32)
    with pytest.raises(ValueError, match=r"a mask needs one of attention_axes, got \(1, 2\)"):
        layers.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True)


@pytest.mark.parametrize("output_shape", [None, 5, (2, 3)])
@pytest.mark.parametrize("key_shape", [None, (2, 4, 6)])
def test_output_shape_follows_from_the_shapes_of_query_value_and_key(output_shape, key_shape):
    layer = layers.MultiHeadAttention(2, 3, output_shape=output_shape)
    shapes = [(2, 7, 8), (2, 4, 9), key_shape]
    sides = [None if shape is None else np.ones(shape, np.float32) for shape in shapes]
    expected = layer(*sides).shape
    assert layer.compute_output_shape(*shapes) == expected
    named = dict(zip(("query_shape", "value_shape", "key_shape"), shapes, strict=True))
    assert layer.compute_output_shape(**named) == expected
