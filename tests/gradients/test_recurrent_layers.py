"""Gradients of recurrent layers under masks: against differences of a float64 definition."""

import numpy as np
import pytest

from maskseq import _kernels, layers, ops
from maskseq.context import changed
from maskseq.nest import flatten
from maskseq.rows import Rows
from maskseq.runtime import num_threads
from maskseq.tape import Tape, value_of
from tests.support import reference
from tests.support.recurrent_run import slope

KINDS = {
    "lstm": layers.LSTM,
    "gru": layers.GRU,
    "gru_reset_before": lambda *a, **k: layers.GRU(*a, reset_after=False, **k),
    "simple_rnn": layers.SimpleRNN,
}
MASKS = {
    "right": [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]],
    "left": [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]],
    "holes": [[1, 0, 1, 0, 1], [0, 1, 1, 0, 0], [1, 1, 0, 1, 1], [0, 1, 0, 1, 0]],
    "full": [[1] * 5] * 4,
}
FEATURES, UNITS = 3, 4


def train(layer, x, mask, initial=(), rows=False):
    """The outputs, and a function of their gradients: those of (x, *weights, *initial)."""
    layer.build((len(x), None, *x.shape[2:]))
    layer.built = True
    tape = Tape(layer.trainable_variables)
    given = tape.watch(Rows.view(x, mask) if rows else x)
    starts = [tape.watch(h) for h in initial]
    options = {"initial_state": starts} if starts else {}
    with changed(tape=tape):
        outputs = flatten(layer(given, mask=mask, **options))
    watched = [given, *layer.trainable_variables, *starts]
    return [np.asarray(value_of(y)) for y in outputs], lambda d: tape.gradients(
        outputs, d, of=watched
    )


def random_weights(rng, layer, x):
    layer.build((len(x), None, *x.shape[2:]))
    for v in layer.weights:
        v.assign(rng.normal(0, 0.6, v.shape))


def check(rng, kind, mask, initial=False, rows=False, units=UNITS, **options):
    mask = np.array(mask, bool)
    x = rng.normal(size=(*mask.shape, FEATURES)).astype(np.float32)
    x[~mask] = np.nan
    layer = KINDS[kind](units, return_state=True, **options)
    random_weights(rng, layer, x)
    count = 2 if kind == "lstm" else 1
    starts = [rng.normal(size=(len(x), units)).astype(np.float32) for _ in range(count * initial)]
    outputs, gradients = train(layer, x, mask, starts, rows)
    d = [rng.normal(size=y.shape).astype(np.float32) for y in outputs]

    def loss(x, kernel, recurrent_kernel, *rest):
        bias = rest[0] if layer.use_bias else np.zeros(layer.cell.bias_shape())
        padded, last = reference.masked_rnn(
            kind,
            x,
            mask,
            (kernel, recurrent_kernel, bias),
            options.get("activation", "tanh"),
            options.get("recurrent_activation", "sigmoid"),
            options.get("go_backwards", False),
            rest[layer.use_bias :] or None,
            options.get("zero_output_for_mask", False),
        )
        y = padded if layer.return_sequences else last_output(layer, last[0], mask)
        return sum(map(np.vdot, (y, *last), d))

    arguments = [np.float64(np.where(mask[..., None], x, 0))]
    arguments += [np.float64(a) for a in (*(v.value for v in layer.weights), *starts)]
    got = gradients(d)
    if rows:
        cells = np.zeros_like(x)
        cells[mask] = got[0][: mask.sum()]
        got[0] = cells
    assert np.isfinite(got[0]).all() and not got[0][~mask].any()
    for number, gradient in enumerate(got):
        random = rng.normal(size=gradient.shape)
        direction = gradient + random * np.linalg.norm(gradient) / np.linalg.norm(random)
        size = np.linalg.norm(direction)
        want = slope(loss, arguments, number, direction / size)
        assert abs(want - np.vdot(gradient, direction) / size) < 1e-5 * np.linalg.norm(gradient)


