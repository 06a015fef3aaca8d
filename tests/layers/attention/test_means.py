"""What a query gets that has nothing to attend to: the mean of all cells of its sequence."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.layers.attention.meeting import mean_of_cells, mean_of_rows
from maskseq.rows import Rows
from tests.support.beside_keras import random_weights


@pytest.mark.parametrize("shown", ["a pad row", "own pad rows", "the row before"])
def test_rows_and_their_padded_array_have_the_same_bits(rng, shown):
    for _ in range(100):
        batch, time = rng.integers(1, 6), rng.integers(1, 9)
        mask = rng.random((batch, time)) < rng.random()
        layout = Rows.view(np.zeros((batch, time, 3), np.float32), mask).layout
        count = layout.steps + (batch if shown == "own pad rows" else 1)
        values = rng.standard_normal((count, 3)).astype(np.float32).round(rng.integers(0, 9))
        rows = Rows(values, layout, shown == "the row before")
        padded = np.asarray(rows.to_padded())
        found = mean_of_rows(rows)
        np.testing.assert_array_equal(found, mean_of_cells(padded, mask))
        np.testing.assert_allclose(found, padded.astype(np.float64).mean(axis=1), atol=1e-6)


def test_batch_mates_with_other_masks_change_no_bit_of_a_masked_query():
    """With them the two inputs have no layout in common, so that arrays take the place of Rows."""
    ids, x = maskseq.Input((None,), dtype="int32"), maskseq.Input((None, 4))
    y = layers.Embedding(9, 4, mask_zero=True)(ids)
    y = layers.Maximum()([y, layers.Masking()(x)])
    model = maskseq.Model([ids, x], layers.GroupQueryAttention(3, 4, 2)(y, y))
    rng = np.random.default_rng(17)
    random_weights(model, rng)
    mask = np.array([[1, 0, 1, 0, 1, 0]] * 20, bool)
    other = np.concatenate([mask[:-1], [[1, 1, 1, 0, 0, 0]]])
    given = [
        rng.integers(1, 9, mask.shape) * mask,
        rng.standard_normal((*mask.shape, 4)).astype(np.float32) * other[..., None],
    ]
    together = model.predict(given)
    for number in range(len(mask)):
        alone = model.predict([a[number : number + 1] for a in given])
        np.testing.assert_array_equal(alone[0], together[number])
