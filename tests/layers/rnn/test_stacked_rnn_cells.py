"""StackedRNNCells: cells on top of one another are layers on top of one another."""

import numpy as np
import pytest

from maskseq import layers
from tests.support.masks import BATCH, FEATURES, MASKS, poisoned

CELLS = ["LSTMCell", "GRUCell", "SimpleRNNCell"]


@pytest.mark.parametrize("pattern", MASKS)
@pytest.mark.parametrize("go_backwards", [False, True])
def test_stacked_cells_equal_stacked_layers(rng, pattern, go_backwards):
    mask = MASKS[pattern]
    x = poisoned(rng, mask)
    stack = layers.RNN(
        [getattr(layers, cell)(3 + i) for i, cell in enumerate(CELLS)],
        return_state=True,
        go_backwards=go_backwards,
    )
    output, *states = stack(x, mask=mask)
    value, turned = (x[:, ::-1], mask[:, ::-1]) if go_backwards else (x, mask)
    for i, cell in enumerate(stack.cell.cells):
        layer = layers.RNN(cell, return_sequences=True, return_state=True)
        value, *expected = layer(value, mask=turned)
        for a, b in zip(states[i], expected, strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(output, value[:, -1])


def test_stacked_cells_by_themselves_make_one_step(rng):
    stack = layers.StackedRNNCells([layers.LSTMCell(4), layers.GRUCell(3)])
    x = rng.standard_normal((BATCH, FEATURES)).astype(np.float32)
    output, states = stack(x, stack.get_initial_state(BATCH))
    expected, *expected_states = layers.RNN(stack, return_state=True)(x[:, None])
    np.testing.assert_array_equal(output, expected)
    assert [len(cell) for cell in states] == [len(cell) for cell in expected_states] == [2, 1]
