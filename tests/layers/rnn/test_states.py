"""States of recurrent layers: whose arrays they are, and which ones a call starts from."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support.masks import BATCH, FEATURES, MASKS, TIME, poisoned, randomize

UNITS = 4
KINDS = ["LSTM", "GRU", "SimpleRNN"]


def twins(rng, kind, **options):
    """Two stateful layers with the same weights."""
    pair = [getattr(layers, kind)(UNITS, stateful=True, **options) for _ in range(2)]
    for layer in pair:
        layer(np.zeros((BATCH, 1, FEATURES), np.float32))
    pair[1].set_weights(randomize(pair[0], rng))
    for layer in pair:
        layer.reset_state()
    return pair


def arrays(result):
    return [np.asarray(y) for y in (result if isinstance(result, list) else [result])]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("return_state", [False, True])
def test_what_a_stateful_layer_gave_may_be_overwritten(
    rng, kind, masked, return_sequences, return_state
):
    options = {"return_sequences": return_sequences, "return_state": return_state}
    one, other = twins(rng, kind, **options)
    mask = MASKS["holes"] if masked else None
    x = poisoned(rng, MASKS["holes" if masked else "full"])
    for _ in range(3):
        found, expected = arrays(one(x, mask=mask)), arrays(other(x, mask=mask))
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a, b)
        for a in found:
            a[...] = 7


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("masked", [False, True])
def test_last_output_and_last_state_are_two_arrays(rng, kind, masked):
    layer = getattr(layers, kind)(UNITS, return_state=True)
    mask = MASKS["holes"] if masked else None
    output, state, *_ = arrays(layer(np.ones((BATCH, TIME, FEATURES), np.float32), mask=mask))
    before = state.copy()
    np.testing.assert_array_equal(output, state)
    output[...] = 7
    np.testing.assert_array_equal(state, before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_given_state_goes_before_the_one_that_is_kept(rng, kind):
    one, other = twins(rng, kind)
    x = rng.standard_normal((BATCH, TIME, FEATURES)).astype(np.float32)
    count = 2 if kind == "LSTM" else 1
    given = [rng.standard_normal((BATCH, UNITS)).astype(np.float32) for _ in range(count)]
    one(x)
    np.testing.assert_array_equal(one(x, initial_state=given), other(x, initial_state=given))


@pytest.mark.parametrize("batch", [BATCH - 1, BATCH + 1])
@pytest.mark.parametrize("masked", [False, True])
def test_a_stateful_layer_takes_no_other_batch_size(rng, batch, masked):
    layer, _ = twins(rng, "LSTM")
    mask = np.ones((batch, TIME), bool) if masked else None
    message = f"expected batch size {BATCH}, received batch size {batch}"
    with pytest.raises(ValueError, match=message):
        layer(np.zeros((batch, TIME, FEATURES), np.float32), mask=mask)


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("pattern", ["right", "left", "holes", "empty"])
def test_on_rows_masked_steps_show_what_they_show_when_padded(rng, zeros, pattern):
    inputs = maskseq.Input((TIME, FEATURES))
    lstm = layers.LSTM(UNITS, return_sequences=True, zero_output_for_mask=zeros)
    dense = layers.Dense(3)
    model = maskseq.Model(inputs, dense(lstm(layers.Masking()(inputs))))
    randomize(model, rng)
    x = poisoned(rng, MASKS[pattern])
    np.nan_to_num(x, copy=False)
    shown = np.array(lstm(x, mask=MASKS[pattern]))
    if zeros:
        assert not shown[~MASKS[pattern]].any()
    np.testing.assert_allclose(model.predict(x), dense(shown), atol=1e-6)


def test_outputs_of_two_directions_are_none_of_their_states():
    layer = layers.Bidirectional(layers.LSTM(UNITS, return_state=True), merge_mode=None)
    x = np.ones((BATCH, TIME, FEATURES), np.float32)
    one, other, *states = arrays(layer(x, mask=MASKS["holes"]))
    before = [state.copy() for state in states]
    one[...] = other[...] = 7
    for state, old in zip(states, before, strict=True):
        np.testing.assert_array_equal(state, old)


def test_a_model_resets_all_its_stateful_layers(rng):
    inputs = maskseq.Input(batch_shape=(BATCH, TIME, FEATURES))
    first = layers.LSTM(UNITS, stateful=True, return_sequences=True)
    model = maskseq.Model(inputs, layers.GRU(UNITS, stateful=True)(first(inputs)))
    randomize(model, rng)
    x = rng.standard_normal((BATCH, TIME, FEATURES)).astype(np.float32)
    once = model.predict(x)
    assert not np.allclose(model.predict(x), once)
    model.reset_state()
    np.testing.assert_array_equal(model.predict(x), once)
