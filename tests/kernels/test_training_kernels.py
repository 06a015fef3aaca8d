"""Sums over segments and steps of Adam: right, and the same bits for any number of threads."""

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


@pytest.mark.parametrize(
    "index, offsets",
    [([0, 3], [0, 2]), ([0, -1], [0, 2]), ([0], [0, 2]), ([0, 1], [1, 0]), ([0, 1], [-1, 2])],
)
def test_segments_out_of_range_are_refused(index, offsets):
    with pytest.raises(ValueError, match="offsets must ascend"):
        _kernels.sum_segments(np.ones((3, 2)), index, offsets)


def adam(w, g, m, v, largest, of_mean, of_square, alpha, epsilon):
    """Keras's order in NumPy, where each operation is rounded."""
    of_mean, of_square, alpha, epsilon = map(np.float32, (of_mean, of_square, alpha, epsilon))
    m = m + (g - m) * of_mean
    v = v + (g * g - v) * of_square
    root = v if largest is None else np.where(largest > v, largest, v)
    w = w - m * alpha / (np.sqrt(root) + epsilon)
    return (w, m, v) if largest is None else (w, m, v, root)


@pytest.mark.parametrize("amsgrad", [False, True])
@pytest.mark.parametrize("shape", [(), (0,), (7,), (16,), (17, 3), (70_001,)])
def test_a_step_of_adam_has_the_bits_of_numpy(isa, rng, shape, amsgrad):
    w, g, m = (rng.standard_normal(shape).astype(np.float32) for _ in range(3))
    v, largest = (np.square(rng.standard_normal(shape)).astype(np.float32) for _ in range(2))
    largest = largest if amsgrad else None
    numbers = {"of_mean": 0.1, "of_square": 0.001, "alpha": 0.01, "epsilon": 1e-7}
    want = adam(w, g, m, v, largest, *numbers.values())
    for threads in THREADS:
        got = _kernels.adam_step(w, g, m, v, largest, **numbers, num_threads=threads)
        assert len(got) == len(want)
        for a, b in zip(got, want, strict=True):
            np.testing.assert_array_equal(a, b)


def test_adam_names_what_does_not_fit():
    numbers = {"of_mean": 0.1, "of_square": 0.001, "alpha": 0.01, "epsilon": 1e-7}
    with pytest.raises(ValueError, match=r"m must be float32 \(3,\), got float32 \(2,\)"):
        _kernels.adam_step(np.ones(3), np.ones(3), np.ones(2), np.ones(3), **numbers)


@pytest.mark.parametrize("rate", [-0.1, 1, np.nan])
def test_dropout_refuses_other_rates(rate):
    with pytest.raises(ValueError, match="rate must be at least 0 and below 1"):
        _kernels.dropout(np.ones((2, 2)), [0, 1], [0, 0], 1, rate)
