"""A model may start at any tensor of a graph: it is a model of its own, which shares the layers."""

import pickle

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.layers.core.input import InputLayer
from tests.support.masks import randomize


def chain():
    x = maskseq.Input((None, 4), name="x")
    masked = layers.Masking(name="masking")(x)
    first = layers.LSTM(3, return_sequences=True, name="first")(masked)
    second = layers.Dense(5, name="second")(first)
    last = layers.LSTM(2, name="last")(second)
    return maskseq.Model(x, last)


@pytest.fixture
def data(rng):
    return rng.normal(size=(2, 6, 4)).astype(np.float32)


def test_two_parts_of_a_model_give_what_the_whole_gives(data, rng):
    whole = chain()
    randomize(whole, rng)
    middle = whole.get_layer("first").output
    head, tail = maskseq.Model(whole.input, middle), maskseq.Model(middle, whole.output)
    np.testing.assert_array_equal(tail.predict(head.predict(data)), whole.predict(data))
    assert [x.name for x in tail.layers[1:]] == ["second", "last"]
    assert isinstance(tail.layers[0], InputLayer)
    assert tail.input is not middle and tail.input.shape == middle.shape


def test_a_part_shares_the_layers_of_the_whole(data):
    whole = chain()
    tail = maskseq.Model(whole.get_layer("first").output, whole.output)
    assert tail.get_layer("last") is whole.get_layer("last")
    before = whole.predict(data)
    tail.set_weights([0 * w for w in tail.get_weights()])
    assert np.any(before) and not np.any(whole.predict(data))


@pytest.mark.parametrize(
    "again",
    [
        lambda model: pickle.loads(pickle.dumps(model)),
        lambda model: maskseq.Model.from_config(model.get_config()),
    ],
    ids=["pickle", "config"],
)
def test_a_part_survives_config_and_pickle(again, rng):
    whole = chain()
    part = maskseq.Model(whole.get_layer("first").output, whole.get_layer("second").output)
    x = rng.normal(size=(2, 6, 3)).astype(np.float32)
    other = again(part)
    other.set_weights(part.get_weights())
    np.testing.assert_array_equal(other.predict(x), part.predict(x))


def test_a_part_has_inputs_of_both_kinds(rng):
    a, b = maskseq.Input((3,), name="a"), maskseq.Input((3,), name="b")
    inner = layers.Dense(3, name="inner")(a)
    total = layers.Add(name="total")([inner, b])
    model = maskseq.Model([inner, b], {"total": total, "twice": total * 2})
    x, y = rng.normal(size=(2, 4, 3)).astype(np.float32)
    result = model.predict([x, y])
    np.testing.assert_array_equal(result["total"], x + y)
    np.testing.assert_array_equal(result["twice"], 2 * (x + y))
    assert model.inputs[1] is b


def test_masks_inside_a_part_are_used(rng):
    ids = maskseq.Input((None,), dtype="int32")
    same = ids + 0
    embedded = layers.Embedding(9, 3, mask_zero=True)(same)
    model = maskseq.Model(same, layers.LSTM(2)(embedded))
    x = np.array([[4, 2, 0, 0], [1, 2, 3, 0]])
    np.testing.assert_array_equal(model.predict(x), model.predict(x[:, :3]))
