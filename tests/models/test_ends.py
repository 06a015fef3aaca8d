"""The symbolic inputs and outputs of models and layers, and what a model of one output answers."""

import copy
import pickle

import numpy as np
import pytest

import maskseq
from maskseq import Input, Model, Sequential, layers


def two_ends():
    a, b = Input((5,)), Input((5,))
    dense = layers.Dense(2, name="first")(a)
    return Model([a, b], [layers.Add(name="sum")([dense, layers.Dense(2)(b)]), dense]), a, b


def test_model_gives_its_ends_as_they_were_given():
    model, a, b = two_ends()
    assert [x is y for x, y in zip(model.input, [a, b], strict=True)] == [True, True]
    assert [x is y for x, y in zip(model.output, model.outputs, strict=True)] == [True, True]
    assert model.input_shape == [(None, 5), (None, 5)]
    assert model.output_shape == [(None, 2), (None, 2)]
    assert model.output_names == ["sum", "first"]


@pytest.mark.parametrize(
    "change", [lambda m: m, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_sequential_has_ends_once_it_is_built(change):
    model = change(Sequential([Input((5,)), layers.Dense(3), layers.Dense(2, name="last")]))
    assert (model.input_shape, model.output_shape) == ((None, 5), (None, 2))
    assert model.output_names == ["last"]
    inner = Model(model.input, model.layers[0].output)
    x = np.ones((2, 5), np.float32)
    np.testing.assert_array_equal(inner(x), model.layers[0](x))


@pytest.mark.parametrize("end", ["input", "output"])
def test_layer_never_called_says_so(end):
    with pytest.raises(AttributeError, match=f"'mine' .*never been called.*no {end}"):
        getattr(layers.Dense(2, name="mine"), end)
    with pytest.raises(AttributeError, match=f"'net' .*never been called.*no {end}"):
        getattr(Sequential([layers.Dense(2)], name="net"), f"{end}_shape")


def test_layer_with_several_ends_has_lists():
    a, b = Input((4, 3)), Input((2,))
    lstm = layers.LSTM(2, return_state=True)
    outputs = lstm(a, initial_state=[b, b])
    assert [x is y for x, y in zip(lstm.input, [a, b, b], strict=True)] == [True] * 3
    assert [x is y for x, y in zip(lstm.output, outputs, strict=True)] == [True] * 3


@pytest.mark.parametrize("wrap", [lambda y: [y], lambda y: (y,)])
def test_one_output_in_a_list_is_answered_alone(wrap):
    """As in Keras, while `output` keeps the list."""
    a = Input((5,))
    y = layers.Dense(2)(a)
    model, plain, x = Model([a], wrap(y)), Model(a, y), np.ones((3, 5), np.float32)
    for answer in (model(x), model.predict(x), model.predict_on_batch(x), model.predict([x])):
        assert isinstance(answer, np.ndarray)
        np.testing.assert_array_equal(answer, plain(x))
    assert type(model.output) is type(wrap(y)) and model.output[0] is y
    assert model.compute_output_shape((None, 5)) == model.output_shape == (None, 2)
    outer = Model(a, layers.Dense(1)(model(a)))
    assert outer.output_shape == (None, 1)
    again = Model.from_config(model.get_config())
    assert isinstance(again.predict(x), np.ndarray)


def test_one_output_in_a_dict_stays_there():
    a = Input((5,))
    model = Model(a, [{"y": layers.Dense(2)(a)}])
    assert set(model.predict(np.ones((3, 5), np.float32))) == {"y"}


def test_seq2seq_is_cut_apart_by_its_ends():
    """As published code does it: the encoder of a trained model by layer outputs."""
    source, target = Input((None, 3)), Input((None, 2))
    encoder = layers.LSTM(4, return_state=True, name="encoder")
    _, h, c = encoder(source)
    decoded = layers.LSTM(4, return_sequences=True, name="decoder")(target, initial_state=[h, c])
    model = Model([source, target], layers.Dense(2)(decoded))
    _, h, c = model.get_layer("encoder").output
    states = Model(model.input[0], [h, c])
    x = np.random.default_rng(0).normal(size=(2, 6, 3)).astype(np.float32)
    wanted = maskseq.convert_to_tensor(encoder(x)[1]), encoder(x)[2]
    for ours, known in zip(states.predict(x), wanted, strict=True):
        np.testing.assert_array_equal(ours, known)
