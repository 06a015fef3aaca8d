"""TimeDistributed: every step a sample of its own; the mask goes on untouched."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support.masks import BATCH, MASKS, TIME, poisoned


@pytest.mark.parametrize("pattern", MASKS)
def test_time_distributed_dense_is_dense(rng, pattern):
    mask = MASKS[pattern]
    x = np.nan_to_num(poisoned(rng, mask))
    layer = layers.TimeDistributed(layers.Dense(3, activation="relu"))
    y = layer(x, mask=mask)
    np.testing.assert_array_equal(y, layer.layer(x))
    np.testing.assert_array_equal(y._keras_mask, mask)

    inputs = maskseq.Input((None, x.shape[-1]))
    model = maskseq.Model(inputs, layer(layers.Masking()(inputs)))
    np.testing.assert_array_equal(model(x), y)
    np.testing.assert_array_equal(model(x)._keras_mask, mask)


def test_time_distributed_gives_the_inner_layer_each_steps_mask(rng):
    x = rng.standard_normal((BATCH, TIME, 5, 4)).astype(np.float32)
    mask = rng.random((BATCH, TIME, 5)) < 0.5
    inner = layers.LSTM(3)
    y = layers.TimeDistributed(inner)(x, mask=mask)
    for t in range(TIME):
        np.testing.assert_array_equal(y[:, t], inner(x[:, t], mask=mask[:, t]))
    np.testing.assert_array_equal(y._keras_mask, mask)


def test_time_distributed_recurrent_then_recurrent_uses_a_mask_of_three_axes(rng):
    """Words of characters: a word is masked where all its characters are."""
    ids = rng.integers(0, 5, (BATCH, TIME, 4))
    ids[0, 3:], ids[1] = 0, 0
    inputs = maskseq.Input((None, 4), dtype="int32")
    table, word, text = layers.Embedding(5, 3, mask_zero=True), layers.LSTM(4), layers.LSTM(2)
    model = maskseq.Model(inputs, text(layers.TimeDistributed(word)(table(inputs))))
    words = np.stack([word(table(ids[:, t])) for t in range(TIME)], axis=1)
    expected = text(words, mask=(ids != 0).any(axis=-1))
    np.testing.assert_array_equal(model.predict(ids), expected)


def test_time_distributed_lets_no_mask_out_of_the_inner_layer(rng):
    x = rng.standard_normal((BATCH, TIME, 5, 4))
    assert not hasattr(layers.TimeDistributed(layers.Masking())(x), "_keras_mask")


def test_time_distributed_wraps_models(rng):
    inner = maskseq.Sequential([maskseq.Input((5, 4)), layers.LSTM(3), layers.Dense(2)])
    x = rng.standard_normal((BATCH, TIME, 5, 4)).astype(np.float32)
    y = layers.TimeDistributed(inner)(x)
    np.testing.assert_array_equal(y[:, 2], inner.predict(x[:, 2]))


def test_time_distributed_config_makes_it_anew():
    config = layers.TimeDistributed(layers.Dense(3), name="each").get_config()
    assert layers.TimeDistributed.from_config(config).get_config() == config
