"""RNN with cells of every kind: what it promises beyond the layers made of it."""

import warnings

import numpy as np
import pytest

import maskseq
from maskseq import layers, ops
from tests.support.masks import BATCH, FEATURES, MASKS, TIME, poisoned, randomize


class Half(layers.Layer):
    """A user's cell: adds half the state to a projection; puts out more than its state."""

    state_size, output_size = 2, 3

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], 2), name="kernel")

    def call(self, inputs, states):
        state = ops.matmul(inputs, self.kernel) + 0.5 * states[0]
        return ops.concatenate([state, state[:, :1] + 1], axis=-1), [state]


def half_by_hand(x, mask, kernel):
    """Half over each sequence; masked steps repeat the output before, zeros at first."""
    outputs, states = np.zeros((*mask.shape, 3)), np.zeros((len(x), 2))
    for b, t in np.ndindex(mask.shape):
        if mask[b, t]:
            states[b] = x[b, t] @ kernel + 0.5 * states[b]
            outputs[b, t] = [*states[b], states[b, 0] + 1]
        elif t:
            outputs[b, t] = outputs[b, t - 1]
    return outputs, states


@pytest.mark.parametrize("pattern", MASKS)
def test_rnn_with_a_users_cell_repeats_its_output_at_masked_steps(rng, pattern):
    mask = MASKS[pattern]
    layer = layers.RNN(Half(), return_sequences=True, return_state=True)
    x = poisoned(rng, mask)
    outputs, state = layer(x, mask=mask)
    expected, last = half_by_hand(x, mask, layer.cell.kernel.value)
    np.testing.assert_allclose(outputs, expected, atol=1e-6)
    np.testing.assert_allclose(state, last, atol=1e-6)


def test_rnn_never_computes_masked_steps(rng):
    computed = []

    class Counting(Half):
        def call(self, inputs, states):
            computed.append(len(inputs))
            return super().call(inputs, states)

    mask = MASKS["holes"]
    layers.RNN(Counting())(poisoned(rng, mask), mask=mask)
    assert sum(computed) == mask.sum()
    assert len(computed) == mask.sum(axis=1).max()


def test_rnn_runs_a_users_cell_in_a_model_on_ragged_input(rng):
    model = maskseq.Sequential([layers.Masking(), layers.RNN(Half(), return_sequences=True)])
    sequences = [rng.standard_normal((n, FEATURES)).astype(np.float32) for n in (4, 1, 6)]
    together = model.predict(sequences)
    for row, sequence in zip(together, sequences, strict=True):
        np.testing.assert_array_equal(row[: len(sequence)], model.predict([sequence])[0])


def test_rnn_starts_from_the_cells_own_initial_state(rng):
    class Ready(Half):
        def get_initial_state(self, batch_size):
            return np.ones((batch_size, 2), np.float32)

    layer = layers.RNN(Ready(), return_state=True)
    _, state = layer(np.zeros((2, 3, FEATURES)), mask=[[1, 0, 1], [0, 0, 0]])
    np.testing.assert_array_equal(state, [[0.25, 0.25], [1, 1]])


@pytest.mark.parametrize("pattern", MASKS)
@pytest.mark.parametrize("cell", ["LSTMCell", "GRUCell", "SimpleRNNCell"])
def test_rnn_of_a_cell_equals_the_layer(rng, pattern, cell):
    plain = getattr(layers, cell.removesuffix("Cell"))(4, return_sequences=True)
    wrapped = layers.RNN(getattr(layers, cell)(4), return_sequences=True)
    mask = MASKS[pattern]
    x = poisoned(rng, mask)
    plain(x), wrapped(x)
    wrapped.set_weights(randomize(plain, rng))
    np.testing.assert_array_equal(wrapped(x, mask=mask), plain(x, mask=mask))


@pytest.mark.parametrize("cell", ["LSTMCell", "GRUCell", "SimpleRNNCell"])
def test_cell_by_itself_makes_one_step_of_its_layer(rng, cell):
    layer = layers.RNN(getattr(layers, cell)(4), return_state=True)
    x = rng.standard_normal((BATCH, 2, FEATURES)).astype(np.float32)
    expected, *_ = layer(x)
    states = layer.cell.get_initial_state(BATCH)
    for t in range(2):
        output, states = layer.cell(x[:, t], states)
    np.testing.assert_array_equal(output, expected)


