"""Conv1DTranspose against its float64 definition and against Keras."""

import itertools

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.rows import Rows
from tests.support import reference, twin
from tests.support.masks import randomize

WINDOWS = [(1, 1, 1), (3, 1, 1), (3, 2, 1), (2, 3, 1), (4, 2, 1), (5, 1, 2), (3, 1, 3)]


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size, stride, dilation", WINDOWS)
@pytest.mark.parametrize("time", [1, 2, 7])
def test_equals_definition(rng, size, stride, dilation, padding, time):
    x = rng.standard_normal((3, time, 4)).astype(np.float32)
    layer = layers.Conv1DTranspose(5, size, stride, padding, dilation_rate=dilation)
    layer.build(x.shape)
    kernel, bias = randomize(layer, rng)
    expected = reference.conv1d_transpose(x, kernel, bias, stride, padding, dilation)
    assert layer.compute_output_shape(x.shape) == expected.shape
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_output_padding_equals_keras(rng, size, padding):
    x = rng.standard_normal((2, 5, 3)).astype(np.float32)
    for stride, more, first in itertools.product((1, 2, 3), (None, 0, 1, 2), (False, True)):
        if more is None or more < stride:
            made = twin.twins(
                lambda L, s=stride, m=more, f=first: L.Conv1DTranspose(
                    4, size, s, padding, m, data_format="channels_first" if f else None
                )
            )
            theirs, ours = made
            inputs = np.ascontiguousarray(x.swapaxes(1, 2)) if first else x
            wanted = theirs(inputs)
            ours.build(inputs.shape)
            ours.set_weights([np.asarray(w) for w in theirs.get_weights()])
            assert ours.compute_output_shape(inputs.shape) == wanted.shape
            np.testing.assert_allclose(ours(inputs), wanted, atol=1e-5)


def test_large_batches_are_cut_into_chunks(rng):
    layer = layers.Conv1DTranspose(64, 3, strides=2)
    x = rng.standard_normal((9, 2000, 8)).astype(np.float32)
    whole = layer(x)
    for b in (0, 4, 8):
        np.testing.assert_array_equal(whole[b], layer(x[b : b + 1])[0])


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size, stride, dilation", WINDOWS)
@pytest.mark.parametrize("activation", [None, "softmax"])
def test_real_steps_alone_have_the_bits_of_the_padded_array(
    rng, size, stride, dilation, padding, activation
):
    x = rng.standard_normal((6, 12, 4)).astype(np.float32)
    x[np.arange(12) >= np.array([12, 5, 0, 1, 11, 7])[:, None]] = 0
    inputs = maskseq.Input((12, 4))
    before = layers.Dense(3)
    layer = layers.Conv1DTranspose(
        5, size, stride, padding, dilation_rate=dilation, activation=activation
    )
    model = maskseq.Model(inputs, layer(before(layers.Masking()(inputs))))
    for weight in (before.bias, layer.bias):  # the padding is not zeros
        weight.assign(rng.standard_normal(weight.shape))
    made = layer.over_shown(Rows.view(before(x), np.any(x != 0, axis=2)))
    assert (made is NotImplemented) == (stride > 1)
    np.testing.assert_array_equal(model.predict(x, verbose=0), layer(before(x)))


@pytest.mark.parametrize("padding, steps", [("valid", 0), ("same", 0)])
def test_empty_inputs_give_empty_outputs(padding, steps):
    layer = layers.Conv1DTranspose(2, 3, 2, padding)
    assert layer(np.zeros((0, 4, 3), np.float32)).shape == (0, layer._steps(4), 2)
    assert layer(np.zeros((2, 0, 3), np.float32)).shape == (2, steps, 2)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"filters": 0}, "Conv1DTranspose: filters must be an int, at least 1, got 0"),
        ({"kernel_size": 2.0}, "Conv1DTranspose: kernel_size must be an int"),
        ({"kernel_size": (2, 2)}, "kernel_size must be an int"),
        ({"strides": 0}, "strides must be an int, at least 1, got 0"),
        ({"padding": "causal"}, "padding must be one of"),
        ({"strides": 2, "output_padding": 2}, "output_padding must be below strides=2, got 2"),
        ({"output_padding": 0, "strides": 2, "dilation_rate": 2}, "cannot both be above 1"),
        ({"data_format": "last"}, "data_format must be"),
        ({"activation": "nothing"}, "activation"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        layers.Conv1DTranspose(**{"filters": 2, "kernel_size": 3, **options})


@pytest.mark.parametrize("shape", [(5,), (5, None), (5, 3, 2)])
def test_wrong_shapes_are_named(shape):
    with pytest.raises(ValueError, match="inputs must"):
        layers.Conv1DTranspose(2, 3)(maskseq.Input(shape))


def test_other_features_are_named():
    layer = layers.Conv1DTranspose(2, 3)
    layer.build((None, None, 4))
    with pytest.raises(ValueError, match=r"must be \(batch, time, 4\), got shape \(1, 2, 3\)"):
        layer(np.zeros((1, 2, 3), np.float32))
