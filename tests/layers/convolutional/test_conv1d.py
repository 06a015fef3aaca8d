"""Conv1D, DepthwiseConv1D and SeparableConv1D equal their definition and live Keras."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import reference, twin
from tests.support.masks import SMALL_MASKS

OPTIONS = [
    {"padding": "valid"},
    {"padding": "same"},
    {"padding": "causal"},
    {"padding": "same", "strides": 2},
    {"padding": "same", "strides": 3, "kernel_size": 2},
    {"padding": "valid", "strides": 2},
    {"padding": "causal", "strides": 2},
    {"padding": "causal", "dilation_rate": 2},
    {"padding": "same", "dilation_rate": 3, "kernel_size": 2},
    {"padding": "same", "groups": 2},
    {"padding": "same", "kernel_size": 4, "activation": "tanh"},
    {"padding": "same", "activation": "softmax", "use_bias": False},
]
SEPARATE = [
    {"padding": "valid"},
    {"padding": "same", "strides": 2},
    {"padding": "same", "dilation_rate": 2, "depth_multiplier": 3},
    {"padding": "same", "activation": "relu", "use_bias": False},
]


def build(layer, x, rng):
    layer(x)
    layer.set_weights([rng.normal(size=w.shape).astype(np.float32) for w in layer.weights])
    return layer


@pytest.mark.parametrize("options", OPTIONS[:10])
@pytest.mark.parametrize("time", [7, 8, 33])
def test_conv1d_equals_definition(options, time, rng):
    options = {"kernel_size": 3, **options}
    x = rng.normal(size=(2, time, 4)).astype(np.float32)
    layer = build(layers.Conv1D(6, **options), x, rng)
    names = {"strides": "stride", "dilation_rate": "dilation"}
    known = {names.get(k, k): v for k, v in options.items() if k != "kernel_size"}
    want = reference.conv1d(x, *layer.get_weights(), **known)
    np.testing.assert_allclose(layer(x), want, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("mask", ["none", "holes"])
def test_conv1d_equals_keras(options, mask, rng):
    options = {"kernel_size": 3, **options}
    x = rng.normal(size=(3, 6, 4)).astype(np.float32)
    twin.check_eager(lambda L: L.Conv1D(6, **options), x, SMALL_MASKS[mask])


@pytest.mark.slow
@pytest.mark.parametrize("options", SEPARATE)
@pytest.mark.parametrize("name", ["DepthwiseConv1D", "SeparableConv1D"])
def test_convolution_of_each_feature_equals_keras(name, options, rng):
    def make(L):
        filters = (5,) if name == "SeparableConv1D" else ()
        return getattr(L, name)(*filters, kernel_size=3, **options)

    x = rng.normal(size=(3, 6, 4)).astype(np.float32)
    twin.check_eager(make, x, SMALL_MASKS["right"])
    twin.check_in_model(make, stem="lstm")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Conv1D", "DepthwiseConv1D", "SeparableConv1D"])
def test_channels_first_equals_keras(name, rng):
    filters = () if name == "DepthwiseConv1D" else (5,)
    x = rng.normal(size=(3, 4, 6)).astype(np.float32)
    twin.check_eager(
        lambda L: getattr(L, name)(*filters, kernel_size=3, data_format="channels_first"), x, None
    )


NAMES = ["Conv1D", "DepthwiseConv1D", "SeparableConv1D", "Conv1DTranspose"]


@pytest.mark.parametrize("activation", ["softmax", "log_softmax", "sparsemax", "glu", "relu"])
@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
@pytest.mark.parametrize("name", NAMES)
def test_activations_go_along_the_last_axis_of_what_comes_out(name, data_format, activation, rng):
    """As in Keras: with channels_first softmax is one over time."""
    x = rng.normal(size=(3, 4, 6)).astype(np.float32)
    filters = () if name == "DepthwiseConv1D" else (4,)
    options = {"kernel_size": 3, "padding": "same", "data_format": data_format}

    def made(*behind, **more):
        convolution = getattr(layers, name)(*filters, **options, **more)
        return maskseq.Sequential([layers.Input((4, 6)), convolution, *behind])

    whole, parts = made(activation=activation), made(layers.Activation(activation))
    parts.set_weights([rng.normal(size=w.shape) for w in parts.weights])
    whole.set_weights(parts.get_weights())
    np.testing.assert_array_equal(whole(x), parts(x))
    if activation == "softmax":
        np.testing.assert_allclose(np.sum(whole(x), -1), 1, rtol=1e-6)
        labels = rng.random(whole(x).shape)
        for model in (whole, parts):
            model.compile("sgd", "mse")
            model.train_on_batch(x, labels)
        for a, b in zip(whole.get_weights(), parts.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["Conv1D", "DepthwiseConv1D", "SeparableConv1D"])
def test_bits_do_not_depend_on_the_batch(name, rng):
    filters = () if name == "DepthwiseConv1D" else (5,)
    x = rng.normal(size=(9, 40, 6)).astype(np.float32)
    layer = build(getattr(layers, name)(*filters, kernel_size=3, padding="same"), x, rng)
    whole = layer(x)
    np.testing.assert_array_equal(layer(x[3:4]), whole[3:4])


def test_weights_assigned_later_are_used(rng):
    x = rng.normal(size=(1, 5, 2)).astype(np.float32)
    layer = build(layers.Conv1D(2, 1), x, rng)
    layer.set_weights([np.eye(2)[None], np.zeros(2)])
    np.testing.assert_array_equal(layer(x), x)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda L: L.Conv1D(3, 2, strides=2, dilation_rate=2), "cannot both be above 1"),
        (lambda L: L.Conv1D(3, 2, groups=2), "filters must divide by groups"),
        (lambda L: L.Conv1D(3, 0), "kernel_size must be an int, at least 1"),
        (lambda L: L.Conv1D(3, 2, padding="full"), "padding must be one of"),
        (lambda L: L.DepthwiseConv1D(3, padding="causal"), "padding must be one of"),
        (lambda L: L.Conv1D(3, 9)(np.ones((1, 6, 2))), "at least 9 steps for one window, got 6"),
        (lambda L: L.Conv1D(3, 1, data_format="last"), "data_format must be"),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make(layers)


def test_unknown_time_is_fine():
    assert layers.Conv1D(3, 2, padding="same")(maskseq.Input((None, 4))).shape == (None, None, 3)