def last_output(layer, h, mask):
    """As Keras: with zero_output_for_mask the last cell shows zeros if it is masked."""
    if not layer.zero_output_for_mask:
        return h
    return np.where(mask[:, [0 if layer.go_backwards else -1]], h, 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("sequences", [False, True])
def test_gradients_under_masks(rng, kind, mask, sequences):
    check(rng, kind, MASKS[mask], return_sequences=sequences)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("zero", [False, True])
def test_gradients_from_initial_states(rng, kind, mask, backwards, zero):
    options = {"go_backwards": backwards, "zero_output_for_mask": zero}
    check(rng, kind, MASKS[mask], initial=True, return_sequences=True, **options)
    check(rng, kind, MASKS[mask], initial=True, **options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mask", MASKS)
def test_gradients_of_rows(rng, kind, mask):
    check(rng, kind, MASKS[mask], rows=True, return_sequences=True)
    check(rng, kind, MASKS[mask], rows=True)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_without_bias_and_of_other_activations(rng, kind):
    check(rng, kind, MASKS["holes"], use_bias=False)
    gates = {} if kind == "simple_rnn" else {"recurrent_activation": "hard_sigmoid"}
    check(rng, kind, MASKS["left"], activation="softsign", **gates, return_sequences=True)
    check(rng, kind, MASKS["right"], activation="elu", use_bias=False, rows=True)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_one_sequence_and_of_none(rng, kind):
    check(rng, kind, [[1, 1, 1]])
    layer = KINDS[kind](UNITS)
    _, gradients = train(layer, np.zeros((2, 4, FEATURES), np.float32), np.zeros((2, 4), bool))
    found = gradients([np.ones((2, UNITS), np.float32)])
    assert all(g is None or not g.any() for g in found)


def test_gradients_of_masked_batches_without_steps_pass_to_the_states(rng):
    layer = layers.LSTM(UNITS, return_state=True)
    x, starts = np.zeros((2, 3, FEATURES), np.float32), [np.ones((2, UNITS), np.float32)] * 2
    _, gradients = train(layer, x, np.zeros((2, 3), bool), starts)
    d = [rng.normal(size=(2, UNITS)).astype(np.float32) for _ in range(3)]
    *_, d_h, d_c = gradients(d)
    assert np.array_equal(d_h, d[0] + d[1]) and np.array_equal(d_c, d[2])


@pytest.mark.parametrize("kind", KINDS)
def test_training_has_the_bits_of_predict(rng, kind):
    for options in ({}, {"activation": "relu"}, {"go_backwards": True}):
        for mask in MASKS.values():
            mask = np.array(mask, bool)
            x = rng.normal(size=(*mask.shape, FEATURES)).astype(np.float32)
            layer = KINDS[kind](UNITS, return_sequences=True, **options)
            random_weights(rng, layer, x)
            outputs, _ = train(layer, x, mask)
            assert np.asarray(layer(x, mask=mask)).tobytes() == outputs[0].tobytes()


@pytest.mark.parametrize("merge", ["sum", "mul", "ave", "concat", None])
@pytest.mark.parametrize("sequences", [False, True])
def test_gradients_of_bidirectional(rng, merge, sequences):
    """Those of its two layers by themselves, merged by operations."""
    mask = np.array(MASKS["holes"], bool)
    x = rng.normal(size=(*mask.shape, FEATURES)).astype(np.float32)
    inner = layers.GRU(UNITS, return_sequences=sequences)
    back = layers.LSTM(UNITS, return_sequences=sequences, go_backwards=True)
    layer = layers.Bidirectional(inner, merge_mode=merge, backward_layer=back)
    random_weights(rng, layer, x)
    outputs, gradients = train(layer, x, mask)
    plain = layer(x, mask=mask)
    assert all(map(np.array_equal, flatten(plain), outputs))
    d = [rng.normal(size=y.shape).astype(np.float32) for y in outputs]
    got = gradients(d)

    tape = Tape(layer.trainable_variables)
    given = tape.watch(x)
    with changed(tape=tape):
        a = layer.forward_layer(given, mask=mask)
        b = layer.backward_layer(given, mask=mask)
        b = b[:, ::-1] if sequences else b
        both = {
            "sum": lambda: [a + b],
            "mul": lambda: [a * b],
            "ave": lambda: [(a + b) / 2],
            "concat": lambda: [ops.concatenate([a, b], axis=-1)],
            None: lambda: [a, b],
        }[merge]()
    want = tape.gradients(both, d, of=[given, *layer.trainable_variables])
    for one, other in zip(got, want, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    with_rows, of_rows = train(layer, x, mask, rows=True)
    assert all(map(np.array_equal, with_rows, outputs))
    for one, other in zip(of_rows(d)[1:], want[1:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_a_direction_that_is_frozen_or_that_nothing_reads(rng):
    mask = np.array(MASKS["right"], bool)
    x = rng.normal(size=(*mask.shape, FEATURES)).astype(np.float32)
    layer = layers.Bidirectional(layers.LSTM(UNITS), merge_mode=None)
    random_weights(rng, layer, x)
    one, other = layer.forward_layer, layer.backward_layer
    tape = Tape(layer.trainable_variables)
    with changed(tape=tape):
        outputs = layer(tape.data(x), mask=mask)
    d = [rng.normal(size=(len(x), UNITS)).astype(np.float32) for _ in outputs]
    whole = tape.gradients(outputs, d)
    for trained, number in ((one, 0), (other, 1)):
        one.trainable, other.trainable = trained is one, trained is other
        for read, want in ((number, whole[3 * number :][:3]), (1 - number, [None] * 3)):
            tape = Tape(layer.trainable_variables)
            with changed(tape=tape):
                outputs = layer(tape.data(x), mask=mask)
            got = tape.gradients(outputs[read], d[read])
            assert len(got) == 3 and all(map(np.array_equal, got, want))


class Accumulate(layers.Layer):
    """A cell of a user's, with two states and an output that is neither."""

    def __init__(self, units):
        super().__init__()
        self.units, self.state_size, self.output_size = units, [units, 1], 2 * units

    def build(self, input_shape):
        self.w = self.add_weight((input_shape[-1], self.units), name="w")
        self.u = self.add_weight((self.units, self.units), name="u")

    def call(self, inputs, states):
        h, count = states
        h = ops.tanh(ops.matmul(inputs, self.w) + ops.matmul(h, self.u)) * ops.sigmoid(count)
        return ops.concatenate([h, h * h], axis=-1), [h, count + 0.5]


@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_gradients_of_a_cell_of_a_users_own(rng, sequences, backwards):
    mask = np.array(MASKS["holes"], bool)
    x = rng.normal(size=(*mask.shape, FEATURES)).astype(np.float32)
    layer = layers.RNN(
        Accumulate(UNITS), return_sequences=sequences, go_backwards=backwards, return_state=True
    )
    random_weights(rng, layer, x)
    outputs, gradients = train(layer, x, mask)
    assert all(map(np.array_equal, flatten(layer(x, mask=mask)), outputs))
    d = [rng.normal(size=y.shape).astype(np.float32) for y in outputs]

    def loss(x, w, u):
        total = 0.0
        for b, keep in enumerate(mask[:, ::-1] if backwards else mask):
            h, count, y = np.zeros(UNITS), 0.0, np.zeros(2 * UNITS)
            for t, real in enumerate(keep):
                if real:
                    row = x[b, len(keep) - 1 - t if backwards else t]
                    h = np.tanh(row @ w + h @ u) * reference.sigmoid(count)
                    count, y = count + 0.5, np.concatenate([h, h * h])
                total += np.vdot(y, d[0][b, t]) if sequences else 0
            total += 0 if sequences else np.vdot(y, d[0][b])
            total += np.vdot(h, d[1][b]) + count * d[2][b, 0]
        return total

    arguments = [np.float64(a) for a in (x, *(v.value for v in layer.weights))]
    for number, gradient in enumerate(gradients(d)):
        direction = rng.normal(size=gradient.shape) + gradient
        want = slope(loss, arguments, number, direction)
        size = np.linalg.norm(gradient) * np.linalg.norm(direction)
        assert abs(want - np.vdot(gradient, direction)) < 1e-5 * size


def test_gradients_of_stacked_cells_are_those_of_layers_on_top_of_each_other(rng):
    mask = np.array(MASKS["left"], bool)
    x = rng.normal(size=(*mask.shape, FEATURES)).astype(np.float32)
    cells = [layers.LSTMCell(UNITS), layers.SimpleRNNCell(UNITS), layers.GRUCell(UNITS)]
    stack = layers.RNN(cells, return_sequences=True)
    random_weights(rng, stack, x)
    outputs, gradients = train(stack, x, mask)
    single = [layers.RNN(cell, return_sequences=True) for cell in cells]
    tape = Tape(stack.trainable_variables)
    given = y = tape.watch(x)
    with changed(tape=tape):
        for layer in single:
            y = layer(y, mask=mask)
    d = [rng.normal(size=outputs[0].shape).astype(np.float32)]
    want = tape.gradients(y, d[0], of=[given, *stack.trainable_variables])
    assert np.array_equal(y.value, outputs[0])
    for one, other in zip(gradients(d), want, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_states_of_a_stateful_layer_are_constants(rng):
    x = rng.normal(size=(2, 3, FEATURES)).astype(np.float32)
    layer = layers.LSTM(UNITS, stateful=True)
    layer(layers.Input(batch_shape=(2, 3, FEATURES)))
    d = [np.ones((2, UNITS), np.float32)]
    layer(x)
    before = [state.copy() for state in layer.states]
    tape = Tape(layer.trainable_variables)
    with changed(tape=tape):
        y = layer(tape.data(x))
    assert not np.array_equal(layer.states[0], before[0])
    got = tape.gradients(y, d[0])
    free = layers.LSTM(UNITS)
    free.build((2, 3, FEATURES))
    free.set_weights(layer.get_weights())
    _, gradients = train(free, x, None, before)
    for one, other in zip(got, gradients(d)[1:4], strict=True):
        assert np.array_equal(one, other)


def test_a_second_walk_back_raises(rng):
    layer = layers.LSTM(UNITS)
    _, gradients = train(layer, np.ones((2, 3, FEATURES), np.float32), None)
    gradients([np.ones((2, UNITS), np.float32)])
    with pytest.raises(RuntimeError, match="walked back already"):
        gradients([np.ones((2, UNITS), np.float32)])


def test_a_frozen_layer_passes_gradients_on(rng):
    x = rng.normal(size=(2, 3, FEATURES)).astype(np.float32)
    layer = layers.GRU(UNITS)
    _, gradients = train(layer, x, None)
    want = gradients([np.ones((2, UNITS), np.float32)])[0]
    layer.trainable = False
    _, gradients = train(layer, x, None)
    assert np.array_equal(gradients([np.ones((2, UNITS), np.float32)])[0], want)


def patterns(lengths, time):
    """Masks with the same numbers of real steps: padded right, left, and in between."""
    right = np.arange(time) < np.array(lengths)[:, None]
    holes = np.zeros_like(right)
    for b, n in enumerate(lengths):
        holes[b, np.arange(n) * time // max(n, 1)] = True
    return right, right[:, ::-1], holes


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_weights_have_the_same_bits_whatever_the_padding_and_threads(rng, kind):
    lengths = [37, 0, 12, 3, 40, 9, 1, 30]
    steps = rng.normal(size=(sum(lengths), 20)).astype(np.float32)
    layer = KINDS[kind](70)
    random_weights(rng, layer, np.zeros((1, 1, 20)))
    d = [rng.normal(size=(len(lengths), 70)).astype(np.float32)]
    found = []
    for name, threads in zip(_kernels.ISAS * 5, (1, 2, 3, 5, 8) * len(_kernels.ISAS), strict=True):
        _kernels.set_isa(name)
        layer.set_weights(layer.get_weights())  # packed for this instruction set
        with num_threads(threads):
            for mask in patterns(lengths, 40 + threads)[: 3 if threads == 2 else 1]:
                x = np.full((*mask.shape, 20), np.nan, np.float32)
                x[mask] = steps
                _, gradients = train(layer, x, mask, rows=threads > 1)
                found.append([g.tobytes() for g in gradients(d)[1:]])
    assert all(gradients == found[0] for gradients in found)
