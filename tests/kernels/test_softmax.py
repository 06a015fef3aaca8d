"""Masked softmax: equal to its definition, and the same bits wherever the masked values lie."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskseq import _kernels
from tests.support import reference

SIZES = (0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 257)
THREADS = (1, 2, 3, 5, 8)
MAX = np.finfo(np.float32).max


def random_batch(rows, n, real=0.6):
    rng = np.random.default_rng(rows * 1000 + n)
    x = rng.normal(scale=4, size=(rows, n)).astype(np.float32)
    mask = rng.random((rows, n)) < real
    x[~mask] = np.nan  # what a masked value is must not matter
    return x, mask


@pytest.mark.parametrize("rows", (0, 1, 5))
@pytest.mark.parametrize("n", SIZES)
def test_masked_softmax_equals_reference(isa, rows, n):
    x, mask = random_batch(rows, n)
    y = _kernels.masked_softmax(x, mask)
    assert y.dtype == np.float32 and not y[~mask].any()
    np.testing.assert_allclose(y, reference.masked_softmax(x, mask), rtol=4e-6)


@pytest.mark.parametrize("n", SIZES)
def test_softmax_without_a_mask_equals_reference(isa, n):
    x = np.random.default_rng(n).normal(scale=4, size=(4, n)).astype(np.float32)
    np.testing.assert_allclose(_kernels.masked_softmax(x), reference.masked_softmax(x), rtol=4e-6)


def test_masked_softmax_has_the_same_bits_on_every_isa_and_number_of_threads():
    x, mask = random_batch(300, 333)
    results = set()
    for name in _kernels.ISAS:
        _kernels.set_isa(name)
        for threads in THREADS:
            results.add(_kernels.masked_softmax(x, mask, num_threads=threads).tobytes())
    _kernels.set_isa(None)
    assert len(results) == 1


@given(data=st.data(), n=st.integers(0, 60))
def test_padding_changes_no_bit_of_a_softmax(data, n):
    row = np.random.default_rng(n).normal(size=n).astype(np.float32)
    time = n + data.draw(st.integers(0, 60))
    mask = np.zeros((1, time), bool)
    mask[0, data.draw(st.permutations(range(time)))[:n]] = True
    x = np.full((1, time), data.draw(st.sampled_from([np.nan, np.inf, -np.inf, 1e38])), np.float32)
    x[mask] = row
    alone = _kernels.masked_softmax(row[None])
    assert _kernels.masked_softmax(x, mask)[mask].tobytes() == alone.tobytes()


def test_a_mask_row_serves_consecutive_rows():
    x = np.random.default_rng(0).normal(size=(12, 40)).astype(np.float32)
    mask = np.random.default_rng(1).random((3, 40)) < 0.5
    for threads in THREADS:
        shared = _kernels.masked_softmax(x, mask, num_threads=threads)
        assert shared.tobytes() == _kernels.masked_softmax(x, mask.repeat(4, axis=0)).tobytes()


def test_a_thread_may_begin_among_the_rows_of_one_mask():
    x = np.random.default_rng(0).normal(size=(1001, 300)).astype(np.float32)
    mask = np.random.default_rng(1).random((143, 300)) < 0.5
    expected = _kernels.masked_softmax(x, mask.repeat(7, axis=0), num_threads=1)
    for threads in THREADS:
        shared = _kernels.masked_softmax(x, mask, num_threads=threads)
        assert shared.tobytes() == expected.tobytes()


def test_a_row_without_real_values_is_zero_and_leaves_its_neighbours_alone(isa):
    x, mask = random_batch(3, 20)
    mask[1] = False
    x[~mask] = np.nan
    y = _kernels.masked_softmax(x, mask)
    assert not y[1].any()
    assert y[::2].tobytes() == _kernels.masked_softmax(x[::2], mask[::2]).tobytes()


@pytest.mark.parametrize("position", range(35))
def test_nan_in_a_real_value_reaches_its_whole_row_and_no_other(isa, position):
    x = np.zeros((2, 35), np.float32)
    x[0, position] = np.nan
    y = _kernels.masked_softmax(x)
    assert np.isnan(y[0]).all() and np.isfinite(y[1]).all()


@pytest.mark.parametrize(
    "row, expected",
    [
        ([-np.inf, -np.inf], [0, 0]),
        ([-np.inf, 3], [0, 1]),
        ([np.inf, 3], [1, 0]),
        ([np.inf, np.inf], [0.5, 0.5]),
        ([np.inf, -np.inf], [1, 0]),
        ([MAX, -MAX], [1, 0]),
        ([-MAX, -MAX], [0.5, 0.5]),
        ([0, -0.0], [0.5, 0.5]),
        ([1e-45], [1]),
    ],
)
def test_softmax_of_extreme_values_is_defined(isa, row, expected):
    for copies in (1, 9, 33):  # in a tail, and in full vectors
        x = np.tile(np.array(row, np.float32), (1, copies))
        np.testing.assert_allclose(
            _kernels.masked_softmax(x), np.tile(expected, (1, copies)) / copies, rtol=4e-6
        )


def test_masked_softmax_refuses_a_mask_of_another_shape_or_dtype():
    x = np.zeros((4, 6), np.float32)
    for shape in [(4, 5), (3, 6), (8, 6), (0, 6)]:
        with pytest.raises(ValueError, match=r"mask must be bool"):
            _kernels.masked_softmax(x, np.ones(shape, bool))
    with pytest.raises(TypeError, match="mask must be bool, got float64"):
        _kernels.masked_softmax(x, np.ones((4, 6)))


def test_every_pattern_of_a_mask_is_read_right():
    n = 11
    mask = (np.arange(1 << n)[:, None] >> np.arange(n) & 1).astype(bool)
    x = np.random.default_rng(0).normal(size=mask.shape).astype(np.float32)
    expected = reference.masked_softmax(x, mask)
    x[~mask] = np.nan
    for threads in (1, 2, 3):  # each begins with a mask of its own
        y = _kernels.masked_softmax(x, mask, num_threads=threads)
        np.testing.assert_allclose(y, expected, rtol=4e-6)


@pytest.mark.parametrize("features", [1, 5, 16, 63, 64, 65, 130])
def test_softmax_down_time_has_the_bits_of_a_row(isa, rng, features):
    lengths = np.array([1, 0, 15, 16, 17, 40, 3, 3, 3])
    offsets = np.append(0, np.cumsum(lengths))
    x = rng.normal(0, 30, (offsets[-1], features)).astype(np.float32)
    x[offsets[6]], x[offsets[7]], x[offsets[8] : offsets[9]] = np.nan, np.inf, -np.inf
    want = np.zeros_like(x)
    for first, last in itertools.pairwise(offsets):
        want[first:last] = _kernels.masked_softmax(x[first:last].T).T
    for threads in (1, 2, 3, 5, 8):
        y = _kernels.time_softmax(x, offsets, num_threads=threads)
        np.testing.assert_array_equal(y, want)


@pytest.mark.parametrize("offsets", [[0, 4], [0, 2, 1, 3], [-1, 3]])
def test_softmax_down_time_refuses_wrong_offsets(offsets):
    with pytest.raises(ValueError, match=r"offsets must ascend in \[0, 3\]"):
        _kernels.time_softmax(np.ones((3, 2)), offsets)
