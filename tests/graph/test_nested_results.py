"""Calls that give lists in lists: each tensor is found where the graph has it."""

import numpy as np
import pytest

import maskseq
from maskseq import layers

X = np.random.default_rng(4).standard_normal((3, 5, 2)).astype(np.float32)
X[1, 2:] = 0


def cells(name):
    make = {"simple": layers.SimpleRNNCell, "gru": layers.GRUCell, "lstm": layers.LSTMCell}
    return [make[kind](units) for kind, units in zip(name.split(), (4, 3, 2), strict=False)]


@pytest.mark.parametrize("names", ["simple gru", "gru gru simple", "gru lstm", "lstm", "gru"])
def test_states_of_stacked_cells_are_tensors_in_a_model(names):
    rnn = layers.RNN(cells(names), return_state=True)
    inputs = maskseq.Input((None, 2))
    masked = layers.Masking()(inputs)
    _, *states = rnn(masked)
    last = states[-1][-1] if isinstance(states[-1], list) else states[-1]
    dense = layers.Dense(3)
    model = maskseq.Model(inputs, [dense(last), states])
    expected = rnn(layers.Masking()(X))[1:]
    wanted = maskseq.nest.flatten(expected)
    answer, given = model.predict(X)
    found = maskseq.nest.flatten(given)
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(answer, dense(np.asarray(wanted[-1])))
    np.testing.assert_array_equal(model(X)[0], answer)
    trained = maskseq.Model(inputs, layers.LayerNormalization()(dense(last)))
    trained.compile("sgd", "mse")
    assert np.isfinite(trained.train_on_batch(X, np.zeros((3, 3), np.float32)))
