"""Attention over rows: equal to its definition, and the same bits whatever surrounds a sequence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskseq import _kernels
from tests.support.definitions.attention_cases import PATTERNS, SHAPES, THREADS, Case, random


@pytest.mark.parametrize("shape", SHAPES, ids=lambda c: f"{c.queries}x{c.keys}x{c.value_dim}")
def test_attention_equals_reference(isa, shape):
    out = shape.run()
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, shape.expected()[0], rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
@pytest.mark.parametrize("key_dim, value_dim", [(8, 8), (32, 1), (5, 4), (16, 16), (33, 7)])
def test_narrow_heads_have_the_bits_of_rows(isa, pattern, key_dim, value_dim):
    """They have a query in each lane, but for a mask, though it hides nothing."""
    heads = pattern.get("mask_heads") or 4
    sizes = [48, 0, 16, 31, 270], [150, 7, 3, 0, 17], heads, 1, key_dim, value_dim
    case = Case(*sizes, **pattern)
    out = case.run()
    np.testing.assert_allclose(out, case.expected()[0], rtol=2e-5, atol=2e-6)
    if case.mask is None:
        case.mask_heads, case.mask = 1, np.ones((5, 1, *case.time), bool)
    assert case.run().tobytes() == out.tobytes()


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_attention_attends_only_where_it_may(isa, pattern):
    case = Case([40, 0, 7, 66], [70, 3, 7, 90], **pattern)
    out, scores = case.run(scores_time=case.time)
    expected, weights = case.expected()
    np.testing.assert_allclose(out, expected, rtol=2e-5, atol=2e-6)
    by_cell = np.zeros((4, 2, *case.time))
    for b in range(4):
        queries, keys = (slice(*offsets[b : b + 2]) for offsets in case.offsets)
        cells = np.ix_(range(2), case.steps[0][queries], case.steps[1][keys])
        by_cell[b][cells] = weights[:, queries, keys]
    np.testing.assert_allclose(scores, by_cell, rtol=2e-5, atol=2e-6)
    assert not scores[by_cell == 0].any()


@pytest.mark.slow
@pytest.mark.sanitize
@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_attention_has_the_same_bits_on_every_isa_and_number_of_threads(pattern):
    case = Case([130, 7, 280, 40], [130, 9, 280, 100], key_dim=20, value_dim=19, **pattern)
    results = set()
    for name in _kernels.ISAS:
        _kernels.set_isa(name)
        for threads in THREADS:
            results.add(case.run(num_threads=threads).tobytes())
    _kernels.set_isa(None)
    assert len(results) == 1


@settings(max_examples=30, deadline=None)
@given(
    queries=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    data=st.data(),
    pattern=st.sampled_from(PATTERNS),
)
def test_a_sequence_has_the_same_bits_alone_and_in_a_batch(queries, data, pattern):
    keys = [data.draw(st.integers(0, 140)) for _ in queries]
    case = Case(queries, keys, **pattern)
    out = case.run()
    for b in range(len(queries)):
        q, k = (slice(*offsets[b : b + 2]) for offsets in case.offsets)
        alone = _kernels.attention(
            case.q[q],
            case.k[k],
            case.v[k],
            [0, queries[b]],
            [0, keys[b]],
            causal=case.causal,
            query_steps=case.steps[0][q],
            key_steps=case.steps[1][k],
            mask=None
            if case.mask is None
            else case.mask[b : b + 1].repeat(2 // case.mask_heads, axis=1),
        )
        assert alone.tobytes() == out[q].tobytes()


@pytest.mark.parametrize("few", (1, 2, 3, 4))
@pytest.mark.parametrize("dim", (5, 16, 33, 64))
def test_a_few_queries_have_the_bits_of_many(isa, few, dim):
    many = Case([9], [150], heads=3, kv_heads=3, key_dim=dim, value_dim=dim)
    alone = _kernels.attention(many.q[:few], many.k, many.v, [0, few], [0, 150])
    assert alone.tobytes() == many.run()[:few].tobytes()


@pytest.mark.parametrize("heads, kv_heads", [(8, 8), (12, 4), (33, 11), (40, 1)])
@pytest.mark.parametrize("pattern", PATTERNS[:4], ids=str)
def test_heads_of_a_few_queries_have_the_bits_of_one_at_a_time(isa, heads, kv_heads, pattern):
    case = Case([1, 4, 0, 3, 2], [90, 17, 20, 0, 64], heads, kv_heads, key_dim=20, **pattern)
    out, scores = case.run(scores_time=case.time)
    assert all(case.run(num_threads=n).tobytes() == out.tobytes() for n in THREADS)
    for head in range(heads):
        one = Case(case.queries, case.keys, 1, 1, key_dim=20, **pattern)
        key_head = head // (heads // kv_heads)
        one.q, one.mask = case.q[:, head : head + 1], case.mask
        one.k, one.v = (x[:, key_head : key_head + 1] for x in (case.k, case.v))
        y, weights = one.run(scores_time=case.time)
        assert y.tobytes() == out[:, head].tobytes()
        assert weights.tobytes() == scores[:, head].tobytes()


@pytest.mark.slow
@pytest.mark.sanitize
@pytest.mark.parametrize("more", (0, 1))
def test_keys_that_are_too_many_for_a_cache_give_the_same_bits(more):
    """Above 6 << 20 floats of keys and values, here 1,024 a key, they are read ahead."""
    keys = (6 << 20) // 1024 + more
    k, v, q = random(keys, 8, 64), random(1, keys, 8, 64)[0], random(3, 8, 64)
    for name in _kernels.ISAS:
        _kernels.set_isa(name)
        out = _kernels.attention(q, k, v, [0, 1, 3], [0, 1000, keys])
        first = _kernels.attention(q[:1], k[:1000], v[:1000], [0, 1], [0, 1000])
        second = _kernels.attention(q[1:], k[1000:], v[1000:], [0, 2], [0, keys - 1000])
        assert out.tobytes() == first.tobytes() + second.tobytes()


@pytest.mark.parametrize("queries", (1, 70))
@pytest.mark.parametrize("holes", [False, True])
def test_a_query_whose_mask_hides_every_key_gives_zeros(isa, queries, holes):
    """Whatever their scores: -inf hides a key, and no finite number does."""
    case = Case([queries], [70], mask_heads=1, holes=holes)
    case.mask[:, :, case.steps[0][-1]] = False
    out, scores = case.run(scores_time=case.time)
    assert not out[-1].any() and not scores[:, :, case.steps[0][-1]].any()


@pytest.mark.parametrize("queries", (1, 70))
def test_a_value_of_weight_0_may_hold_anything(isa, queries):
    case = Case([queries], [70], heads=6, kv_heads=3, value_dim=17, mask_heads=1)
    case.mask[:] = True
    case.mask[..., case.steps[1][20:30]] = False
    clean = case.run()
    case.v[20:30], case.k[22] = np.inf, np.nan
    assert case.run().tobytes() == clean.tobytes()


@pytest.mark.parametrize("value_dim", (4, 17))
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_what_a_query_may_not_attend_to_may_hold_anything(isa, poison, value_dim):
    case = Case([70], [70], causal=True, value_dim=value_dim)
    clean = case.run()
    case.k[50:] = case.v[50:] = poison
    assert case.run()[:50].tobytes() == clean[:50].tobytes()


@pytest.mark.parametrize("value_dim", (4, 17))
def test_nan_in_a_value_reaches_the_queries_that_attend_to_it_alone(isa, value_dim):
    case = Case([70], [70], causal=True, value_dim=value_dim)
    clean = case.run()
    case.v[50, 0, 3] = np.nan
    out = case.run()
    assert np.isnan(out[50:, :, 3]).all()
    out[50:, :, 3] = clean[50:, :, 3]
    assert out.tobytes() == clean.tobytes()


def test_nan_in_a_query_reaches_its_own_output_alone(isa):
    case = Case([40], [20])
    clean = case.run()
    case.q[7, 1] = np.nan
    out = case.run()
    assert np.isnan(out[7, 1]).all()
    out[7, 1] = clean[7, 1]
    assert out.tobytes() == clean.tobytes()


def test_a_query_with_nothing_to_attend_to_gives_zeros(isa):
    case = Case([3], [4], mask_heads=1)
    case.mask[:, :, case.steps[0][1]] = False
    assert not case.run()[1].any() and case.run()[0].any()


def test_steps_default_to_those_of_right_padding():
    case = Case([5, 9], [7, 3], causal=True)
    plain = _kernels.attention(case.q, case.k, case.v, *case.offsets, causal=True)
    assert plain.tobytes() == case.run().tobytes()


def test_out_is_written_into(isa):
    case = Case([5, 2], [7, 3])
    room = np.full((9, 2, 3), 7, np.float32)
    assert case.run(out=room[1:8]).base is room
    assert room[1:8].tobytes() == case.run().tobytes() and (room[[0, 8]] == 7).all()


def test_scale_multiplies_the_scores():
    case = Case([5], [7], key_dim=4)
    half = _kernels.attention(case.q * 0.5, case.k, case.v, *case.offsets, scale=1)
    np.testing.assert_allclose(half, case.run(), rtol=1e-6)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"k": random(9, 1, 4)}, r"k must be float32 \(any, any, 5\), got float32 \(9, 1, 4\)"),
        ({"v": random(8, 1, 3)}, r"v must be float32 \(9, 1, any\), got float32 \(8, 1, 3\)"),
        ({"k": random(9, 3, 5), "v": random(9, 3, 3)}, "must be a multiple .* got 2 and 3"),
        ({"key_offsets": [0, 9]}, r"key_offsets must be int64 \(3,\), got int64 \(2,\)"),
        ({"query_offsets": [0, 4, 7]}, "offsets and steps must ascend"),
        ({"query_offsets": [0, 4, 3]}, "offsets and steps must ascend"),
        ({"key_offsets": [-1, 4, 9]}, "offsets and steps must ascend"),
        ({"query_steps": [0, 1, 2, 2, 0, 1]}, "offsets and steps must ascend"),
        ({"query_steps": [-1, 1, 2, 3, 0, 1]}, "offsets and steps must ascend"),
        ({"query_steps": [0, 1]}, r"query_steps must be int64 \(6,\), got int64 \(2,\)"),
        ({"scores_time": (3, 6)}, "offsets and steps must ascend"),  # 4 queries in the first
        ({"mask": np.ones((2, 4, 4), bool)}, "offsets and steps must ascend"),
        (
            {"key_steps": [0, 1, 2, 3, 5, 0, 1, 2, 5], "mask": np.ones((2, 4, 5), bool)},
            "offsets and steps must ascend",
        ),
        ({"mask": np.ones((2, 3, 4, 6), bool)}, "mask must be bool .batch 2, heads 2 or none"),
        ({"mask": np.ones((2, 4, 6), bool), "scores_time": (4, 7)}, "mask must be bool"),
        ({"out": np.zeros((6, 2, 2), np.float32)}, r"out must be .* \(6, 2, 3\), got array"),
        ({"out": np.zeros((6, 2, 3))}, "out must be a writable, C-contiguous float32 array"),
        ({"out": np.zeros((3, 2, 6), np.float32).T}, "out must be a writable, C-contiguous"),
        ({"num_threads": 0}, "num_threads must be at least 1"),
    ],
)
def test_attention_refuses_what_does_not_fit(change, message):
    case = Case([4, 2], [5, 4])
    arguments = {
        "q": case.q,
        "k": case.k,
        "v": case.v,
        "query_offsets": case.offsets[0],
        "key_offsets": case.offsets[1],
        **change,
    }
    with pytest.raises(ValueError, match=message):
        _kernels.attention(**arguments)