def test_rnn_of_a_users_subclass_of_a_cell_uses_its_call(rng):
    class Negated(layers.GRUCell):
        def call(self, inputs, states, training=False):
            output, states = super().call(inputs, states)
            return -output, states

    plain, negated = layers.GRU(4), layers.RNN(Negated(4))
    x = rng.standard_normal((2, 3, FEATURES)).astype(np.float32)
    plain(x), negated(x)
    negated.set_weights(plain.get_weights())
    np.testing.assert_allclose(negated(x), -plain(x), atol=1e-6)


@pytest.mark.parametrize("stacked", [False, True])
def test_rnn_hands_training_to_a_users_cell(rng, stacked):
    class Noted(Half):
        def call(self, inputs, states, training=False):
            noted.append(training)
            return super().call(inputs, states)

    noted = []
    model = maskseq.Sequential([layers.Masking(), layers.RNN([Noted()] if stacked else Noted())])
    x = rng.standard_normal((2, 3, FEATURES)).astype(np.float32)
    for training in (False, True):
        noted.clear()
        model(x, training=training)
        assert noted == [training] * 3


def test_rnn_stateful_users_cell_goes_on_where_it_stopped(rng):
    whole, parts = layers.RNN(Half()), layers.RNN(Half(), stateful=True)
    x = rng.standard_normal((2, 6, FEATURES)).astype(np.float32)
    whole(x), parts(x)
    parts.set_weights(whole.get_weights())
    parts.reset_state()
    parts(x[:, :4])
    np.testing.assert_allclose(parts(x[:, 4:]), whole(x), atol=1e-6)


def test_initial_state_switches_the_carried_mask_off_and_says_so_once(rng):
    mask = MASKS["right"]
    x = maskseq.convert_to_tensor(rng.standard_normal((BATCH, TIME, FEATURES)))
    plain = np.array(x)
    maskseq.set_keras_mask(x, mask)
    layer = layers.LSTM(4, name="decoder")
    start = [rng.standard_normal((BATCH, 4)).astype(np.float32) for _ in range(2)]
    with pytest.warns(UserWarning, match=r"'decoder'.*initial_state.*mask=maskseq.get_keras_mask"):
        output = layer(x, initial_state=start)
    np.testing.assert_array_equal(output, layer(plain, initial_state=start))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer(x, initial_state=start)
        layer(x, initial_state=start, mask=mask)


def test_model_refuses_a_mask_that_initial_state_switches_off():
    inputs = maskseq.Input((None, FEATURES))
    hidden = layers.Masking()(inputs)
    _, *states = layers.LSTM(4, return_state=True)(hidden)
    with pytest.warns(UserWarning, match="initial_state"):
        outputs = layers.LSTM(4)(hidden, initial_state=states)
    model = maskseq.Model(inputs, outputs, on_mask_loss="error")
    with pytest.raises(ValueError, match=r"LSTM.*initial_state too"):
        model(np.ones((2, TIME, FEATURES), np.float32))


def test_rnn_refuses_what_is_no_cell():
    with pytest.raises(ValueError, match="cell must have `state_size`"):
        layers.RNN(layers.Dense(3))


def test_rnn_config_makes_it_anew_with_its_cell():
    layer = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], return_sequences=True)
    again = layers.RNN.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize(
    "cell",
    [
        lambda: layers.LSTMCell(4),
        lambda: layers.GRUCell(4),
        lambda: layers.SimpleRNNCell(4, activation=np.tanh),
        lambda: layers.StackedRNNCells([layers.GRUCell(3), layers.LSTMCell(4)]),
    ],
)
def test_a_cell_may_stand_in_a_model_like_any_layer(cell):
    cell = cell()
    x, given = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3), cell.get_initial_state(2)
    given = maskseq.nest.map_structure(lambda a: a + np.float32(0.5), given)
    states = maskseq.nest.map_structure(lambda a: maskseq.Input(a.shape[1:]), given)
    inputs = maskseq.Input((3,))
    output, new = cell(inputs, states)
    model = maskseq.Model([inputs, states], [output, new])
    got = maskseq.nest.flatten(model.predict([x, given]))
    want = maskseq.nest.flatten(cell(x, given))
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)
