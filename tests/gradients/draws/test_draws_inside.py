"""Random layers inside wrappers, cells and users' layers draw by sequence and real step alone."""

import numpy as np
import pytest

import maskseq
from maskseq import layers, ops
from maskseq.context import changed
from maskseq.numerics.draws import Draws, mixed, mixed_rows
from maskseq.rows import Rows
from maskseq.tape import Tape, value_of
from maskseq.testing import check_gradients

MASK = np.array([[1, 0, 1, 1], [0, 0, 0, 0], [0, 1, 1, 0]], bool)
NUMBERS = np.array([30, 10, 20])
DROPS = {"dropout": 0.5, "recurrent_dropout": 0.4}


class DroppingCell(layers.Layer):
    """A cell that drops its input at each step, and the state of a cell that it holds."""

    state_size = 5

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.drop, self.inner = layers.Dropout(0.5), layers.SimpleRNNCell(5, **DROPS)

    def build(self, input_shape):
        self.inner.build(input_shape)

    def call(self, x, states, training=False):
        return self.inner(self.drop(x), states)


class Reshaping(layers.Layer):
    """Loses the mask, and takes steps for samples."""

    supports_masking = True

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.drop = layers.Dropout(0.5)

    def call(self, x):
        batch, time, features = x.shape
        y = self.drop(ops.reshape(x, (batch * time, features)))
        return ops.reshape(y, (batch, time, features)) + self.drop(x * 1.0)


class Stepwise(layers.Layer):
    supports_masking = stepwise = True

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.drop = layers.Dropout(0.5)

    def call(self, x):
        return self.drop(x) + 1


class SelfAttention(layers.Layer):
    supports_masking = True

    def __init__(self, attention, lists=False):
        super().__init__()
        self.attention, self.lists = attention, lists

    def call(self, x, mask=None):
        return self.attention([x, x]) if self.lists else self.attention(x, x)


def steps(kind, **options):
    return lambda: kind(3, return_sequences=True, **options)


def dense_and_dropout():
    return maskseq.Sequential([layers.Dense(4), layers.Dropout(0.5)])


MAKES = {
    "time_distributed": lambda: layers.TimeDistributed(layers.Dropout(0.5)),
    "time_distributed_noise": lambda: layers.TimeDistributed(layers.GaussianNoise(0.5)),
    "time_distributed_model": lambda: layers.TimeDistributed(dense_and_dropout()),
    "user_cell": lambda: layers.RNN(DroppingCell(), return_sequences=True),
    "user_cell_twice": lambda: layers.Bidirectional(
        layers.RNN(DroppingCell(), return_sequences=True)
    ),
    "reshaping": Reshaping,
    "stepwise": Stepwise,
    "stacked": lambda: layers.RNN(
        [layers.LSTMCell(3, dropout=0.5), layers.GRUCell(3, **DROPS)], return_sequences=True
    ),
    "bidirectional": lambda: layers.Bidirectional(steps(layers.LSTM, **DROPS)()),
    "one_direction": lambda: layers.Bidirectional(
        steps(layers.LSTM, **DROPS)(), backward_layer=steps(layers.LSTM, go_backwards=True)()
    ),
    "lstm": steps(layers.LSTM, **DROPS),
    "lstm_input": steps(layers.LSTM, dropout=0.5),
    "lstm_softsign": steps(layers.LSTM, activation="softsign", dropout=0.5),
    "gru": steps(layers.GRU, **DROPS),
    "gru_reset_before": steps(layers.GRU, reset_after=False, **DROPS),
    "simple": steps(layers.SimpleRNN, **DROPS),
    "attention": lambda: SelfAttention(layers.Attention(dropout=0.5), lists=True),
    "additive": lambda: SelfAttention(layers.AdditiveAttention(dropout=0.5), lists=True),
    "heads": lambda: SelfAttention(layers.MultiHeadAttention(2, 3, dropout=0.5)),
    "grouped": lambda: SelfAttention(layers.GroupQueryAttention(3, 2, 1, dropout=0.5)),
}


def masked(x, mask):
    tensor = maskseq.convert_to_tensor(x.copy())
    tensor._keras_mask = mask
    return tensor


def real_steps(layer, value, mask, numbers, taped):
    """What the layer gives in training at real steps, float32 (n, features)."""
    tape = Tape(layer.trainable_variables)
    settings = {"training": True, "rng": Draws(5, 2, numbers)}
    if taped:
        with changed(tape=tape, **settings):
            y = value_of(layer(tape.watch(value)))
    else:
        with changed(**settings):
            y = layer.apply(value)
    return y.values[: y.layout.steps] if type(y) is Rows else np.asarray(y)[mask]


def ready(name, rng):
    layer, x = MAKES[name](), rng.standard_normal((3, 4, 5)).astype(np.float32)
    layer(masked(x, MASK))
    return layer, x


@pytest.mark.parametrize("name", MAKES)
def test_a_sequence_draws_the_same_however_it_comes(name, rng):
    layer, x = ready(name, rng)
    want = real_steps(layer, Rows.view(x, MASK), MASK, NUMBERS, True)
    still = layer(masked(x, MASK))
    assert not np.array_equal(want, np.asarray(still)[MASK])
    wide_mask = np.concatenate([np.zeros((3, 3), bool), MASK, np.zeros((3, 2), bool)], axis=1)
    wide = np.full((3, 9, 5), 7, np.float32)
    wide[:, 3:7] = x
    for taped in (True, False):
        for value, mask in (
            (Rows.view(x, MASK), MASK),
            (masked(x, MASK), MASK),
            (masked(wide, wide_mask), wide_mask),
        ):
            np.testing.assert_array_equal(real_steps(layer, value, mask, NUMBERS, taped), want)
        alone = [
            real_steps(layer, masked(x[b : b + 1], MASK[b : b + 1]), MASK[b : b + 1], [n], taped)
            for b, n in enumerate(NUMBERS)
        ]
        np.testing.assert_array_equal(np.concatenate(alone), want)


