"""LSTM against a float64 definition: every option, every pattern of mask, masked cells included."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import maskseq
from maskseq import layers
from tests.support import reference
from tests.support.masks import BATCH, FEATURES, MASKS, TIME, poisoned, randomize

UNITS = 4


def build(rng, **options):
    """A built LSTM with random weights, and the weights."""
    layer = layers.LSTM(UNITS, **options)
    layer.build((None, None, FEATURES))
    layer.built = True
    weights = randomize(layer, rng)
    return layer, weights if len(weights) == 3 else [*weights, np.zeros(4 * UNITS)]


@pytest.mark.parametrize("initial", [False, True])
@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("pattern", MASKS)
def test_lstm_equals_reference(rng, pattern, go_backwards, zero, initial):
    mask = MASKS[pattern]
    options = {"go_backwards": go_backwards, "zero_output_for_mask": zero}
    layer, weights = build(rng, return_sequences=True, return_state=True, **options)
    x = poisoned(rng, mask)
    states = list(rng.standard_normal((2, BATCH, UNITS)).astype(np.float32)) if initial else None
    sequences, h, c = layer(x, initial_state=states, mask=mask)

    expected, last = reference.masked_rnn(
        "lstm", x, mask, weights, go_backwards=go_backwards, initial=states, zero_output=zero
    )
    np.testing.assert_allclose(sequences, expected, atol=2e-6)
    np.testing.assert_allclose([h, c], last, atol=2e-6)
    np.testing.assert_array_equal(sequences._keras_mask, mask)  # never reversed, as in Keras
    assert not hasattr(h, "_keras_mask") and not hasattr(c, "_keras_mask")

    layer.return_sequences = layer.return_state = False
    output = layer(x, initial_state=states, mask=mask)
    np.testing.assert_allclose(output, expected[:, -1], atol=2e-6)
    assert not hasattr(output, "_keras_mask")


@settings(max_examples=40, deadline=None)
@given(data=st.data(), batch=st.integers(1, 5), time=st.integers(1, 9))
def test_lstm_equals_reference_for_any_mask(data, batch, time):
    rng = np.random.default_rng(0)
    cells = data.draw(st.lists(st.booleans(), min_size=batch * time, max_size=batch * time))
    mask = np.array(cells).reshape(batch, time)
    layer, weights = build(rng, return_sequences=True)
    x = poisoned(rng, mask)
    expected, _ = reference.masked_rnn("lstm", x, mask, weights)
    np.testing.assert_allclose(layer(x, mask=mask), expected, atol=2e-6)


@pytest.mark.parametrize("gate", ["sigmoid", "hard_sigmoid"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "softsign", "elu", "linear"])
def test_lstm_takes_keras_activations(rng, activation, gate):
    mask = MASKS["holes"]
    options = {"activation": activation, "recurrent_activation": gate}
    layer, weights = build(rng, return_sequences=True, **options)
    x = poisoned(rng, mask)
    expected, _ = reference.masked_rnn("lstm", x, mask, weights, activation, gate)
    np.testing.assert_allclose(layer(x, mask=mask), expected, rtol=1e-5, atol=1e-5)


def test_lstm_without_bias_has_two_weights(rng):
    layer, weights = build(rng, use_bias=False)
    x = poisoned(rng, MASKS["full"])
    assert len(layer.weights) == 2
    expected = reference.rnn("lstm", list(x), weights)[1][0]
    np.testing.assert_allclose(layer(x), expected, atol=2e-6)


@pytest.mark.parametrize("unit_forget_bias", [True, False])
def test_lstm_first_weights_are_those_of_keras(unit_forget_bias):
    layer = layers.LSTM(50, unit_forget_bias=unit_forget_bias)
    layer.build((None, None, 30))
    kernel, recurrent, bias = (w.value for w in layer.weights)
    assert abs(kernel).max() <= np.sqrt(6 / (30 + 200)) and kernel.std() > 0.05
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(50), atol=1e-5)
    assert bias.sum() == (50 if unit_forget_bias else 0) and bias[50:100].sum() == bias.sum()


def test_lstm_stateful_goes_on_where_it_stopped_and_masked_rows_keep_their_state(rng):
    mask = MASKS["left"]
    whole, _ = build(rng, return_state=True)
    parts = layers.LSTM(UNITS, stateful=True, return_state=True)
    parts(np.zeros((BATCH, 1, FEATURES)))
    parts.set_weights(whole.get_weights())
    parts.reset_state()
    x = poisoned(rng, mask)
    parts(x[:, :3], mask=mask[:, :3])
    for a, b in zip(parts(x[:, 3:], mask=mask[:, 3:]), whole(x, mask=mask), strict=True):
        np.testing.assert_array_equal(a, b)


def test_lstm_unrolled_is_the_same(rng):
    layer, _ = build(rng, return_sequences=True)
    x, mask = poisoned(rng, MASKS["holes"]), MASKS["holes"]
    expected = layer(x, mask=mask)
    layer.unroll = True
    np.testing.assert_array_equal(layer(x, mask=mask), expected)


def test_lstm_carried_mask_equals_the_same_mask_by_hand(rng):
    layer, _ = build(rng, return_sequences=True)
    mask = MASKS["holes"]
    x = maskseq.convert_to_tensor(poisoned(rng, mask))
    by_hand = layer(x, mask=mask)
    maskseq.set_keras_mask(x, mask)
    np.testing.assert_array_equal(layer(x), by_hand)
    np.testing.assert_array_equal(layer(x, mask=MASKS["empty"]), 0 * by_hand)


def test_lstm_mask_of_three_axes_masks_where_all_are_false(rng):
    layer, _ = build(rng)
    mask = MASKS["holes"]
    x = poisoned(rng, mask)
    three = np.stack([mask, np.zeros_like(mask)], axis=-1)
    np.testing.assert_array_equal(layer(x, mask=three), layer(x, mask=mask))


def test_lstm_long_sequences_stay_accurate(rng):
    layer, weights = build(rng, return_sequences=True)
    x = rng.standard_normal((1, 3000, FEATURES)).astype(np.float32)
    expected = reference.rnn("lstm", list(x), weights)[0]
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)


def test_lstm_config_makes_it_anew():
    layer = layers.LSTM(
        3,
        activation="relu",
        recurrent_activation="hard_sigmoid",
        use_bias=False,
        unit_forget_bias=False,
        return_sequences=True,
        return_state=True,
        go_backwards=True,
        stateful=True,
        zero_output_for_mask=True,
        dropout=0.1,
        recurrent_dropout=0.2,
    )
    config = layer.get_config()
    assert layers.LSTM.from_config(config).get_config() == config
    assert config["go_backwards"] and config["zero_output_for_mask"] and not config["use_bias"]


def test_lstm_shapes_are_known_beforehand(rng):
    layer = layers.LSTM(UNITS, return_sequences=True, return_state=True)
    shapes = [tuple(s) for s in layer.compute_output_shape((None, TIME, FEATURES))]
    assert shapes == [(None, TIME, UNITS), (None, UNITS), (None, UNITS)]
