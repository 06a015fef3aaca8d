"""What does not fit is refused when the graph is made, not when it runs."""

import numpy as np
import pytest

import maskseq
from maskseq import layers

FIXED = {
    "Dense": lambda: layers.Dense(3),
    "LSTM": lambda: layers.LSTM(3, return_sequences=True),
    "Bidirectional": lambda: layers.Bidirectional(layers.GRU(3)),
    "Conv1D": lambda: layers.Conv1D(3, 2),
    "MaskedConv1D": lambda: layers.MaskedConv1D(3, 2),
}


@pytest.mark.parametrize("make", FIXED.values(), ids=FIXED)
def test_a_layer_refuses_other_features_than_those_it_was_built_for(make):
    layer = make()
    layer(maskseq.Input((None, 4)))
    with pytest.raises(
        ValueError, match=rf"'{layer.name}'.*must have 4 features .*\(None, None, 5\)"
    ):
        layer(maskseq.Input((None, 5)))
    layer(maskseq.Input((7, 4)))


def test_an_attention_layer_refuses_one_tensor():
    for layer in (layers.Attention(), layers.AdditiveAttention()):
        with pytest.raises(ValueError, match="inputs must be a list of 2 or 3"):
            layer(maskseq.Input((None, 4)))
        with pytest.raises(ValueError, match="inputs must be a list of 2 or 3"):
            layer(np.ones((1, 2, 4), np.float32))


def test_names_of_layers_are_unique_in_a_model():
    x = maskseq.Input((4,))
    y = layers.Dense(2, name="same")(layers.Dense(3, name="same")(x))
    with pytest.raises(ValueError, match="layer names must be unique, got 'same' 2 times"):
        maskseq.Model(x, y)
    model = maskseq.Sequential([layers.Dense(2, name="same")])
    with pytest.raises(ValueError, match="layer names must be unique, got 'same' twice"):
        model.add(layers.Dense(2, name="same"))


def test_a_sequential_model_has_one_input():
    model = maskseq.Sequential([maskseq.Input((4,))])
    with pytest.raises(ValueError, match="one Input comes before all layers"):
        model.add(maskseq.Input((4,)))


def test_frozen_layers_have_no_trainable_weights():
    inner, outer = layers.Dense(2), layers.Dense(3)
    x = maskseq.Input((4,))
    model = maskseq.Model(x, maskseq.Sequential([inner])(outer(x)))
    assert len(model.trainable_weights) == 4 and not model.non_trainable_weights
    inner.trainable = False
    assert [id(v) for v in model.trainable_weights] == [id(v) for v in outer.weights]
    assert [id(v) for v in model.non_trainable_weights] == [id(v) for v in inner.weights]
    model.trainable = False
    assert not model.trainable_variables and len(model.non_trainable_variables) == 4