@pytest.mark.parametrize("name", MAKES)
def test_steps_and_sequences_draw_apart(name, rng):
    """All steps and sequences are alike, and yet what is drawn for them is not."""
    layer, _ = ready(name, rng)
    x = np.ones((3, 4, 5), np.float32)
    y = real_steps(layer, x, np.ones((3, 4), bool), NUMBERS, False).reshape(3, 4, -1)
    assert not np.array_equal(y[0], y[1]) and not np.array_equal(y[:, 0], y[:, 1])


@pytest.mark.parametrize("name", MAKES)
def test_a_seed_makes_draws_outside_of_fit_the_same_again(name, rng):
    layer, x = ready(name, rng)
    weights, given = layer.get_weights(), masked(x, MASK)

    def twice():
        maskseq.set_random_seed(3)
        other = MAKES[name]()
        other(given)
        other.set_weights(weights)
        for part in _drawing(other):
            part.seed = 11
        return [np.asarray(other(given, training=True)) for _ in range(2)]

    first, second = twice(), twice()
    assert not np.array_equal(first[0], first[1])
    np.testing.assert_array_equal(first, second)


def _drawing(layer):
    parts = [layer, *getattr(layer, "_sublayers", list)()]
    parts += [c for p in parts for c in getattr(getattr(p, "cell", None), "cells", [])]
    inner = [p for part in parts[1:] for p in _drawing(part)]
    return [p for p in (*parts, *inner) if hasattr(p, "seed") and "seed" in vars(p)]


@pytest.mark.parametrize("name", ["user_cell", "time_distributed_model", "reshaping"])
def test_gradients_pass_what_draws_inside(name, rng):
    layer, x = ready(name, rng)
    check_gradients(layer, x, inputs=True)


def test_conv_lstm_drops_as_the_walk_says(rng):
    x = rng.standard_normal((3, 4, 3, 2)).astype(np.float32)
    layer = layers.ConvLSTM1D(2, 2, return_sequences=True, **DROPS)
    plain = layer(x)
    want = real_steps(layer, x, np.ones((3, 4), bool), NUMBERS, True)
    assert not np.array_equal(want, np.asarray(plain).reshape(want.shape))
    for taped in (True, False):
        for b, number in enumerate(NUMBERS):
            longer = np.concatenate([np.zeros((1, 3, 3, 2), np.float32), x[b : b + 1]], axis=1)
            mask = np.arange(7)[None] > 2
            got = real_steps(layer, masked(longer, mask), mask, [number], taped)
            np.testing.assert_array_equal(got, want[4 * b : 4 * b + 4])
    check_gradients(layer, x)


def test_draws_after_a_cell_do_not_hang_on_the_longest_sequence(rng):
    """A layer that draws at each step takes one key, however many steps there are."""
    model = maskseq.Sequential([layers.RNN(DroppingCell()), layers.Dropout(0.5)])
    x = rng.standard_normal((2, 3, 4)).astype(np.float32)
    model(x)
    longer = masked(np.concatenate([x, x, x], axis=1), np.arange(9)[None] < [[3], [3]])
    with changed(training=True, rng=Draws(1)):
        want = model.apply(x)
    with changed(training=True, rng=Draws(1)):
        np.testing.assert_array_equal(model.apply(longer), want)


def test_two_runs_of_cells_draw_apart(rng):
    first, x = ready("user_cell", rng)
    second, _ = ready("user_cell", rng)
    second.set_weights(first.get_weights())
    with changed(training=True, rng=Draws(1)):
        assert not np.array_equal(first(x), second(x))


@pytest.mark.parametrize("draws", [None, 5])
def test_a_cell_inside_a_cell_drops_the_same_at_each_step(draws):
    cell = DroppingCell()
    cell.drop = layers.Dropout(0)
    cell.inner = layers.SimpleRNNCell(5, activation="linear", use_bias=False, dropout=0.5)
    layer, x = layers.RNN(cell, return_sequences=True), np.ones((4, 6, 5), np.float32)
    layer(x)
    layer.set_weights([np.eye(5), np.zeros((5, 5))])
    with changed(training=True, rng=None if draws is None else Draws(draws)):
        y = np.asarray(layer(x))
    assert set(np.unique(y)) == {0, 2}
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))


def test_rows_mix_as_numbers_do():
    sequences, rows = [0, 7, -1, 2**62], [0, 3, -1, 5]
    want = [mixed(a % 2**64, b % 2**64) for a, b in zip(sequences, rows, strict=True)]
    got = mixed_rows(np.array(sequences), np.array(rows))
    assert [x % 2**64 for x in got.tolist()] == want


def test_all_of_a_batch_masked_is_no_error_for_heads(rng):
    x = rng.standard_normal((1, 4, 5)).astype(np.float32)
    layer = SelfAttention(layers.MultiHeadAttention(2, 3))
    layer(x)
    tape = Tape(layer.trainable_variables)
    with changed(tape=tape, training=True, rng=Draws(0)):
        y = layer(tape.data(masked(x, np.zeros((1, 4), bool))))
    for gradient in tape.gradients(y, np.ones(y.shape, np.float32)):
        assert gradient is None or np.isfinite(gradient).all()
