"""Cells whose states, and outputs, are matrices."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support.masks import BATCH, FEATURES, MASKS, TIME, poisoned


class Memory(maskseq.Layer):
    """A user's cell: half the memory, and the step in its row; puts out the row sums' scale."""

    def __init__(self, output_size, **options):
        super().__init__(**options)
        self.output_size, self.state_size = output_size, [(2, FEATURES), 1]

    def get_config(self):
        return {**super().get_config(), "output_size": self.output_size}

    def call(self, x, states):
        memory, count = states
        memory = memory * np.float32(0.5) + x[:, None, :] * np.array([[1], [2]], np.float32)
        output = memory if isinstance(self.output_size, tuple) else memory.sum(axis=1)
        return output, [memory, count + 1]


def by_hand(x, mask, matrix, backwards=False):
    memory = np.zeros((len(x), 2, FEATURES))
    count = np.zeros((len(x), 1))
    outputs = np.zeros((len(x), x.shape[1], *((2,) if matrix else ()), FEATURES))
    times = range(x.shape[1])
    for b in range(len(x)):
        last = np.zeros(outputs.shape[2:])
        for i, t in enumerate(reversed(times) if backwards else times):
            if mask[b, t]:
                memory[b] = memory[b] / 2 + x[b, t] * np.array([[1], [2]])
                count[b] += 1
                last = memory[b].copy() if matrix else memory[b].sum(axis=0)
            outputs[b, i] = last
    return outputs, memory, count


@pytest.mark.parametrize("output_size", [FEATURES, (2, FEATURES)])
@pytest.mark.parametrize("pattern", MASKS)
def test_states_keep_their_shape_and_masked_steps_change_nothing(rng, pattern, output_size):
    mask = MASKS[pattern]
    x = poisoned(rng, mask)
    for backwards in (False, True):
        layer = layers.RNN(
            Memory(output_size), return_sequences=True, return_state=True, go_backwards=backwards
        )
        results = layer(x, mask=mask)
        wanted = by_hand(x, mask, output_size != FEATURES, backwards)
        for ours, known in zip(results, wanted, strict=True):
            np.testing.assert_allclose(ours, known, atol=1e-5)
        last = layers.RNN(Memory(output_size), go_backwards=backwards)(x, mask=mask)
        np.testing.assert_allclose(last, wanted[0][:, -1], atol=1e-5)


@pytest.mark.parametrize("output_size", [FEATURES, (2, FEATURES)])
def test_in_models_stacks_and_both_directions(rng, output_size):
    """Shapes known to the graph are those of the answers; padding changes nothing."""
    source = maskseq.Input((None, FEATURES))
    x = layers.Masking()(source)
    cells = [Memory(FEATURES), Memory(output_size)]
    y, *states = layers.RNN(cells, return_sequences=True, return_state=True)(x)
    both = layers.Bidirectional(layers.RNN(Memory(output_size), return_sequences=True))(x)
    model = maskseq.Model(source, [y, *states[0], *states[1], both])
    lists = [rng.normal(size=(n, FEATURES)).astype(np.float32) for n in (3, 1, TIME)]
    answers = model.predict(lists)
    for answer, tensor in zip(answers, model.outputs, strict=True):
        for size, known in zip(answer.shape, tensor.shape, strict=True):
            assert known in (None, size)
    for i, sequence in enumerate(lists):
        alone = model.predict(sequence[None])
        for number, (answer, one) in enumerate(zip(answers, alone, strict=True)):
            of_steps = number in (0, len(answers) - 1)
            part = answer[i][: len(sequence)] if of_steps else answer[i]
            np.testing.assert_array_equal(part, one[0])


def test_initial_states_of_a_stateful_layer_are_matrices_too(rng):
    x = rng.normal(size=(BATCH, 2 * TIME, FEATURES)).astype(np.float32)
    layer = layers.RNN(Memory(FEATURES), stateful=True)
    layer(x[:, :TIME])
    whole = layers.RNN(Memory(FEATURES))
    np.testing.assert_array_equal(layer(x[:, TIME:]), whole(x))
    start = [np.ones((BATCH, 2, FEATURES), np.float32), np.zeros((BATCH, 1), np.float32)]
    assert not np.allclose(whole(x[:, :1], initial_state=start), whole(x[:, :1]))
    with pytest.raises(ValueError, match=r"initial_state must have shapes .*, 2, "):
        whole(x, initial_state=[start[1], start[1]])
