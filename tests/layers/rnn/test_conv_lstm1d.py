"""ConvLSTM1D against its float64 definition and against Keras; masked steps change nothing."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import reference, twin
from tests.support.masks import MASKS, randomize

ROWS, CHANNELS, FILTERS = 6, 2, 3


def defined(x, mask, weights, states=None, backwards=False, hard=False, **window):
    """(outputs (batch, time, rows, filters), h, c): the previous output where the mask is False."""
    kernel, recurrent, bias = weights
    gate = reference.ACTIVATIONS["hard_sigmoid" if hard else "sigmoid"]
    rows = reference.conv1d(x[:1, 0], kernel, bias, **window).shape[1]
    shape = len(x), rows, recurrent.shape[1]
    h, c = (np.zeros(shape), np.zeros(shape)) if states is None else map(np.float64, states)
    outputs = np.zeros((*x.shape[:2], *shape[1:]))
    for number in range(x.shape[1]):
        t = x.shape[1] - 1 - number if backwards else number
        z = reference.conv1d(np.nan_to_num(x[:, t]), kernel, bias, **window)
        z += reference.conv1d(h, recurrent, 0, padding="same")
        i, f, new, o = np.split(z, 4, axis=2)
        real = mask[:, t, None, None]
        c = np.where(real, gate(f) * c + gate(i) * np.tanh(new), c)
        h = np.where(real, gate(o) * np.tanh(c), h)
        outputs[:, number] = h
    return outputs, h, c


def data(rng, mask):
    x = rng.standard_normal((*mask.shape, ROWS, CHANNELS)).astype(np.float32)
    x[~mask] = np.nan
    return x


WINDOWS = {
    "valid": {},
    "same": {"padding": "same"},
    "strided": {"strides": 2},
    "dilated": {"dilation_rate": 2, "padding": "same"},
}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("window", WINDOWS)
def test_equals_definition(rng, window, mask):
    x, mask = data(rng, MASKS[mask]), MASKS[mask]
    layer = layers.ConvLSTM1D(
        FILTERS, 3, return_sequences=True, return_state=True, **WINDOWS[window]
    )
    layer.build(x.shape)
    weights = randomize(layer, rng)
    names = {"strides": "stride", "dilation_rate": "dilation"}
    options = {names.get(key, key): value for key, value in WINDOWS[window].items()}
    wanted = defined(x, mask, weights, **options)
    got = layer(x, mask=mask)
    assert layer.compute_output_shape(x.shape) == [y.shape for y in got]
    for a, b in zip(wanted, got, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_states_go_in_and_come_out(rng):
    mask = MASKS["holes"]
    x = data(rng, mask)
    layer = layers.ConvLSTM1D(
        FILTERS, 2, go_backwards=True, return_state=True, recurrent_activation="hard_sigmoid"
    )
    layer.build(x.shape)
    weights = randomize(layer, rng)
    states = [rng.standard_normal((len(x), 5, FILTERS)).astype(np.float32) for _ in range(2)]
    _, h, c = defined(x, mask, weights, states, backwards=True, hard=True)
    output, *last = layer(x, initial_state=states, mask=mask)
    np.testing.assert_allclose(output, h, atol=1e-5)
    for wanted, got in zip((h, c), last, strict=True):
        np.testing.assert_allclose(wanted, got, atol=1e-5)


def test_ragged_sequences_equal_padded_ones(rng):
    mask = MASKS["right"]
    x = np.nan_to_num(data(rng, mask))
    model = maskseq.Sequential(
        [maskseq.Input((None, ROWS, CHANNELS)), layers.ConvLSTM1D(FILTERS, 2)]
    )
    ragged = model.predict([row[real] for row, real in zip(x, mask, strict=True)])
    np.testing.assert_array_equal(ragged, model(x, mask=mask))


def test_mask_of_masking_is_of_whole_steps(rng):
    mask = MASKS["holes"]
    x = np.where(mask[..., None, None], data(rng, mask), 0).astype(np.float32)
    inputs = maskseq.Input((7, ROWS, CHANNELS))
    layer = layers.ConvLSTM1D(FILTERS, 2)
    model = maskseq.Model(inputs, layer(layers.Masking()(inputs)))
    np.testing.assert_array_equal(model(x), layer(x, mask=mask))


def test_stateful_layer_goes_on(rng):
    x = rng.standard_normal((2, 6, ROWS, CHANNELS)).astype(np.float32)
    whole, parts = (layers.ConvLSTM1D(FILTERS, 2, stateful=s) for s in (False, True))
    whole.build(x.shape), parts.build(x.shape)
    parts.set_weights(whole.get_weights())
    parts(x[:, :2])
    np.testing.assert_array_equal(parts(x[:, 2:]), whole(x))
    parts.reset_state()
    np.testing.assert_array_equal(parts(x), whole(x))


OPTIONS = {
    "last": {},
    "sequences": {"return_sequences": True},
    "state": {"return_state": True, "padding": "same"},
    "backwards": {"go_backwards": True, "return_sequences": True},
    "strided": {"strides": 2, "activation": "relu", "use_bias": False},
    "dilated": {"dilation_rate": 2, "recurrent_activation": "hard_sigmoid"},
    "channels first": {"data_format": "channels_first", "return_sequences": True},
    "zero": {"zero_output_for_mask": True},
    "softmax": {"recurrent_activation": "softmax", "activation": "log_softmax"},
    "softmax first": {"recurrent_activation": "softmax", "data_format": "channels_first"},
}


@pytest.mark.slow
@pytest.mark.parametrize("option", OPTIONS)
def test_equals_keras(rng, option):
    x = rng.standard_normal((3, 5, ROWS, CHANNELS)).astype(np.float32)
    if "data_format" in OPTIONS[option]:
        x = np.ascontiguousarray(x.swapaxes(2, 3))
    twin.check_eager(lambda L: L.ConvLSTM1D(FILTERS, 2, **OPTIONS[option]), x, None)


def softmax(z, axis):
    e = np.exp(z - z.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


@pytest.mark.parametrize("form", ["channels_last", "channels_first"])
def test_softmax_goes_along_the_last_axis_of_each_gate(rng, form):
    axis = 2 if form == "channels_last" else 1  # of (batch, rows, filters)
    x = rng.standard_normal((3, 5, ROWS, CHANNELS)).astype(np.float32)
    given = x if form == "channels_last" else np.ascontiguousarray(x.swapaxes(2, 3))
    options = {"activation": "softmax", "recurrent_activation": "softmax", "data_format": form}
    model = maskseq.Sequential(
        [layers.Input(given.shape[1:]), layers.ConvLSTM1D(FILTERS, 3, padding="same", **options)]
    )
    kernel, recurrent, bias = randomize(model.layers[0], rng)
    h = c = np.zeros((3, ROWS, FILTERS))
    for t in range(5):
        z = reference.conv1d(x[:, t], kernel, bias, padding="same")
        z += reference.conv1d(h, recurrent, 0, padding="same")
        i, f, new, o = (softmax(part, axis) for part in np.split(z, 4, axis=2))
        c = f * c + i * new
        h = o * softmax(c, axis)
    wanted = h if form == "channels_last" else h.swapaxes(1, 2)
    np.testing.assert_allclose(model.predict(given, verbose=0), wanted, rtol=1e-5, atol=1e-6)
    model.compile("sgd", "mse")
    loss = model.train_on_batch(given, np.zeros(wanted.shape))
    np.testing.assert_allclose(loss, np.mean(wanted**2), rtol=1e-5)


@pytest.mark.slow
def test_config_is_that_of_keras():
    theirs, ours = twin.twins(lambda L: L.ConvLSTM1D(3, 2, strides=2, dropout=0.5))
    theirs, ours = theirs.get_config(), ours.get_config()
    assert theirs.keys() == ours.keys()
    for key in ("filters", "activation", "unit_forget_bias", "dropout", "return_state"):
        assert theirs[key] == ours[key]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"filters": 0}, "ConvLSTM1D: filters must be an int, at least 1, got 0"),
        ({"kernel_size": (3, 3)}, "ConvLSTM1D: kernel_size must be an int"),
        ({"padding": "causal"}, "padding must be one of"),
        ({"strides": 2, "dilation_rate": 2}, "cannot both be above 1, got 2 and 2"),
        ({"activation": "none"}, "activation"),
        ({"data_format": "NHC"}, "data_format must be"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        layers.ConvLSTM1D(**{"filters": 2, "kernel_size": 3, **options})


@pytest.mark.parametrize(
    "shape, message",
    [
        ((None, 6), r"must be \(batch, time, rows, features\)"),
        ((None, None, 2), "of known size"),
        ((None, 2, 2), "at least 3 steps for one window, got 2"),
    ],
)
def test_wrong_shapes_are_named(shape, message):
    with pytest.raises(ValueError, match=message):
        layers.ConvLSTM1D(2, 3)(maskseq.Input(shape))


def test_other_rows_are_named(rng):
    layer = layers.ConvLSTM1D(2, 3)
    layer.build((None, None, 6, 2))
    with pytest.raises(ValueError, match=r"must have steps of shape \(6, 2\), got \(5, 2\)"):
        layer(np.zeros((1, 3, 5, 2), np.float32))


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("backwards", [False, True])
def test_features_first_put_outputs_in_their_cells(rng, backwards, mask):
    x, mask = data(rng, MASKS[mask]), MASKS[mask]
    options = {"return_sequences": True, "go_backwards": backwards}
    last = layers.ConvLSTM1D(FILTERS, 3, **options)
    first = layers.ConvLSTM1D(FILTERS, 3, data_format="channels_first", **options)
    last.build(x.shape)
    turned = x.swapaxes(2, 3)
    first.build(turned.shape)
    first.set_weights(randomize(last, rng))
    wanted = np.asarray(last(x, mask=mask)).swapaxes(2, 3)
    np.testing.assert_array_equal(first(turned, mask=mask), wanted)


@pytest.mark.parametrize("sequences", [False, True])
def test_both_directions_are_those_of_two_layers(rng, sequences):
    mask = MASKS["holes"]
    x = data(rng, mask)
    layer = layers.Bidirectional(layers.ConvLSTM1D(FILTERS, 3, return_sequences=sequences))
    layer.build(x.shape)
    randomize(layer, rng)
    there = np.asarray(layer.forward_layer(x, mask=mask))
    back = np.asarray(layer.backward_layer(x, mask=mask))
    back = back[:, ::-1] if sequences else back
    np.testing.assert_array_equal(layer(x, mask=mask), np.concatenate([there, back], -1))
