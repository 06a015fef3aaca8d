"""AdditiveAttention against a float64 definition."""

import numpy as np
import pytest

from maskseq import layers
from tests.support import reference
from tests.support.masks import FEATURES, MASKS, poisoned, randomize


@pytest.mark.parametrize("patterns", [("right", "holes"), ("holes", "left"), ("full", "full")])
def test_additive_attention_equals_reference(rng, patterns):
    query_mask, value_mask = (MASKS[name] for name in patterns)
    query, value = poisoned(rng, query_mask), poisoned(rng, value_mask)
    value = np.where(value_mask.any(axis=1)[:, None, None], value, 1)
    layer = layers.AdditiveAttention()
    layer([query, value])
    (scale,) = randomize(layer, rng)
    out = layer([query, value], mask=[query_mask, value_mask])

    def score(q, k):
        return (scale * np.tanh(q + k)).sum()

    expected, _ = reference.attend(score, query, value, value, query_mask, value_mask)
    np.testing.assert_allclose(out, expected, atol=1e-6)


def test_additive_attention_in_blocks_gives_the_same_bits(rng, monkeypatch):
    x = rng.standard_normal((2, 9, FEATURES)).astype(np.float32)
    layer = layers.AdditiveAttention()
    whole = layer([x, x], use_causal_mask=True)
    monkeypatch.setattr("maskseq.layers.attention.meeting._BLOCK", 2 * 9 * FEATURES)
    np.testing.assert_array_equal(layer([x, x], use_causal_mask=True), whole)
