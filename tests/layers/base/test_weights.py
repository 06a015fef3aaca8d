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
