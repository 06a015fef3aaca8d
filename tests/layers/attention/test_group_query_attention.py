"""GroupQueryAttention against a float64 definition."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import reference
from tests.support.masks import BATCH, FEATURES, MASKS, TIME, randomize


@pytest.mark.parametrize("patterns", [("right", "holes"), ("holes", "left"), ("full", "full")])
@pytest.mark.parametrize("kv_heads", [1, 2, 4])
def test_group_query_attention_equals_reference(rng, patterns, kv_heads):
    query_mask, value_mask = (MASKS[name] for name in patterns)
    query, value = rng.standard_normal((2, BATCH, TIME, FEATURES)).astype(np.float32)
    layer = layers.GroupQueryAttention(3, 4, kv_heads)
    layer(query, value)
    weights = randomize(layer, rng)
    out = layer(query, value, query_mask=query_mask, value_mask=value_mask)
    expected = reference.heads(query, value, weights, query_mask, value_mask)
    np.testing.assert_allclose(out, expected, atol=3e-6)


def test_group_query_attention_is_found_by_both_names():
    layer = layers.GroupQueryAttention(3, 4, 2)
    assert type(layer).__name__ == "GroupedQueryAttention"
    assert layer.name.startswith("grouped_query_attention")
    with pytest.raises(ValueError, match="num_query_heads must be a multiple"):
        maskseq.layers.GroupQueryAttention(3, 4, 3)
