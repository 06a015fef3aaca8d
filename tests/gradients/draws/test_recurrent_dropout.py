"""Dropout inside recurrent layers: what is dropped, on what that depends, and the gradients."""

import numpy as np
import pytest

from maskseq import layers
from maskseq.context import changed
from maskseq.layers.rnn.taped_dropout import Dropped
from maskseq.numerics.draws import Draws
from maskseq.rows import Rows
from maskseq.tape import Tape
from tests.support.recurrent_run import slope
from tests.support.reference import sigmoid

UNITS, FEATURES = 5, 4
MASK = np.array([[1, 0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 1]], bool)
LAYERS = {
    "lstm": layers.LSTM,
    "gru": layers.GRU,
    "before": lambda *a, **k: layers.GRU(*a, reset_after=False, **k),
    "simple": layers.SimpleRNN,
}


def train(layer, x, mask=MASK, sequences=None, rows=False):
    """The outputs; a function of their gradient: the gradients of (x, *weights); the tape's."""
    tape = Tape(layer.trainable_variables)
    given = tape.watch(Rows.view(x, mask) if rows else x)
    with changed(tape=tape, training=True, rng=Draws(7, 1, sequences)):
        y = layer(given, mask=mask)
    watched = [given, *layer.trainable_variables]
    return np.asarray(y.value), lambda d: tape.gradients(y, d, of=watched)


def made(rng, kind, **options):
    layer = LAYERS[kind](UNITS, **options)
    layer.build((None, None, FEATURES))
    layer.built = True
    layer.set_weights([rng.normal(0, 0.6, v.shape) for v in layer.weights])
    return layer, rng.normal(size=(*MASK.shape, FEATURES)).astype(np.float32)


def factors(layer, batch):
    """Those of the input and of the state, float64 (gates, batch, ...)."""
    with changed(training=True, rng=Draws(7, 1)):
        dropped = Dropped(layer.cell, FEATURES, batch)
    gates = layer.cell.gates
    found = []
    for of, width in ((dropped.of_input, FEATURES), (dropped.of_state, UNITS)):
        of = [np.ones((batch, width))] if of is None else of
        found.append(np.broadcast_to(np.float64(of), (gates, batch, width)))
    return found


def definition(kind, x, mask, of_input, of_state, kernel, recurrent_kernel, bias):
    """The last outputs in float64."""
    gates = len(of_input)
    kernels = np.split(kernel, gates, axis=1)
    recurrent = np.split(recurrent_kernel, gates, axis=1)
    last = []
    for b, keep in enumerate(mask):
        h = c = np.zeros(UNITS)
        for row in x[b, keep]:
            of_x = np.concatenate([row * of_input[g, b] @ kernels[g] for g in range(gates)])
            of_h = np.concatenate([h * of_state[g, b] @ recurrent[g] for g in range(gates)])
            if kind == "gru":
                of_x, of_h = of_x + bias[0], of_h + bias[1]
                z, r = (sigmoid(a) for a in np.split((of_x + of_h)[: 2 * UNITS], 2))
                h = z * h + (1 - z) * np.tanh(of_x[2 * UNITS :] + r * of_h[2 * UNITS :])
            elif kind == "before":
                z, r = (sigmoid(a) for a in np.split((of_x + of_h + bias)[: 2 * UNITS], 2))
                of_reset = r * h * of_state[2, b] @ recurrent[2]
                h = z * h + (1 - z) * np.tanh((of_x + bias)[2 * UNITS :] + of_reset)
            elif kind == "lstm":
                i, f, new, o = np.split(of_x + of_h + bias, 4)
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(new)
                h = sigmoid(o) * np.tanh(c)
            else:
                h = np.tanh(of_x + of_h + bias)
        last.append(h)
    return np.array(last)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("rates", [(0.4, 0), (0, 0.4), (0.3, 0.5)])
def test_outputs_and_gradients_are_those_of_the_definition(rng, kind, rates):
    layer, x = made(rng, kind, dropout=rates[0], recurrent_dropout=rates[1])
    of_input, of_state = factors(layer, len(x))
    assert (of_input == 0).any() == (rates[0] > 0) and (of_state == 0).any() == (rates[1] > 0)
    weights = [np.float64(v.value) for v in layer.weights]
    y, gradients = train(layer, x)
    run = lambda x, *w: definition(kind, x, MASK, of_input, of_state, *w)  # noqa: E731
    np.testing.assert_allclose(y, run(np.float64(x), *weights), rtol=1e-5, atol=1e-6)
    d = rng.normal(size=y.shape).astype(np.float32)
    arguments = [np.float64(x), *weights]
    for number, gradient in enumerate(gradients(d)):
        direction = rng.normal(size=gradient.shape) + gradient
        want = slope(lambda *a: np.vdot(run(*a), d), arguments, number, direction)
        size = np.linalg.norm(gradient) * np.linalg.norm(direction)
        assert abs(want - np.vdot(gradient, direction)) < 1e-5 * size


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("recurrent", [0, 0.5])
def test_what_is_dropped_depends_on_the_sequence_alone(rng, kind, recurrent):
    layer, x = made(rng, kind, dropout=0.5, recurrent_dropout=recurrent)
    together, _ = train(layer, x, sequences=[4, 9, 2])
    padded = np.concatenate([np.full_like(x, np.nan), x], axis=1)
    mask = np.concatenate([np.zeros_like(MASK), MASK], axis=1)
    assert np.array_equal(train(layer, padded, mask, [4, 9, 2])[0], together)
    assert np.array_equal(train(layer, x, MASK, [4, 9, 2], rows=True)[0], together)
    for b, number in enumerate([4, 9, 2]):
        alone, _ = train(layer, x[b : b + 1], MASK[b : b + 1], [number])
        assert np.array_equal(alone[0], together[b])
    assert not np.array_equal(train(layer, x, sequences=[4, 9, 3])[0][2], together[2])


def test_nothing_is_dropped_outside_of_training(rng):
    layer, x = made(rng, "lstm", dropout=0.5, recurrent_dropout=0.5)
    tape = Tape(layer.trainable_variables)
    with changed(tape=tape):
        y = layer(tape.data(x), mask=MASK)
    assert np.array_equal(y.value, layer(x, mask=MASK))


def test_a_frozen_layer_drops_in_training_too(rng):
    layer, x = made(rng, "gru", dropout=0.5)
    want, _ = train(layer, x)
    layer.trainable = False
    tape = Tape([])
    with changed(tape=tape, training=True, rng=Draws(7, 1)):
        y = layer(tape.data(x), mask=MASK)
    assert np.array_equal(getattr(y, "value", y), want)
