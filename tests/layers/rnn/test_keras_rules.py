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
    with pytest.raises(ValueError, match="use_cudnn must be 'auto', True or False, got 'always'"):
        make(3, use_cudnn="always")
