"""Bidirectional: two recurrent layers, merged, with zeros in masked cells."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import reference
from tests.support.masks import BATCH, FEATURES, MASKS, poisoned, randomize

MERGES = {
    "concat": lambda a, b: np.concatenate([a, b], axis=-1),
    "sum": np.add,
    "mul": np.multiply,
    "ave": lambda a, b: (a + b) / 2,
}


def expected_of(x, mask, weights, initial=(None, None)):
    """((sequences, states) forwards, (sequences, states) backwards, in the order of time)."""
    forward, backward = weights[:3], weights[3:]
    first = reference.masked_rnn("lstm", x, mask, forward, initial=initial[0], zero_output=True)
    sequences, states = reference.masked_rnn(
        "lstm", x, mask, backward, go_backwards=True, initial=initial[1], zero_output=True
    )
    return first, (sequences[:, ::-1], states)


def build(rng, merge_mode="concat", **options):
    layer = layers.Bidirectional(layers.LSTM(4, **options), merge_mode=merge_mode)
    layer(np.zeros((1, 1, FEATURES), np.float32))
    return layer, randomize(layer, rng)


@pytest.mark.parametrize("merge_mode", MERGES)
@pytest.mark.parametrize("pattern", MASKS)
def test_bidirectional_equals_reference(rng, pattern, merge_mode):
    mask, merge = MASKS[pattern], MERGES[merge_mode]
    x = poisoned(rng, mask)
    layer, weights = build(rng, merge_mode, return_sequences=True)
    (a, a_states), (b, b_states) = expected_of(x, mask, weights)
    output = layer(x, mask=mask)
    np.testing.assert_allclose(output, merge(a, b), atol=2e-6)
    np.testing.assert_array_equal(output._keras_mask, mask)

    last, weights = build(rng, merge_mode)
    last.set_weights(layer.get_weights())
    output = last(x, mask=mask)
    np.testing.assert_allclose(output, merge(a_states[0], b_states[0]), atol=2e-6)
    assert not hasattr(output, "_keras_mask")


@pytest.mark.parametrize("pattern", MASKS)
def test_bidirectional_in_a_model_gives_what_it_gives_alone(rng, pattern):
    mask = MASKS[pattern]
    x = np.nan_to_num(poisoned(rng, mask))
    inputs = maskseq.Input((None, FEATURES))
    for merge_mode in MERGES:
        layer, _ = build(rng, merge_mode, return_sequences=True, return_state=True)
        outputs = layer(layers.Masking()(inputs))
        results = maskseq.Model(inputs, outputs)(x)
        for a, b in zip(results, layer(x, mask=mask), strict=True):
            np.testing.assert_array_equal(a, b)


def test_bidirectional_without_merge_returns_both(rng):
    mask = MASKS["holes"]
    x = poisoned(rng, mask)
    layer, weights = build(rng, None, return_sequences=True)
    (a, _), (b, _) = expected_of(x, mask, weights)
    outputs = layer(x, mask=mask)
    for output, expected in zip(outputs, (a, b), strict=True):
        np.testing.assert_allclose(output, expected, atol=2e-6)
        np.testing.assert_array_equal(output._keras_mask, mask)


def test_bidirectional_takes_and_returns_states_forward_then_backward(rng):
    mask = MASKS["holes"]
    x = poisoned(rng, mask)
    layer, weights = build(rng, return_sequences=True, return_state=True)
    states = list(rng.standard_normal((4, BATCH, 4)).astype(np.float32))
    output, *last = layer(x, initial_state=states, mask=mask)
    (a, a_states), (b, b_states) = expected_of(x, mask, weights, (states[:2], states[2:]))
    np.testing.assert_allclose(output, np.concatenate([a, b], axis=-1), atol=2e-6)
    np.testing.assert_allclose(last, [*a_states, *b_states], atol=2e-6)


class Doubling(layers.LSTM):
    """A layer with a call of its own."""

    def call(self, sequences, initial_state=None, mask=None, training=False):
        return 2 * super().call(sequences, initial_state=initial_state, mask=mask)


def test_bidirectional_calls_a_layer_that_writes_its_own_call(rng):
    mask = MASKS["holes"]
    x = np.nan_to_num(poisoned(rng, mask))
    layer = layers.Bidirectional(Doubling(4, return_sequences=True))
    layer(x[:1])
    (a, _), (b, _) = expected_of(x, mask, randomize(layer, rng))
    want = 2 * np.concatenate([a, b], axis=-1)
    np.testing.assert_allclose(layer(x, mask=mask), want, atol=4e-6)
    model = maskseq.Sequential([maskseq.Input((None, FEATURES)), layers.Masking(), layer])
    np.testing.assert_allclose(model(x)[mask], want[mask], atol=4e-6)


def test_bidirectional_overrides_zero_output_for_mask_both_ways():
    layer = layers.Bidirectional(layers.LSTM(2, zero_output_for_mask=True))
    assert not layer.forward_layer.zero_output_for_mask
    layer = layers.Bidirectional(layers.LSTM(2, return_sequences=True))
    assert layer.forward_layer.zero_output_for_mask and layer.backward_layer.zero_output_for_mask


def test_bidirectional_with_a_layer_of_its_own_for_the_way_back(rng):
    mask = MASKS["right"]
    x = poisoned(rng, mask)
    back = layers.LSTM(6, return_sequences=True, go_backwards=True)
    layer = layers.Bidirectional(layers.LSTM(4, return_sequences=True), backward_layer=back)
    output = layer(x, mask=mask)
    (a, _), (b, _) = expected_of(x, mask, layer.get_weights())
    np.testing.assert_allclose(output, np.concatenate([a, b], axis=-1), atol=2e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"return_sequences": True},
        {"return_state": True, "go_backwards": True},
        {"stateful": True, "go_backwards": True},
    ],
)
def test_bidirectional_refuses_layers_that_do_not_fit(options):
    with pytest.raises(ValueError, match="Bidirectional: .*must have .*, got"):
        layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2, **options))


def test_bidirectional_stateful_goes_on_in_each_direction(rng):
    layer = layers.Bidirectional(layers.LSTM(4, stateful=True))
    layer.build((len(MASKS["full"]), None, FEATURES))
    weights = randomize(layer, rng)
    layer.reset_state()
    x = poisoned(rng, MASKS["full"])
    layer(x[:, :3])
    _, first = reference.rnn("lstm", list(x[:, :3]), weights[:3])
    _, back = reference.rnn("lstm", list(x[:, :3]), weights[3:], reverse=True)
    a = reference.rnn("lstm", list(x[:, 3:]), weights[:3], initial=first)[1][0]
    b = reference.rnn("lstm", list(x[:, 3:]), weights[3:], initial=back, reverse=True)[1][0]
    np.testing.assert_allclose(layer(x[:, 3:]), np.concatenate([a, b], axis=-1), atol=2e-6)


def test_bidirectional_names_and_config_are_those_of_keras():
    layer = layers.Bidirectional(layers.LSTM(2, name="core"), merge_mode="sum", name="both")
    assert (layer.forward_layer.name, layer.backward_layer.name) == (
        "forward_core",
        "backward_core",
    )
    again = layers.Bidirectional.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert again.backward_layer.go_backwards and again.backward_layer.name == "backward_core"


@pytest.mark.parametrize("backwards", [False, True])
def test_two_layers_in_one_direction_are_refused(backwards):
    pair = [layers.LSTM(3, go_backwards=backwards) for _ in range(2)]
    with pytest.raises(ValueError, match=f"different go_backwards, got {backwards} for both"):
        layers.Bidirectional(pair[0], backward_layer=pair[1])
