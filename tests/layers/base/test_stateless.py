"""Layers without weights are built when they are made, as in Keras."""

import pytest

from maskseq import layers

STATELESS = {
    "Activation": ("tanh",),
    "AveragePooling1D": (),
    "Dropout": (0.5,),
    "GaussianNoise": (0.5,),
    "GlobalMaxPooling1D": (),
    "Identity": (),
    "LeakyReLU": (),
    "Masking": (),
    "Softmax": (),
}


@pytest.mark.parametrize("name", STATELESS)
def test_a_layer_without_weights_is_built_when_it_is_made(name):
    assert getattr(layers, name)(*STATELESS[name]).built


@pytest.mark.parametrize(
    "layer", [layers.Dense(2), layers.LSTM(2), layers.PReLU(), layers.BatchNormalization()]
)
def test_a_layer_with_weights_is_not(layer):
    assert not layer.built


def test_a_layer_of_a_users_is_not():
    class Mine(layers.Masking):
        pass

    class Own(layers.Layer):
        pass

    assert not Mine().built and not Own().built
