"""Sums over segments and dropout: right, and the same bits for any number of threads."""

import itertools

import numpy as np
import pytest

from maskseq import _kernels

THREADS = 1, 2, 3, 5, 8


@pytest.mark.parametrize("features", [0, 1, 63, 64, 65, 130])
def test_sums_of_segments(rng, features):
    x = rng.normal(3, 1, (300, features)).astype(np.float32)
    index = rng.integers(0, 300, 1000)
    offsets = np.r_[0, np.sort(rng.integers(0, 1001, 40)), 1000]
    want = [x[index[a:b]].sum(0, dtype=np.float64) for a, b in itertools.pairwise(offsets)]
    for threads in THREADS:
        got = _kernels.sum_segments(x, index, offsets, num_threads=threads)
        np.testing.assert_array_equal(got, np.float32(want).reshape(41, features))


def test_a_segment_of_one_row_is_a_sum_from_zero():
    x = np.array([[-0.0, np.nan, -np.inf, 1e-45]], np.float32)
    sums = _kernels.sum_segments(x, [0, 0, 0], [0, 1, 3])
    want = np.array([[0, np.nan, -np.inf, 1e-45], [0, np.nan, -np.inf, 3e-45]], np.float32)
    np.testing.assert_array_equal(sums, want)
    assert not np.signbit(sums[:, 0]).any()
    with pytest.raises(ValueError, match="index be in"):
        _kernels.sum_segments(x, [1], [0, 1])


@pytest.mark.parametrize(
    "index, offsets",
    [([0, 3], [0, 2]), ([0, -1], [0, 2]), ([0], [0, 2]), ([0, 1], [1, 0]), ([0, 1], [-1, 2])],
)
def test_segments_out_of_range_are_refused(index, offsets):
    with pytest.raises(ValueError, match="offsets must ascend"):
        _kernels.sum_segments(np.ones((3, 2)), index, offsets)


@pytest.mark.parametrize("rate", [-0.1, 1, np.nan])
def test_dropout_refuses_other_rates(rate):
    with pytest.raises(ValueError, match="rate must be at least 0 and below 1"):
        _kernels.dropout(np.ones((2, 2)), [0, 1], [0, 0], 1, rate)
