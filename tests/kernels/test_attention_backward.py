"""The way back through attention: equal to its definition, the same bits whatever is around it."""

import itertools

import numpy as np
import pytest

from maskseq import _kernels
from tests.support.definitions.attention_cases import PATTERNS, SHAPES, THREADS, Case, random

WIDTHS = [(1, 1), (8, 16), (15, 17), (64, 33), (128, 128)]


def d_out_of(case):
    return random(*case.q.shape[:2], case.v.shape[2])


def kept(case, sequences, key, rate):
    """What the weights (heads, n, m) are multiplied with: each pair draws in its sequence."""
    factors = np.zeros((case.heads, len(case.q), len(case.k)))
    pairs = itertools.chain(
        *(itertools.product([b], range(n), range(case.heads)) for b, n in enumerate(case.queries))
    )
    for b, i, h in pairs:
        step = [i * case.heads + h]
        draws = _kernels.draws([sequences[b]], step, case.keys[b], key)[0]
        keys = slice(*case.offsets[1][b : b + 2])
        factors[h, case.offsets[0][b] + i, keys] = (draws >= np.float32(rate)) / (1 - rate)
    return factors


def expected(case, d_out, factors=1.0):
    """The gradients of q, k and v in float64, from the weights of the definition."""
    weights = case.expected()[1]
    group, scale = case.heads // case.kv_heads, case.key_dim**-0.5
    q, d_out = case.q.astype(np.float64), d_out.astype(np.float64)
    k, v = (x.astype(np.float64).repeat(group, axis=1) for x in (case.k, case.v))
    d_weights = np.einsum("nhd,mhd->hnm", d_out, v) * factors
    mean = (weights * d_weights).sum(axis=2, keepdims=True)
    d_scores = weights * (d_weights - mean) * scale
    d_q = np.einsum("hnm,mhd->nhd", d_scores, k)
    d_k = np.einsum("hnm,nhd->mhd", d_scores, q)
    d_v = np.einsum("hnm,nhd->mhd", weights * factors, d_out)
    return d_q, *(_of_groups(x, case.kv_heads) for x in (d_k, d_v))


def _of_groups(x, kv_heads):
    n, heads, dim = x.shape
    return x.reshape(n, kv_heads, heads // kv_heads, dim).sum(axis=2)


def check(case):
    d_out = d_out_of(case)
    for found, wanted in zip(case.back(d_out), expected(case, d_out), strict=True):
        assert found.dtype == np.float32 and found.shape == wanted.shape
        size = max(1, np.abs(wanted).max(initial=0))
        np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=3e-6 * size)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda c: f"{c.queries}x{c.keys}x{c.value_dim}")
def test_gradients_equal_their_definition(isa, shape):
    check(shape)


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_only_pairs_that_meet_have_gradients(isa, pattern):
    check(Case([40, 0, 7, 66], [70, 3, 7, 90], **pattern))


@pytest.mark.parametrize("key_dim, value_dim", WIDTHS)
def test_heads_of_any_width(isa, key_dim, value_dim):
    check(Case([35, 3], [50, 9], heads=4, kv_heads=2, key_dim=key_dim, value_dim=value_dim))


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_the_definition_agrees_with_finite_differences(pattern):
    case = Case([4, 3], [5, 2], **pattern)
    d_out = d_out_of(case).astype(np.float64)
    for name, gradient in zip("qkv", expected(case, d_out), strict=True):
        x = getattr(case, name).astype(np.float64)
        step = random(*x.shape) * 1e-4
        sums = []
        for sign in (1, -1):
            setattr(case, name, x + sign * step)
            sums.append((case.expected()[0] * d_out).sum())
        setattr(case, name, x)
        found, wanted = (gradient * step).sum(), (sums[0] - sums[1]) / 2
        assert abs(found - wanted) <= 1e-6 * np.abs(gradient * step).sum()


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_dropout_there_and_back(isa, pattern):
    case = Case([37, 0, 4, 3], [40, 3, 70, 9], heads=4, kv_heads=2, value_dim=9, **pattern)
    if case.mask_heads == 2:
        case.mask = case.mask.repeat(2, axis=1)
    dropout = np.array([5, 2, 2**40, 0]), 12345, 0.3
    factors, d_out = kept(case, *dropout), d_out_of(case)
    pairs = sum(4 * q * k for q, k in zip(case.queries, case.keys, strict=True))
    assert abs(np.count_nonzero(factors) / pairs - 0.7) < 0.02
    v = case.v.astype(np.float64).repeat(2, axis=1)
    wanted = np.einsum("hnm,mhd->nhd", case.expected()[1] * factors, v)
    np.testing.assert_allclose(case.run(dropout=dropout), wanted, rtol=2e-5, atol=2e-6)
    for found, gradient in zip(
        case.back(d_out, dropout=dropout), expected(case, d_out, factors), strict=True
    ):
        size = max(1, np.abs(gradient).max())
        np.testing.assert_allclose(found, gradient, rtol=2e-5, atol=3e-6 * size)


@pytest.mark.parametrize("rate", (-0.1, 1.0, np.nan))
def test_rates_that_drop_too_much(rate):
    case = Case([2], [3])
    with pytest.raises(ValueError, match="rate must be at least 0 and below 1"):
        case.run(dropout=([0], 1, rate))


