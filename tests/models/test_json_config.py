"""Model.to_json: Keras opens it."""

import json

import numpy as np
import pytest

import maskseq
from maskseq import layers, ops
from tests.support.twin import keras


def tagger():
    x = maskseq.Input((None,), dtype="int32", name="ids")
    embedded = layers.Embedding(9, 4, mask_zero=True)(x)
    both = layers.Bidirectional(layers.LSTM(3, return_sequences=True, kernel_regularizer="l2"))
    y = both(embedded)
    merged = layers.Add()([layers.Dense(6, kernel_initializer="he_normal")(y), y])
    return maskseq.Model(x, layers.Dense(2, activation="softmax")(merged * 2 + 1))


def with_operations():
    x = maskseq.Input((5, 4), name="x")
    y = ops.concatenate([ops.tanh(x), ops.relu(x - 0.5)], axis=-1)
    pooled = ops.mean(ops.softmax(y), axis=1)
    inner = maskseq.Sequential([maskseq.Input((8,)), layers.Dense(3), layers.LayerNormalization()])
    return maskseq.Model({"x": x}, [inner(pooled), pooled])


def attention():
    x = maskseq.Input((5, 4), name="x")
    y = layers.MultiHeadAttention(2, 3)(x, x)
    y = layers.TimeDistributed(layers.Dense(4))(y)
    y = layers.GroupQueryAttention(3, 2, 1)(y, y)
    return maskseq.Model(x, layers.RNN([layers.GRUCell(2), layers.LSTMCell(3)])(y))


MODELS = {"tagger": tagger, "operations": with_operations, "attention": attention}
DATA = {
    "tagger": np.array([[1, 2, 3], [4, 0, 0]], np.int32),
    "operations": {"x": np.linspace(-1, 1, 40, dtype=np.float32).reshape(2, 5, 4)},
    "attention": np.linspace(-1, 1, 40, dtype=np.float32).reshape(2, 5, 4),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_keras_opens_it_and_answers_the_same(name):
    theirs, model = keras(), MODELS[name]()
    again = theirs.models.model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    expected, got = again.predict(DATA[name], verbose=0), model.predict(DATA[name])
    for a, b in zip(maskseq.nest.flatten(expected), maskseq.nest.flatten(got), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_names_are_those_of_keras():
    found = json.loads(tagger().to_json(indent=1))
    assert (found["module"], found["class_name"]) == ("keras.src.models.functional", "Functional")
    modules = {x["class_name"]: x["module"] for x in found["config"]["layers"]}
    assert modules["Embedding"] == modules["Bidirectional"] == "keras.layers"
    assert modules["Multiply"] == "keras.src.ops.numpy"
    assert json.loads(maskseq.Sequential([layers.Dense(2)]).to_json())["class_name"] == "Sequential"


def test_what_json_has_no_form_for_is_named():
    x = maskseq.Input((4,))
    model = maskseq.Model(x, layers.Lambda(lambda x: x)(x))
    with pytest.raises(TypeError, match="a config has no form for function"):
        model.to_json()
