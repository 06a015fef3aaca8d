"""Functions of rows: the logarithm of softmax, sparsemax, normalisation, additive scores."""

import numpy as np
import pytest

from maskseq import _kernels
from tests.support.definitions import reference_values as reference

SIZES = [1, 2, 7, 8, 9, 15, 16, 17, 33, 130]
INF, NAN = np.inf, np.nan


@pytest.mark.parametrize("n", [*SIZES, 700])
def test_log_softmax_and_log_sum_exp_equal_their_definitions(isa, rng, n):
    x = rng.normal(0, 30, (13, n)).astype(np.float32)
    wide = x.astype(np.float64)
    y, sums = _kernels.log_softmax(x), _kernels.log_sum_exp(x)
    np.testing.assert_allclose(y, reference.log_softmax(wide), rtol=3e-7, atol=1e-6)
    np.testing.assert_allclose(sums, reference.log_sum_exp(wide), rtol=3e-7, atol=1e-6)


@pytest.mark.parametrize("n", [3, 20])
def test_log_softmax_is_the_logarithm_of_softmax_at_the_ends(isa, n):
    rows = np.zeros((6, n), np.float32)
    rows[0, 1] = INF
    rows[1, :2] = INF
    rows[2, 2] = -INF
    rows[3, 2] = NAN
    rows[4] = -INF
    rows[5] = 3.4e38
    with np.errstate(divide="ignore"):
        want = np.log(_kernels.masked_softmax(rows))
    want[:2] = np.maximum(want[:2], -np.finfo(np.float32).max)
    want[4] = NAN  # softmax itself is 0 there
    np.testing.assert_allclose(_kernels.log_softmax(rows), want, rtol=1e-6)
    top = np.float32(3.4e38)
    sums = _kernels.log_sum_exp(rows)
    np.testing.assert_allclose(sums, [INF, INF, np.log(n - 1), NAN, -INF, top], rtol=1e-6)


