"""Where an answer depends on padding in spite of the mask, a warning says so, once."""

import warnings

import numpy as np
import pytest

import maskseq
from maskseq import Input, Sequential, layers

X = np.random.default_rng(2).standard_normal((2, 5, 4)).astype(np.float32)
MASK = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], bool)
SHORT, LONG = X[0, :3], X[1]


def backwards(kind):
    return lambda: kind(3, go_backwards=True, return_sequences=True)


DEPENDENT = {
    "LSTM backwards": backwards(layers.LSTM),
    "GRU backwards": backwards(layers.GRU),
    "SimpleRNN backwards": backwards(layers.SimpleRNN),
    "RNN backwards": lambda: layers.RNN(
        [layers.GRUCell(3), layers.LSTMCell(2)], go_backwards=True, return_sequences=True
    ),
    "LSTM zeros": lambda: layers.LSTM(3, zero_output_for_mask=True),
    "GRU zeros backwards": lambda: layers.GRU(3, go_backwards=True, zero_output_for_mask=True),
    "GroupNormalization": lambda: layers.GroupNormalization(2),
    "UnitNormalization over time": lambda: layers.UnitNormalization(axis=1),
}
INDEPENDENT = {
    "LSTM": lambda: layers.LSTM(3, go_backwards=True),
    "LSTM sequences": lambda: layers.LSTM(3, return_sequences=True, zero_output_for_mask=True),
    "Bidirectional": lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
    "Bidirectional zeros": lambda: layers.Bidirectional(layers.GRU(3, zero_output_for_mask=True)),
    "LayerNormalization": lambda: layers.LayerNormalization(),
    "Dense": lambda: layers.Dense(2, "softmax"),
}


def masked():
    x = maskseq.convert_to_tensor(X.copy())
    maskseq.set_keras_mask(x, MASK)
    return x


def told(call):
    """The warnings about padding of a call, and the files they point at."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        call()
    found = [w for w in heard if "depends on the padding" in str(w.message)]
    assert all(w.category is UserWarning and w.filename == __file__ for w in found)
    return len(found)


def model_of(make, first):
    return Sequential([Input((None, 4)), *first, make()])


@pytest.mark.parametrize("name", DEPENDENT)
def test_layers_say_that_padding_matters_where_they_meet_a_mask(name):
    layer = DEPENDENT[name]()
    assert told(lambda: layer(X)) == 0
    assert [told(lambda: layer(masked())) for _ in range(2)] == [1, 0]
    by_hand = DEPENDENT[name]()
    if "mask" in by_hand.call_parameters():
        assert told(lambda: by_hand(X, mask=np.ones((2, 5), bool))) == 0
        assert told(lambda: by_hand(X, mask=MASK)) == 1
    assert told(lambda: model_of(DEPENDENT[name], [layers.Masking()])) == 1
    model = model_of(DEPENDENT[name], [])
    assert told(lambda: model.predict(X)) == told(lambda: model.predict([LONG, LONG])) == 0
    assert told(lambda: model.predict([SHORT, LONG])) == (name != "GRU zeros backwards")
    if name == "GRU zeros backwards":
        return  # of what is padded on the left only
    strict = Sequential([Input((None, 4)), DEPENDENT[name]()], on_mask_loss="error")
    with pytest.raises(ValueError, match="depends on the padding"):
        strict.predict([SHORT, LONG])


@pytest.mark.parametrize("name", DEPENDENT)
def test_the_answers_do_depend_on_padding(name):
    """A warning that nothing stands behind would be a false alarm."""
    layer = DEPENDENT[name]()
    alone = np.asarray(layer(SHORT[None]))[0]
    padded = np.concatenate([np.ones((2, 4), np.float32), SHORT, np.ones((4, 4), np.float32)])
    x = maskseq.convert_to_tensor(padded[None])
    maskseq.set_keras_mask(x, np.array([[0, 0, 1, 1, 1, 0, 0, 0, 0]], bool))
    inside = np.asarray(layer(x))[0]
    assert np.abs(alone - (inside[2:5] if inside.ndim > 1 else inside)).max() > 1e-3


@pytest.mark.parametrize("name", INDEPENDENT)
def test_layers_whose_answers_do_not_depend_on_padding_say_nothing(name):
    model = model_of(INDEPENDENT[name], [layers.Masking()])
    assert told(lambda: INDEPENDENT[name]()(masked())) == 0
    assert told(lambda: model_of(INDEPENDENT[name], [layers.Masking()])) == 0
    assert told(lambda: model.predict([SHORT, LONG])) == 0
    alone, beside = model.predict([SHORT])[0], model.predict([SHORT, LONG])[0]
    np.testing.assert_array_equal(alone, beside[: len(alone)] if alone.ndim > 1 else beside)


def test_a_mask_of_features_is_told_by_what_mixes_them():
    x = maskseq.convert_to_tensor(X[:, 0].copy())
    maskseq.set_keras_mask(x, np.array([[1, 1, 0, 1], [1, 1, 1, 1]], bool))
    for layer in (layers.Activation("softmax"), layers.Dense(2), layers.LayerNormalization()):
        assert told(lambda layer=layer: layer(x)) == 1
    for layer in (layers.Activation("relu"), layers.Softmax()):
        assert told(lambda layer=layer: layer(x)) == 0
