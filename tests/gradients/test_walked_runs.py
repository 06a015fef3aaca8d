"""Recurrent layers whose way back is not in C: recorded as one, to the same gradients."""

import numpy as np
import pytest

from maskseq import _kernels, layers, ops
from maskseq.context import changed
from maskseq.numerics.draws import Draws
from maskseq.rows import Rows
from maskseq.runtime import num_threads
from maskseq.tape import Tape

KINDS = {
    "lstm": layers.LSTM,
    "gru": layers.GRU,
    "gru_reset_before": lambda *a, **k: layers.GRU(*a, reset_after=False, **k),
    "simple_rnn": layers.SimpleRNN,
}
OPTIONS = {
    "activation": {"activation": "softsign"},
    "dropped": {"dropout": 0.3, "recurrent_dropout": 0.4},
    "both": {"activation": "elu", "dropout": 0.3, "recurrent_dropout": 0.4},
}
FEATURES = 5


def made(rng, kind, units=6, **options):
    layer = KINDS[kind](units, **options)
    layer.build((None, None, FEATURES))
    layer.built = True
    layer.set_weights([rng.normal(0, 0.5, v.shape) for v in layer.weights])
    return layer


def train(layer, rows, numbers=None):
    """The tape, the number of its entries, the output."""
    tape = Tape(layer.trainable_variables)
    with changed(tape=tape, training=True, rng=Draws(3, 1, numbers)):
        y = layer(tape.watch(rows))
    return tape, len(tape), y


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", OPTIONS)
def test_a_run_is_recorded_as_one_however_long_it_is(rng, kind, options):
    layer = made(rng, kind, **OPTIONS[options])
    counts = []
    for time in (2, 9):
        x = rng.normal(size=(3, time, FEATURES)).astype(np.float32)
        counts.append(train(layer, Rows.view(x, None))[1])
    assert counts[0] == counts[1] <= 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", OPTIONS)
def test_weights_get_the_same_bits_in_any_padding_and_on_any_cpu(rng, kind, options, isa):
    layer = made(rng, kind, 19, **OPTIONS[options])
    lengths = np.array([7, 0, 3, 9, 1])
    steps = rng.normal(size=(lengths.sum(), FEATURES)).astype(np.float32)
    d = rng.normal(size=(5, 19)).astype(np.float32)
    found = []
    for name, threads, left in (("generic", 1, False), (isa, 1, True), (isa, 3, False)):
        time = 9 + threads
        mask = np.arange(time) < lengths[:, None]
        mask = mask[:, ::-1] if left else mask
        x = np.full((5, time, FEATURES), np.nan, np.float32)
        x[mask] = steps
        _kernels.set_isa(name)
        layer.set_weights(layer.get_weights())  # are packed anew
        with num_threads(threads):
            tape, _, y = train(layer, Rows.view(x, mask))
            found.append(tape.gradients(y, d))
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dropped", [{}, {"dropout": 0.3, "recurrent_dropout": 0.4}])
def test_gradients_are_those_of_operations_step_by_step(rng, kind, dropped):
    """As a function of one's own softsign is not known, and each operation is recorded."""
    known = made(rng, kind, activation="softsign", return_sequences=True, **dropped)
    own = made(
        rng,
        kind,
        activation=lambda x: x / (1 + ops.abs(x)),
        return_sequences=True,
        **dropped,
    )
    own.set_weights(known.get_weights())
    mask = np.array([[1, 1, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 1, 0]], bool)
    x = rng.normal(size=(4, 4, FEATURES)).astype(np.float32)
    d = rng.normal(size=(4, 4, 6)).astype(np.float32)
    found = []
    for layer in (known, own):
        tape, count, y = train(layer, Rows.view(x, mask), [4, 9, 2, 7])
        found.append([np.asarray(y.value), *tape.gradients(y, d)])
    assert count > 20
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-6)