@pytest.mark.parametrize("n", [*SIZES, 63, 64, 65, 200])
def test_sparsemax_equals_its_definition(isa, rng, n):
    x = rng.normal(0, 1, (21, n)).astype(np.float32)
    x[0], x[1, : n // 2] = 0, 3
    x[3] = x[3] / 64 - 50  # all of them near the largest, which is far below 0
    x[4, n // 3] = -INF if n > 1 else 0
    x[5, 1:] = x[5, 0] - 0.9  # all of them in the support
    x[6:] *= np.logspace(-3, 1, 15, dtype=np.float32)[:, None]  # from all of them near it to one
    want = reference.sparsemax(x.astype(np.float64))
    np.testing.assert_allclose(_kernels.sparsemax(x), want, rtol=1e-5, atol=1e-6)
    for at in (2, 17):
        x[at, n // 2] = NAN
    x[5, 0] = x[20] = INF
    nothing = np.isnan(_kernels.sparsemax(x))
    assert np.flatnonzero(nothing.all(axis=1)).tolist() == [2, 5, 17, 20]
    assert nothing.sum() == 4 * n


@pytest.mark.parametrize("n", [1, 17, 33, 90])
def test_sparsemax_of_a_row_does_not_depend_on_its_neighbours(isa, rng, n):
    x = rng.normal(0, 0.5, (37, n)).astype(np.float32)
    x[::5] /= 100
    alone = np.concatenate([_kernels.sparsemax(row[None]) for row in x])
    np.testing.assert_array_equal(_kernels.sparsemax(x), alone)


@pytest.mark.parametrize(
    "norm, epsilon", [("layer", 1e-3), ("rms", 1e-6), ("scaled", 1e-3), ("unit", 1e-12)]
)
@pytest.mark.parametrize("n", SIZES)
def test_normalisation_equals_its_definition(isa, rng, norm, epsilon, n):
    x = rng.normal(100, 3, (5, n)).astype(np.float32)
    gamma, beta = rng.normal(0, 1, (2, n)).astype(np.float32)
    want = reference.normalize(x.astype(np.float64), norm, epsilon)
    for weights in [(None, None), (gamma, None), (None, beta), (gamma, beta)]:
        scaled = want * (1 if weights[0] is None else gamma) + (0 if weights[1] is None else beta)
        y = _kernels.normalize(x, norm, epsilon, *weights)
        np.testing.assert_allclose(y, scaled, rtol=2e-6, atol=2e-6)


def test_unit_of_zeros_is_zeros_and_of_little_is_cut(isa):
    x = np.float32([[0, 0, 0], [3e-13, 0, 4e-13], [3e30, 0, 4e30]])
    y = _kernels.normalize(x, "unit", 1e-12)
    np.testing.assert_allclose(y, [[0, 0, 0], [0.3, 0, 0.4], [0.6, 0, 0.8]], rtol=1e-6)


@pytest.mark.parametrize("n", SIZES)
def test_scale_and_offset_are_rounded_step_by_step(isa, rng, n):
    x = rng.normal(0, 1, (6, n)).astype(np.float32)
    for sets in (1, 2, 3, 6):
        mean, scale, offset = rng.normal(0, 1, (3, sets, n)).astype(np.float32)
        m, s, o = (np.repeat(w, 6 // sets, axis=0) for w in (mean, scale, offset))
        np.testing.assert_array_equal(_kernels.scale_rows(x, scale, offset), x * s + o)
        y = _kernels.scale_rows(x, scale, offset, mean)
        np.testing.assert_array_equal(y, (x - m) * s + o)
    with pytest.raises(ValueError, match="must have a part of the 6 rows of x, got 4"):
        _kernels.scale_rows(x, np.ones((4, n)), np.ones((4, n)))


@pytest.mark.parametrize("n", [40, 3000])
@pytest.mark.parametrize("center, spread", [(0, 1e-20), (1e5, 1), (0, 1e25), (-3e36, 1e30), (7, 0)])
def test_normalisation_of_numbers_large_and_small(isa, rng, n, center, spread):
    x = (center + spread * rng.normal(0, 1, (3, n))).astype(np.float32)
    want = reference.normalize(x.astype(np.float64), "layer", 1e-50)
    y = _kernels.normalize(x, "layer", 1e-50)
    np.testing.assert_allclose(y, want if spread else 0 * want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("groups, size", [(1, 1), (2, 7), (3, 8), (5, 16), (1, 33), (130, 1)])
@pytest.mark.parametrize("time", [1, 3, 70])
def test_groups_over_time_equal_their_definition(isa, rng, groups, size, time):
    x = rng.normal(30, 3, (2, time, groups * size)).astype(np.float32)
    gamma, beta = rng.normal(0, 1, (2, groups * size)).astype(np.float32)
    want = reference.normalize_groups(x.astype(np.float64), groups, 1e-3)
    rows = x.reshape(2 * time, -1)
    for weights in [(None, None), (gamma, None), (None, beta), (gamma, beta)]:
        scaled = want * (1 if weights[0] is None else gamma) + (0 if weights[1] is None else beta)
        y = _kernels.normalize_groups(rows, 2, time, groups, 1e-3, *weights)
        np.testing.assert_allclose(y.reshape(x.shape), scaled, rtol=5e-6, atol=5e-6)


@pytest.mark.parametrize("center, spread", [(0, 1e-20), (1e5, 1), (0, 1e25), (-3e36, 1e30), (7, 0)])
def test_groups_of_numbers_large_and_small(isa, rng, center, spread):
    x = (center + spread * rng.normal(0, 1, (2, 40, 6))).astype(np.float32)
    want = reference.normalize_groups(x.astype(np.float64), 2, 1e-50)
    y = _kernels.normalize_groups(x.reshape(80, 6), 2, 40, 2, 1e-50).reshape(x.shape)
    near = 1e-5 * (1 + abs(center) / max(spread, 1e-20) * 1e-2 if spread else 1)
    np.testing.assert_allclose(y, want if spread else 0 * want, rtol=near, atol=near)


def test_groups_whose_middle_is_far_from_their_mean(isa, rng):
    x = rng.normal(0, 1, (1, 4001, 12)).astype(np.float32)
    x[0, 2000] += 300
    want = reference.normalize_groups(x.astype(np.float64), 2, 1e-3)
    y = _kernels.normalize_groups(x[0], 1, 4001, 2, 1e-3)
    np.testing.assert_allclose(y, want[0], rtol=5e-6, atol=5e-6)


def test_groups_of_no_real_rows_do_not_see_the_rows_of_others(isa, rng):
    x = rng.normal(0, 1, (5, 192)).astype(np.float32)
    x[:4] = NAN
    y = _kernels.normalize_groups(x, 2, 4, 24, offsets=np.array([0, 0, 4]))
    alone = _kernels.normalize_groups(x[4:], 1, 4, 24, offsets=np.array([0, 0]))
    np.testing.assert_array_equal(y[4:5], alone)


@pytest.mark.parametrize(
    "tied", ["", "start", "end", "both", "all"], ids=lambda tied: tied or "none"
)
@pytest.mark.parametrize("own_pads", [False, True])
def test_groups_of_rows_have_the_bits_of_the_padded_array(isa, rng, tied, own_pads):
    """Also where real rows are those of the padding."""
    time, lengths, starts = 50, np.array([50, 41, 0, 1, 35]), np.array([0, 0, 0, 7, 15])
    offsets = np.append(0, np.cumsum(lengths))
    x = rng.normal(3, 2, (offsets[-1] + (5 if own_pads else 1), 24)).astype(np.float32)
    pads = np.repeat(x[offsets[-1] :], 1 if own_pads else 5, axis=0)
    padded = np.repeat(pads[:, None], time, axis=1)
    for b, (begin, end) in enumerate(zip(offsets[:-1], offsets[1:], strict=True)):
        some = {"": 0, "all": time}.get(tied, 3)
        x[begin : min(begin + some, end) if tied != "end" else begin] = pads[b]
        x[max(end - some, begin) if tied in ("end", "both") else end : end] = pads[b]
        padded[b, starts[b] : starts[b] + end - begin] = x[begin:end]
    y = _kernels.normalize_groups(x, 5, time, 3, 1e-3, offsets=offsets, starts=starts)
    flat = padded.reshape(5 * time, 24)
    want = _kernels.normalize_groups(flat, 5, time, 3, 1e-3).reshape(padded.shape)
    for b, (begin, end) in enumerate(zip(offsets[:-1], offsets[1:], strict=True)):
        first, last = starts[b], starts[b] + end - begin
        np.testing.assert_array_equal(y[begin:end], want[b, first:last])
        for masked in (want[b, :first], want[b, last:]):
            np.testing.assert_array_equal(masked, np.broadcast_to(y[offsets[-1] + b], masked.shape))
    float64 = reference.normalize_groups(padded.astype(np.float64), 3, 1e-3)
    np.testing.assert_allclose(want, float64, rtol=1e-5, atol=1e-5)


def test_sequences_of_groups_that_do_not_fit_are_refused():
    x = np.ones((7, 6), np.float32)
    assert _kernels.normalize_groups(x[:0], 0, 3, 2).shape == (0, 6)
    assert _kernels.normalize_groups(x[:0], 4, 0, 2).shape == (0, 6)
    for batch, time, groups in [(2, 3, 2), (7, 1, 4), (7, 1, 0), (-7, -1, 2)]:
        with pytest.raises(ValueError, match=r"got shape \(7, 6\)"):
            _kernels.normalize_groups(x, batch, time, groups)
    for offsets in [[0, 6, 5], [1, 3, 6], [0, 2, 6], [0, 3, 4]]:
        with pytest.raises(ValueError, match=r"got shape \(7, 6\)"):
            _kernels.normalize_groups(x, 2, 3, 2, offsets=np.array(offsets))
    with pytest.raises(ValueError, match=r"offsets must end in \[0, 7\], got 8"):
        _kernels.normalize_groups(x, 2, 4, 2, offsets=np.array([0, 4, 8]))


@pytest.mark.parametrize("dim", SIZES)
def test_additive_scores_equal_their_definition(isa, rng, dim):
    q, k, scale = (rng.normal(0, 1, s).astype(np.float32) for s in [(3, dim), (7, dim), (dim,)])
    want = reference.additive_scores(q.astype(np.float64), k, scale, 1)
    y = _kernels.additive_scores(q, k, scale)
    np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-5)
    want = reference.additive_scores(q.astype(np.float64), k, 1, 0.7)
    np.testing.assert_allclose(
        _kernels.additive_scores(q, k, factor=0.7), want, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("n", SIZES)
def test_glu_equals_its_definition_there_and_back(isa, rng, n):
    x, d = rng.normal(0, 3, (5, 2, n)).astype(np.float32), rng.normal(0, 1, (5, n))
    value, share = x[:, 0].astype(np.float64), 1 / (1 + np.exp(-x[:, 1].astype(np.float64)))
    np.testing.assert_allclose(_kernels.glu(x), value * share, rtol=1e-6)
    want = np.stack([d * share, d * value * share * (1 - share)], axis=1)
    back = _kernels.glu(x, d.astype(np.float32))
    np.testing.assert_allclose(back, want, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match=r"d must be float32 \(5, "):
        _kernels.glu(x, d[:4])


def test_every_isa_and_any_number_of_threads_give_the_same_bits(rng):
    x, row = rng.normal(0, 3, (333, 77)).astype(np.float32), rng.normal(0, 1, 77).astype(np.float32)
    pairs = x[:18].reshape(9, 2, 77)
    bits = set()
    for isa in _kernels.ISAS:
        _kernels.set_isa(isa)
        for threads in (1, 2, 3, 5, 8):
            n = {"num_threads": threads}
            parts = [f(x, **n) for f in (_kernels.log_softmax, _kernels.log_sum_exp)]
            parts += [_kernels.sparsemax(x, **n), _kernels.scale_rows(x, row[None], row[None], **n)]
            parts += [
                _kernels.normalize(x, f, 1e-3, row, row, **n) for f in ("layer", "rms", "unit")
            ]
            parts.append(_kernels.normalize_groups(x, 9, 37, 7, 1e-3, row, row, **n))
            parts += [_kernels.additive_scores(x, x[:9], row, **n), _kernels.prelu(x, row, **n)]
            parts += [_kernels.glu(pairs, **n), _kernels.glu(pairs, x[:9], **n)]
            bits.add(b"".join(part.tobytes() for part in parts))
    assert len(bits) == 1


@pytest.mark.parametrize(
    "function", [_kernels.log_softmax, _kernels.log_sum_exp, _kernels.sparsemax]
)
def test_nothing_is_taken(function):
    assert len(function(np.ones((0, 3), np.float32))) == 0
    assert len(function(np.ones((2, 0), np.float32))) == 2
