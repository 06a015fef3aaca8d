"""Recurrent layers with activations of all units at once, which C does not compute in a step."""

import functools

import numpy as np
import pytest

import maskseq
from maskseq import _kernels, activations, layers
from maskseq.layers.rnn.run_cell import Outputs, step_by_step
from maskseq.layers.rnn.walked import products
from maskseq.rows import Layout, Rows, Source
from tests.support import reference
from tests.support.masks import randomize

KINDS = {
    "lstm": layers.LSTM,
    "gru": layers.GRU,
    "gru_reset_before": functools.partial(layers.GRU, reset_after=False),
    "simple_rnn": layers.SimpleRNN,
}
LENGTHS = np.array([3, 0, 7, 1, 7, 5])


def softmax(x):
    terms = np.exp(x - np.max(x))
    return terms / np.sum(terms)


@pytest.fixture(autouse=True)
def defined(monkeypatch):
    known = {"softmax": softmax, "log_softmax": lambda x: np.log(softmax(x))}
    monkeypatch.setattr(reference, "ACTIVATIONS", reference.ACTIVATIONS | known)


@pytest.mark.parametrize("together", [1, 8, 128])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("gate", ["sigmoid", "softmax"])
@pytest.mark.parametrize("kind", KINDS)
def test_equals_its_definition(rng, monkeypatch, kind, gate, reverse, together):
    monkeypatch.setattr(products, "TOGETHER", together)
    gates = {} if kind == "simple_rnn" else {"recurrent_activation": gate}
    layer = KINDS[kind](5, "log_softmax", **gates)
    layer.build((None, None, 4))
    weights = randomize(layer, rng)
    rows = rng.standard_normal((LENGTHS.sum() + 1, 4)).astype(np.float32)
    layout = Layout.from_offsets(np.append(0, np.cumsum(LENGTHS)))
    parts = np.split(rows[:-1], np.cumsum(LENGTHS)[:-1])
    started = [
        rng.standard_normal((6, 5)).astype(np.float32) for _ in range(layer.cell.state_count)
    ]
    for initial in (None, started):
        expected, last = reference.rnn(kind, parts, weights, "log_softmax", gate, initial, reverse)
        out = np.full((len(rows), 5), np.nan, np.float32)
        h, states = layer.cell.over_rows(Rows(rows, layout), initial, Outputs(out), reverse)
        np.testing.assert_allclose(out[:-1], np.concatenate(expected), rtol=2e-5, atol=2e-5)
        np.testing.assert_array_equal(h, states[0])
        for state, value in zip(states, last, strict=True):
            np.testing.assert_allclose(state, value, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_bits_are_those_of_single_steps(rng, kind):
    """Whatever is multiplied at once, through an index, and where outputs go."""
    layer = KINDS[kind](33, "softmax")
    layer.build((None, None, 9))
    randomize(layer, rng)
    table = rng.standard_normal((20, 9)).astype(np.float32)
    index = rng.integers(0, 20, LENGTHS.sum())
    rows = Rows(
        None, Layout.from_offsets(np.append(0, np.cumsum(LENGTHS))), False, Source(table, index)
    )
    cells, found = rng.permutation(30)[: len(index)], []
    for run in (products.run_products, step_by_step):
        out = np.zeros((30, 33), np.float32)
        _, states = run(layer.cell, rows, None, Outputs(out, cells), False)
        found.append([out.tobytes(), *(state.tobytes() for state in states)])
    assert found[0] == found[1]


@pytest.mark.parametrize("gate", ["sigmoid", "hard_sigmoid"])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sparsemax"])
def test_a_step_of_an_lstm_has_the_bits_of_its_formula(isa, rng, name, gate):
    """In C, on one thread and on several."""
    of_input = rng.standard_normal((300, 4 * 37)).astype(np.float32)
    h, c = rng.standard_normal((2, 300, 37)).astype(np.float32)
    packed = _kernels.PackedDense(rng.standard_normal((37, 4 * 37)).astype(np.float32) / 6)
    z = _kernels.dense(h, packed, num_threads=1)
    function, of_gate = getattr(activations, name), getattr(activations, gate)
    i, f, new, o = np.split(of_input + z, 4, axis=1)
    after = of_gate(f) * c + of_gate(i) * function(new)
    for threads in (1, 3):
        made = _kernels.lstm_of_rows(h, packed, of_input, c, gate, name, num_threads=threads)
        np.testing.assert_array_equal(made[0], of_gate(o) * function(after))
        np.testing.assert_array_equal(made[1], after)


def test_a_step_of_an_lstm_refuses_a_kernel_of_another_size():
    packed, rows = _kernels.PackedDense(np.ones((3, 9), np.float32)), np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match="packed must have 12 outputs, got 9"):
        _kernels.lstm_of_rows(rows, packed, np.ones((2, 12)), rows, "sigmoid", "softmax")


def test_a_step_of_ones_own_is_the_one_that_runs():
    class Held(layers.LSTMCell):
        def advance(self, x, *states):
            return states

    layer = layers.RNN(Held(3, activation="softmax"))
    np.testing.assert_array_equal(layer(np.ones((2, 4, 3), np.float32)), np.zeros((2, 3)))


@pytest.mark.parametrize("kind", KINDS)
def test_trains_on_the_function_that_predicts(rng, kind):
    """The walk under a tape answers as the run without one."""
    gates = {} if kind == "simple_rnn" else {"recurrent_activation": "softmax"}
    layer = KINDS[kind](3, "softmax", **gates)
    model = maskseq.Sequential([maskseq.Input((None, 2)), layer])
    model.compile("sgd", "mse")
    x, y = rng.standard_normal((4, 5, 2)), rng.standard_normal((4, 3))
    expected = np.mean((np.asarray(model.predict(x)) - y) ** 2)
    np.testing.assert_allclose(model.train_on_batch(x, y), expected, rtol=1e-5)
