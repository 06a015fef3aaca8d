"""SpectralNormalization: its layer's answers and masks; training brings the norm to 1."""

import pickle

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import twin
from tests.support.masks import MASKS, poisoned

MAKES = {
    "dense": lambda L: L.SpectralNormalization(L.Dense(5), 2),
    "conv": lambda L: L.SpectralNormalization(L.Conv1D(5, 2)),
    "no bias": lambda L: L.SpectralNormalization(L.Dense(2, use_bias=False)),
}


@pytest.mark.slow
@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_equals_keras_in_training_and_after(make, rng):
    theirs, ours = twin.twins(make)
    x = rng.normal(size=(3, 6, 4)).astype(np.float32)
    theirs(x), ours(x)
    ours.set_weights([np.asarray(w) for w in theirs.get_weights()])
    for training in (False, True, True, False):
        wanted, got = theirs(x, training=training), ours(x, training=training)
        np.testing.assert_allclose(wanted, got, atol=1e-5)
    for a, b in zip(theirs.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_training_brings_the_spectral_norm_to_one(rng):
    layer = layers.SpectralNormalization(layers.Dense(5), power_iterations=30)
    x = rng.standard_normal((2, 4)).astype(np.float32)
    layer(x)
    layer.layer.kernel.assign(rng.standard_normal((4, 5)))
    for _ in range(3):
        y = layer(x, training=True)
    kernel, _, bias = layer.get_weights()
    assert np.linalg.svd(kernel, compute_uv=False)[0] == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(y, x @ kernel + bias, atol=1e-5)


def test_kernel_of_zeros_stays():
    layer = layers.SpectralNormalization(layers.Dense(3, kernel_initializer="zeros"))
    layer(np.ones((2, 4), np.float32), training=True)
    assert not layer.get_weights()[0].any()


def test_weights_are_counted_once_and_in_keras_order(rng):
    layer = layers.SpectralNormalization(layers.Dense(3))
    layer.build((None, 4))
    assert [w.shape for w in layer.weights] == [(4, 3), (1, 3), (3,)]
    assert layer.count_params() == 18
    again = pickle.loads(pickle.dumps(layer))
    again.set_weights([w + 1 for w in layer.get_weights()])
    np.testing.assert_array_equal(again.kernel, layer.kernel.value + 1)
    np.testing.assert_array_equal(again.layer.kernel, again.kernel)


@pytest.mark.parametrize("training", [False, True])
def test_masks_are_those_of_the_layer(rng, training):
    x, mask = poisoned(rng, MASKS["holes"]), MASKS["holes"]
    inputs = maskseq.Input((7, 3))
    dense, lstm = layers.SpectralNormalization(layers.Dense(4)), layers.LSTM(2)
    model = maskseq.Model(inputs, lstm(dense(inputs)))
    x = np.where(mask[..., None], x, 0)
    got = model(x, mask=mask, training=training)
    np.testing.assert_array_equal(got, lstm(dense.layer(x), mask=mask))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("dense",), "layer must be a Layer, got 'dense'"),
        ((layers.Dense(2), 0), "power_iterations must be an int, at least 1, got 0"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        layers.SpectralNormalization(*arguments)


def test_layer_without_a_kernel_is_named():
    with pytest.raises(ValueError, match="must have a kernel or embeddings"):
        layers.SpectralNormalization(layers.ReLU())(maskseq.Input((3,)))
