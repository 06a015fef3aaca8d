"""Reductions: in float64 and one order, rounded once; the same bits on every instruction set."""

import itertools

import numpy as np
import pytest

from maskseq import _kernels
from maskseq.numerics import reductions
from tests.support.definitions.reference_values import REDUCTIONS

SIZES = [1, 2, 15, 16, 17, 33, 130]


@pytest.mark.parametrize("name", _kernels.REDUCTIONS)
@pytest.mark.parametrize("inner", [1, 2, 3, 16, 17, 65, 130])
def test_reduction_is_rounded_once(isa, rng, name, inner):
    for n in SIZES:
        x = rng.normal(3, 1, (2, n, inner)).astype(np.float32)
        with np.errstate(over="ignore"):
            want = REDUCTIONS[name](x.astype(np.float64), axis=1).astype(np.float32)
        y = _kernels.reduce(x, name)
        assert y.dtype == np.float32
        np.testing.assert_allclose(y, want, rtol=2**-23, atol=1e-15)


@pytest.mark.parametrize("name", _kernels.REDUCTIONS)
def test_reduction_of_nothing(isa, name):
    y = _kernels.reduce(np.ones((2, 0, 3), np.float32), name)
    want = {"sum": 0, "prod": 1}.get(name, np.nan)
    np.testing.assert_array_equal(y, np.full((2, 3), want, np.float32))
    assert _kernels.reduce(np.ones((0, 4, 3), np.float32), name).shape == (0, 3)
    assert _kernels.reduce(np.ones((2, 4, 0), np.float32), name).shape == (2, 0)


def test_every_isa_and_any_number_of_threads_give_the_same_bits(rng):
    cubes = [rng.lognormal(0, 9, s).astype(np.float32) for s in [(7, 999, 1), (3, 333, 77)]]
    bits = set()
    for isa in _kernels.ISAS:
        _kernels.set_isa(isa)
        for threads in (1, 2, 3, 5, 8):
            parts = [
                _kernels.reduce(x, name, num_threads=threads)
                for name in _kernels.REDUCTIONS
                for x in cubes
            ]
            bits.add(b"".join(part.tobytes() for part in parts))
    assert len(bits) == 1


def test_nan_and_infinity_come_through(isa):
    for inner in (1, 20):
        for bad in (np.nan, np.inf):
            x = np.ones((1, 40, inner), np.float32)
            x[:, 33] = bad
            for name in ("sum", "mean", "prod"):
                np.testing.assert_array_equal(_kernels.reduce(x, name), np.full((1, inner), bad))
            assert np.isnan(_kernels.reduce(x, "var")).all()


LAYOUTS = {
    "C": lambda x: x,
    "Fortran": np.asfortranarray,
    "transposed": lambda x: np.ascontiguousarray(x.T).T,
    "swapped": lambda x: np.ascontiguousarray(x.swapaxes(0, 1)).swapaxes(0, 1),
    "strided": lambda x: np.repeat(x, 2, axis=2)[:, :, ::2],
    "reversed": lambda x: x[::-1, :, ::-1].copy()[::-1, :, ::-1],
}


@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1, (0, 1), (1, 2), (0, 2), (2, 0), (0, 1, 2), ()])
def test_order_in_memory_changes_no_bit(rng, axis):
    x = rng.lognormal(0, 9, (5, 30, 40)).astype(np.float32)
    for name, definition in REDUCTIONS.items():
        want = definition(x.astype(np.float64), axis=axis, keepdims=True)
        bits = set()
        for layout in LAYOUTS.values():
            y = reductions.reduce(layout(x), name, axis, keepdims=True)
            assert y.shape == want.shape
            bits.add(y.tobytes())
            assert reductions.reduce(layout(x), name, axis).tobytes() == y.tobytes()
        assert len(bits) == 1
        with np.errstate(over="ignore"):
            np.testing.assert_allclose(y, want.astype(np.float32), rtol=1e-6)


@pytest.mark.parametrize("axis", [3, -4, (0, 3), (0, -3)])
def test_wrong_axes_are_named(axis):
    with pytest.raises(ValueError, match="axis must"):
        reductions.reduce(np.ones((2, 3, 4)), "sum", axis)


def pooled(x, parts, mean):
    """The definition: parts of rows, in float64 or, for a mean, one float32 after the other."""
    found = np.zeros((len(parts), x.shape[1]), np.float32)
    for y, rows in zip(found, parts, strict=True):
        if len(rows):
            y[:] = x[rows].max(axis=0) + np.float32(0)
        if mean and len(rows):
            y[:] = np.float32(0)
            for row in rows:
                y += x[row]
            y /= np.float32(len(rows))
    return found


@pytest.mark.parametrize("mean", [False, True])
@pytest.mark.parametrize("features", [1, 3, 16, 17, 65, 130])
def test_pooling_of_sequences_equals_its_definition(isa, rng, mean, features):
    offsets = np.array([0, 3, 3, 20, 21])
    x = rng.normal(0, 1, (21, features)).astype(np.float32)
    x[4], x[:3, 0], x[20, 0] = -0.0, -np.inf, np.inf
    x[7, features // 2] = np.nan
    want = pooled(x, [range(*pair) for pair in itertools.pairwise(offsets)], mean)
    for threads in (1, 2, 3, 5, 8):
        y = _kernels.pool_sequences(x, offsets, mean, num_threads=threads)
        np.testing.assert_array_equal(y, want)
        assert mean or not np.signbit(y[y == 0]).any()


@pytest.mark.parametrize("mean", [False, True])
@pytest.mark.parametrize("size, stride, before", [(1, 1, 0), (2, 2, 0), (3, 1, 1), (4, 3, 2)])
def test_pooling_of_windows_equals_its_definition(isa, rng, mean, size, stride, before):
    batch, time, features = 3, 7, 19
    index = rng.integers(0, 9, batch * time)
    x = rng.normal(0, 1, (9, features)).astype(np.float32)
    count = (time + before - 1) // stride + 1
    starts = [(b * time, w * stride - before) for b in range(batch) for w in range(count)]
    cells = [[b + t for t in range(s, s + size) if 0 <= t < time] for b, s in starts]
    want = pooled(x, [index[part] for part in cells], mean).reshape(batch, count, features)
    window = count, size, stride, before, mean
    for threads in (1, 2, 3, 5, 8):
        y = _kernels.pool_windows(x, batch, time, *window, index, num_threads=threads)
        np.testing.assert_array_equal(y, want)
        y = _kernels.pool_windows(x[index], batch, time, *window, num_threads=threads)
        np.testing.assert_array_equal(y, want)


@pytest.mark.parametrize("index", [[0, 1, 2, 9], [0, -1, 2, 3]])
def test_pooling_refuses_rows_that_are_not_there(index):
    with pytest.raises(ValueError, match="windows must have cells, and these rows of the 9"):
        _kernels.pool_windows(np.ones((9, 2)), 2, 2, 2, 1, index=index)
    with pytest.raises(ValueError, match="offsets must ascend in"):
        _kernels.pool_sequences(np.ones((9, 2)), [0, index[3] + 1, 10])


@pytest.mark.parametrize("window", [(3, 1, 1, 0), (2, 0, 1, 0), (2, 1, 0, 0), (2, 1, 1, 1)])
def test_pooling_refuses_windows_without_cells(window):
    with pytest.raises(ValueError, match="windows must have cells"):
        _kernels.pool_windows(np.ones((4, 3)), 2, 2, *window)
