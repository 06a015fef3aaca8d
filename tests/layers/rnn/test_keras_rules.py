"""Rules of Keras's recurrent layers about batch sizes, states and directions."""

import numpy as np
import pytest

import maskseq
from maskseq import layers

X = np.random.default_rng(5).standard_normal((3, 4, 2)).astype(np.float32)
MASK = np.array([[True, False, True, False]])
WRAPS = {"LSTM": lambda x: x, "Bidirectional": layers.Bidirectional}


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("mask", [MASK, MASK[:, :, None]], ids=["rank 2", "rank 3"])
def test_a_mask_of_one_sequence_is_that_of_each(wrap, sequences, mask):
    layer = wrap(layers.LSTM(3, return_sequences=sequences))
    expected = layer(X, mask=np.repeat(MASK, len(X), axis=0))
    np.testing.assert_array_equal(layer(X, mask=mask), expected)
    assert not np.array_equal(layer(X), expected)


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_a_stateful_layer_keeps_its_batch_size(wrap):
    layer = wrap(layers.LSTM(3, stateful=True))
    layer(X)
    for _ in range(2):
        with pytest.raises(ValueError, match="expected batch size 3, received batch size 1"):
            layer(X[:1])
        layer.reset_states()  # starts anew, with the same batch size


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_a_stateful_layer_refuses_an_unknown_batch_size(wrap):
    with pytest.raises(ValueError, match="the batch size must be static"):
        wrap(layers.LSTM(3, stateful=True))(maskseq.Input((None, 2)))


def test_states_of_a_stateful_bidirectional_layer_are_those_of_both():
    layer = layers.Bidirectional(layers.LSTM(3, stateful=True, return_state=True))
    assert layer.states is None
    _, *states = layer(X)
    for held, state in zip(layer.states, states, strict=True):
        np.testing.assert_array_equal(held, state)
    layer.reset_state()
    assert layer.states is None


def test_bidirectional_refuses_what_keras_refuses():
    with pytest.raises(ValueError, match="different go_backwards, got True for both"):
        layers.Bidirectional(layers.LSTM(3, go_backwards=True))
    with pytest.raises(AttributeError, match="Bidirectional 'both' must be stateful"):
        layers.Bidirectional(layers.LSTM(3), name="both").reset_state()


@pytest.mark.parametrize("make", [layers.LSTM, layers.GRU])
def test_use_cudnn_is_checked_and_kept(make):
    for value in ("auto", True, False):
        layer = layers.Bidirectional(make(3, use_cudnn=value))
        assert layer.forward_layer.use_cudnn == layer.backward_layer.use_cudnn == value
    assert make(3, use_cudnn=1).use_cudnn == 1
    for value in ("always", None, 2, 0.5, np.array([True, False])):
        with pytest.raises(ValueError, match="use_cudnn must be .*, got "):
            make(3, use_cudnn=value)


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
@pytest.mark.parametrize("symbolic", [False, True])
def test_constants_of_keras_2_are_no_argument_of_a_call(wrap, symbolic):
    x, constant = (maskseq.Input((4, 2)), maskseq.Input((2,))) if symbolic else (X, X[:, 0])
    with pytest.raises(TypeError, match="unexpected keyword argument 'constants'"):
        wrap(layers.LSTM(3))(x, constants=[constant])


def test_predict_of_a_stateful_layer_goes_on_from_batch_to_batch():
    layer = layers.GRU(2, stateful=True)
    model = maskseq.Sequential([maskseq.Input(batch_shape=(3, 4, 2)), layer])
    first, second = model.predict(np.concatenate([X, X]), batch_size=3).reshape(2, 3, 2)
    layer.reset_state()
    np.testing.assert_array_equal(layer(X), first)
    np.testing.assert_array_equal(layer(X), second)
    assert not np.array_equal(first, second)


def test_a_stateful_stack_keeps_the_states_of_each_cell_and_forgets_them():
    layer = layers.RNN([layers.GRUCell(2), layers.LSTMCell(3)], stateful=True)
    first, second = np.array(layer(X)), np.array(layer(X))
    layer.reset_state()
    np.testing.assert_array_equal(layer(X), first)
    np.testing.assert_array_equal(layer(X), second)
