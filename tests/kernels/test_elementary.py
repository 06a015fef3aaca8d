"""Elementary functions: within 0.51 ulp for every float, the same bits on every instruction set."""

import numpy as np
import pytest

from maskseq import _kernels
from tests.support.definitions.reference_values import ELEMENTARY, ELEMENTARY_PAIR
from tests.support.floats import EXTREMES, canonical, every_exponent, pairs, ulps

INF, NAN = np.inf, np.nan
BENDS = {"cosh": 90, "expm1": 90, "sinh": 90, "erf": 5, "arcsin": 1, "arccos": 1}


def inputs(rng, name):
    n, bend = 20_001, BENDS.get(name, 10)
    parts = every_exponent(), rng.uniform(-bend, bend, n), 1 + rng.normal(0, 1e-3, n), EXTREMES
    anything = rng.integers(0, 2**32, n, dtype=np.uint32).view(np.float32)
    return np.concatenate([anything, *[np.float32(part) for part in parts]])


@pytest.mark.parametrize("name", _kernels.ELEMENTARY)
def test_function_is_within_half_an_ulp_and_a_little(isa, rng, name):
    x = inputs(rng, name)
    with np.errstate(all="ignore"):
        want = ELEMENTARY[name](x.astype(np.float64))
    y = _kernels.elementary(x, name)
    assert ulps(y, want).max() <= 0.51
    zero = want == 0
    np.testing.assert_array_equal(np.signbit(y[zero]), np.signbit(want[zero]))


@pytest.mark.parametrize("name", _kernels.ELEMENTARY_PAIR)
def test_function_of_two_is_within_half_an_ulp_and_a_little(isa, rng, name):
    x, y = pairs(rng, 120_000)
    with np.errstate(all="ignore"):
        want = ELEMENTARY_PAIR[name](x.astype(np.float64), y.astype(np.float64))
    z = _kernels.elementary_pair(x, y, name)
    assert ulps(z, want).max() <= 0.51
    known = ~np.isnan(want)
    np.testing.assert_array_equal(np.signbit(z[known]), np.signbit(want[known]))


def test_every_isa_gives_the_same_bits(rng):
    x, y = pairs(rng, 120_000)
    bits = set()
    for isa in _kernels.ISAS:
        _kernels.set_isa(isa)
        one = [_kernels.elementary(inputs(np.random.default_rng(1), f), f) for f in ELEMENTARY]
        two = [_kernels.elementary_pair(x, y, f) for f in ELEMENTARY_PAIR]
        bits.add(b"".join(map(canonical, one + two)))
    assert len(bits) == 1


@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33])
def test_value_does_not_depend_on_its_place_or_its_neighbours(isa, rng, n):
    x = rng.normal(0, 3, n).astype(np.float32)
    x[1::5] = 3e30  # of sin and the like, reduced apart
    for name in _kernels.ELEMENTARY:
        alone = [_kernels.elementary(value, name).tobytes() for value in x]
        assert _kernels.elementary(x, name).tobytes() == b"".join(alone)
    for name in _kernels.ELEMENTARY_PAIR:
        operands = zip(x, x[::-1], strict=True)
        alone = [_kernels.elementary_pair(a, b, name).tobytes() for a, b in operands]
        assert _kernels.elementary_pair(x, x[::-1], name).tobytes() == b"".join(alone)


def test_threads_change_nothing(rng):
    x = rng.normal(0, 3, 100_003).astype(np.float32)
    one = _kernels.elementary(x, "sin", num_threads=1)
    pair = _kernels.elementary_pair(x, 0.5, "arctan2", num_threads=1)
    for n in (2, 3, 5, 8):
        assert _kernels.elementary(x, "sin", num_threads=n).tobytes() == one.tobytes()
        two = _kernels.elementary_pair(x, 0.5, "arctan2", num_threads=n)
        assert two.tobytes() == pair.tobytes()


def test_scalar_operand_stands_for_an_array_of_it(isa, rng):
    x = rng.uniform(0, 5, (3, 7)).astype(np.float32)
    for name in _kernels.ELEMENTARY_PAIR:
        full = np.full_like(x, 1.5)
        want = _kernels.elementary_pair(x, full, name), _kernels.elementary_pair(full, x, name)
        got = _kernels.elementary_pair(x, 1.5, name), _kernels.elementary_pair(1.5, x, name)
        np.testing.assert_array_equal(got, want)
    assert _kernels.elementary_pair(2, 3, "power") == 8


def test_powers_of_integers_are_exact(isa):
    base, exponent = np.meshgrid(np.arange(-15, 16), np.arange(0, 6))
    want = (base.astype(object) ** exponent).astype(np.float32)
    np.testing.assert_array_equal(_kernels.elementary_pair(base, exponent, "power"), want)


def test_unknown_name_and_shapes_that_differ_are_named():
    with pytest.raises(ValueError, match="name must be one of expm1, .*, got 'cbrt'"):
        _kernels.elementary([1.0], "cbrt")
    with pytest.raises(ValueError, match=r"of one shape, got \(2,\) and \(3,\)"):
        _kernels.elementary_pair([1.0, 2.0], [1.0, 2.0, 3.0], "power")
