"""Reductions: in float64 and one order, rounded once; the same bits on every instruction set."""

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
