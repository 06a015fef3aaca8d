"""Which weights a layer has, in which order, and which of them training changes."""

import numpy as np
import pytest

import maskseq
from maskseq import initializers, layers


def names(variables):
    return [variable.name.rpartition("/")[2] for variable in variables]


def a_model(shared=False):
    first, norm = layers.Dense(3, name="first"), layers.BatchNormalization(name="norm")
    last = first if shared else layers.Dense(3, name="last")
    return maskseq.Sequential([maskseq.Input((4, 3)), first, norm, *([] if shared else [last])])


def test_weights_of_frozen_layers_are_not_trainable():
    model = a_model()
    of_norm = ["gamma", "beta", "moving_mean", "moving_variance"]
    assert names(model.weights) == ["kernel", "bias", *of_norm, "kernel", "bias"]
    assert names(model.trainable_weights) == ["kernel", "bias", "gamma", "beta", "kernel", "bias"]
    assert names(model.non_trainable_weights) == ["moving_mean", "moving_variance"]
    model.get_layer("norm").trainable = False
    assert names(model.trainable_weights) == ["kernel", "bias", "kernel", "bias"]
    assert names(model.non_trainable_weights) == of_norm
    model.trainable = False
    assert not model.trainable_weights and len(model.non_trainable_weights) == 8


def test_a_shared_layer_counts_once():
    inputs = maskseq.Input((4, 3))
    dense = layers.Dense(3)
    model = maskseq.Model(inputs, dense(dense(inputs)))
    assert names(model.weights) == ["kernel", "bias"]
    assert model.count_params() == 3 * 3 + 3


def test_values_of_weights_cannot_be_written_in_place():
    layer = layers.Dense(2)
    layer(np.ones((1, 3), np.float32))
    with pytest.raises(ValueError, match="read-only"):
        layer.kernel.value[0] = 1
    copy = layer.get_weights()[0]
    copy[:] = 7
    assert not (layer.kernel.value == 7).any()


@pytest.mark.parametrize(
    "name, fan, scale",
    [("he_uniform", 40, 2), ("lecun_uniform", 40, 1), ("glorot_uniform", (40 + 900) / 2, 1)],
)
def test_first_weights_are_uniform_over_the_fan(name, fan, scale):
    """Of a convolution: its width counts on both sides."""
    limit = np.sqrt(3 * scale / fan)
    values = initializers.get(name)((4, 10, 225))
    assert np.abs(values).max() <= limit
    np.testing.assert_allclose(values.std(), limit / np.sqrt(3), rtol=0.03)


OBJECTS = [
    (initializers.Zeros(), "zeros"),
    (initializers.Ones(), "ones"),
    (initializers.Constant(2.5), {"class_name": "Constant", "config": {"value": 2.5}}),
    (initializers.Identity(2), {"class_name": "Identity", "config": {"gain": 2}}),
] + [
    (cls(seed=3), {"class_name": cls.__name__, "config": {"seed": 3}})
    for cls in (
        *(initializers.RandomNormal, initializers.RandomUniform, initializers.TruncatedNormal),
        *(initializers.VarianceScaling, initializers.Orthogonal, initializers.GlorotUniform),
        *(initializers.GlorotNormal, initializers.HeUniform, initializers.HeNormal),
        *(initializers.LecunUniform, initializers.LecunNormal),
    )
]


@pytest.mark.parametrize("made, config", OBJECTS)
def test_initializers_as_objects_give_what_their_configs_give(made, config):
    values = made((5, 5))
    assert values.dtype == np.float32
    for other in (config, initializers.serialize(made)):
        want = initializers.get(other)((5, 5))
        np.testing.assert_array_equal(values, np.asarray(want, np.float32))
    layer = layers.Dense(5, kernel_initializer=made)
    layer.build((None, 5))
    np.testing.assert_array_equal(layer.get_weights()[0], values)
    entry = layer.get_config()["kernel_initializer"]
    assert entry["module"] == "keras.initializers" and entry["class_name"] == type(made).__name__


def test_a_constant_may_be_an_array():
    table = np.arange(6.0).reshape(3, 2)
    layer = layers.Embedding(3, 2, embeddings_initializer=initializers.Constant(table))
    layer.build()
    np.testing.assert_array_equal(layer.get_weights()[0], table)
    assert layer.get_config()["embeddings_initializer"]["config"] == {"value": table.tolist()}
    with pytest.raises(ValueError, match="mode must be one of .* got 'fan'"):
        initializers.VarianceScaling(mode="fan")


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: layers.Dense(2, kernel_initializer="nope"), "kernel_initializer must be the name"),
        (lambda: layers.Dense(2, bias_initializer="zeroes"), "did you mean 'zeros'"),
        (lambda: layers.LSTM(2, recurrent_initializer=3), "recurrent_initializer .* got 3"),
        (lambda: layers.Embedding(2, 2, {"class_name": "Odd", "config": {}}), "got 'Odd'"),
        (lambda: layers.BatchNormalization(gamma_initializer="one"), "did you mean 'ones'"),
        (lambda: layers.LSTM(2, dropout=1.5), "LSTM: dropout must be between 0 and 1, got 1.5"),
        (lambda: layers.GRU(2, recurrent_dropout=-1), "recurrent_dropout must be between 0 and 1"),
        (lambda: layers.ConvLSTM1D(2, 3, dropout="a"), "dropout must be a number, got 'a'"),
    ],
)
def test_wrong_values_are_refused_when_a_layer_is_made(make, words):
    with pytest.raises(ValueError, match=words):
        make()