@pytest.mark.slow
@pytest.mark.sanitize
@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_the_same_bits_on_every_isa_and_number_of_threads(pattern):
    case = Case([130, 7, 180, 40], [130, 9, 180, 100], key_dim=20, value_dim=19, **pattern)
    d_out, results = d_out_of(case), set()
    for name in _kernels.ISAS:
        _kernels.set_isa(name)
        for threads in THREADS:
            parts = case.back(d_out, num_threads=threads)
            results.add(b"".join(x.tobytes() for x in parts))
    assert len(results) == 1


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_a_sequence_has_the_same_bits_alone_and_in_a_batch(isa, pattern):
    case = Case([40, 0, 7, 1], [70, 3, 0, 20], heads=4, kv_heads=2, **pattern)
    if case.mask_heads == 2:
        case.mask = case.mask.repeat(2, axis=1)
    d_out = d_out_of(case)
    together = case.back(d_out)
    for b in range(4):
        q, k = (slice(*offsets[b : b + 2]) for offsets in case.offsets)
        alone = _kernels.attention_backward(
            d_out[q],
            case.q[q],
            case.k[k],
            case.v[k],
            [0, case.queries[b]],
            [0, case.keys[b]],
            causal=case.causal,
            query_steps=case.steps[0][q],
            key_steps=case.steps[1][k],
            mask=None
            if case.mask is None
            else case.mask[b : b + 1].repeat(4, axis=1)[:, :4]
            if case.mask_heads == 1
            else case.mask[b : b + 1],
        )
        for found, whole, part in zip(alone, together, (q, k, k), strict=True):
            assert found.tobytes() == whole[part].tobytes()


def test_a_query_with_nothing_to_attend_to_passes_nothing_on(isa):
    case = Case([3, 2], [4, 0], mask_heads=1)
    case.mask[:, :, case.steps[0][1]] = False
    d_out = d_out_of(case)
    before = case.back(d_out)
    d_out[[1, 3, 4]] = np.nan
    case.q[[1, 3, 4]] = np.inf
    after = case.back(d_out)
    assert not after[0][[1, 3, 4]].any() and after[0][0].any()
    assert [x.tobytes() for x in after] == [x.tobytes() for x in before]


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_a_pair_that_does_not_meet_may_hold_anything(isa, poison):
    case = Case([70], [70], causal=True, value_dim=17)
    d_out = d_out_of(case)
    clean = case.back(d_out)[0]
    case.k[50:] = case.v[50:] = poison
    assert case.back(d_out)[0][:50].tobytes() == clean[:50].tobytes()
    other = Case([70], [70], causal=True, value_dim=17)
    clean = other.back(d_out)
    other.q[:20], d_out[:20] = poison, poison
    found = other.back(d_out)
    for part in range(3):
        assert np.isfinite(found[part][20:]).all(), part
    # keys from 20 on met none of the first 20 queries, so their sums have the same terms
    assert found[1][20:].tobytes() == clean[1][20:].tobytes()
    assert found[2][20:].tobytes() == clean[2][20:].tobytes()


def test_nan_in_a_gradient_reaches_what_its_query_attended_to(isa):
    case = Case([5, 5], [6, 6])
    d_out = d_out_of(case)
    d_out[2, 0, 1] = np.nan
    d_q, d_k, d_v = case.back(d_out)
    assert np.isnan(d_q[2, 0]).all() and np.isfinite(d_q[2, 1]).all()
    assert np.isnan(d_k[:6]).all() and np.isnan(d_v[:6, :, 1]).all()
    assert np.isfinite(d_k[6:]).all() and np.isfinite(d_v[:, :, [0, 2]]).all()


def test_rows_of_no_sequence_get_zeros():
    case = Case([3, 2], [4, 5])
    offsets = np.array([0, 2, 4]), np.array([1, 3, 9])
    case.offsets = offsets
    case.steps = [None, None]
    d_q, d_k, d_v = case.back(d_out_of(case))
    assert not d_q[4:].any() and not d_k[:1].any() and not d_v[:1].any()
    assert d_q[:4].any(axis=(1, 2)).all() and d_k[1:].any(axis=(1, 2)).all()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"d_out": random(6, 2, 4)}, r"d_out must be float32 \(6, 2, 3\), got float32 \(6, 2, 4\)"),
        ({"k": random(9, 1, 4)}, r"k must be float32 \(any, any, 5\), got float32 \(9, 1, 4\)"),
        ({"query_offsets": [0, 4, 3]}, "offsets and steps must ascend"),
        ({"key_steps": [0, 1, 2, 2, 0, 1, 2, 3, 4]}, "offsets and steps must ascend"),
    ],
)
def test_attention_backward_refuses_what_does_not_fit(change, message):
    case = Case([4, 2], [5, 4])
    names = ("d_out", "q", "k", "v", "query_offsets", "key_offsets")
    arguments = dict(zip(names, (d_out_of(case), *case.arguments()[0]), strict=True))
    with pytest.raises(ValueError, match=message):
        _kernels.attention_backward(**{**arguments, **change})
