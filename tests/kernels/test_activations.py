"""exp, tanh and sigmoid are ours: accurate, exact at the ends, the same on every ISA."""

import numpy as np
import pytest

from maskseq import _kernels
from tests.support import reference
from tests.support.definitions import reference_values
from tests.support.floats import canonical, every_exponent, ulps

OURS = ["exponential", "tanh", "sigmoid"]
EXTREMES = [0, -0.0, np.inf, -np.inf, 3e38, -3e38, 1e-45, -1e-45, 1e-38, 88.7, -87.4, -103.9, -104]
# Of all 2^32 floats, those with the largest errors (benchmarks/sweep_functions.py), in ulp.
WORST = {
    "exponential": {-27.33015251159668: 0.981, 5.227424144744873: 0.978},
    "tanh": {-0.22477926313877106: 1.846, 0.22477926313877106: 1.846, 3.8123860359191895: 1.498},
    "sigmoid": {-1.1110305786132812: 1.640, -2.011230230331421: 1.495, 0.6779158711433411: 1.189},
}


def inputs(rng, n=100_001):
    """Floats of every exponent and sign, subnormals too, and more where the functions bend."""
    every_exponent = np.arange(0, 2**32, 2**15 + 1, np.uint32).view(np.float32)
    anything = rng.integers(0, 2**32, n, dtype=np.uint32).view(np.float32)
    anything = np.concatenate([every_exponent, anything])
    worst = [x for cases in WORST.values() for x in cases]
    bends = rng.uniform(-110, 110, n), rng.normal(0, 1, n)
    parts = anything[~np.isnan(anything)], *bends, EXTREMES, worst
    return np.concatenate([np.float32(part) for part in parts])


def exact(name, x):
    with np.errstate(all="ignore"):
        return reference.ACTIVATIONS[name](x.astype(np.float64))


@pytest.mark.parametrize("name", OURS)
def test_activation_is_within_2_ulp(isa, rng, name):
    x = inputs(rng)
    y, want = _kernels.activation(x, name), exact(name, x)
    with np.errstate(over="ignore"):
        rounded = want.astype(np.float32)
    finite = np.isfinite(rounded)
    np.testing.assert_array_equal(y[~finite], rounded[~finite])
    error = np.abs(y[finite] - want[finite]) / np.spacing(np.abs(rounded[finite]))
    assert error.max() <= 2


@pytest.mark.parametrize("name", OURS)
def test_largest_errors_of_all_floats_are_the_recorded_ones(isa, name):
    x = np.float32(list(WORST[name]))
    y, want = _kernels.activation(x, name), exact(name, x)
    error = np.abs(y - want) / np.spacing(np.abs(want.astype(np.float32)))
    np.testing.assert_allclose(error, list(WORST[name].values()), atol=0.001)


LIMITS = {
    **reference_values.ACTIVATIONS_WITH_LIMITS,
    "gelu_tanh": (reference_values.gelu_tanh, reference_values.GELU_LIMIT),
}


@pytest.mark.parametrize("name", LIMITS)
def test_activation_is_right_to_a_few_ulp(isa, rng, name):
    definition, limit = LIMITS[name]
    near = rng.normal(0, 3, 20_001), rng.uniform(-100, 20, 20_001), EXTREMES, [np.nan]
    x = np.concatenate([every_exponent(), *map(np.float32, near)])
    with np.errstate(all="ignore"):
        want = definition(x.astype(np.float64))
    kernel = _kernels.activation_with if name == "gelu_tanh" else _kernels.activation
    y = kernel(x, name)
    error = ulps(y, want)
    with np.errstate(all="ignore"):
        error[(np.abs(want) < 1e-36) & (np.abs(y - want) < 1e-41)] = 0
    assert error.max() <= limit


OPTIONS = {
    "leaky_relu": [(0.3,)],
    "elu": [(0.4,)],
    "celu": [(0.4,), (3.0,)],
    "gelu_tanh": [()],
    "squareplus": [(1.0,), (0.0,)],
    "soft_shrink": [(1.5,), (0.0,)],
    "hard_shrink": [(1.5,)],
    "relu": [(0.1, 3.0, 0.5), (0.0, 6.0, 0.0), (0.0, np.inf, 1.0), (0.2, 1.0, -1.0)],
    "threshold": [(1.0, -2.0)],
}
WITH_OPTIONS = [(name, options) for name, given in OPTIONS.items() for options in given]


@pytest.mark.parametrize("name, options", WITH_OPTIONS)
@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 15, 16, 17, 33])
def test_activation_with_options_equals_reference(isa, rng, name, options, n):
    x = rng.normal(0, 3, n).astype(np.float32)
    rounded = [float(np.float32(option)) for option in options]
    want = reference_values.WITH_OPTIONS[name](x.astype(np.float64), *rounded)
    np.testing.assert_allclose(_kernels.activation_with(x, name, *options), want, rtol=5e-7)


@pytest.mark.parametrize("name, options", WITH_OPTIONS)
def test_activation_with_options_at_the_ends(isa, name, options):
    x = np.float32([np.inf, -np.inf, np.nan, 0.0, -0.0] * 5)
    y = _kernels.activation_with(x, name, *options)
    assert np.array_equal(np.isnan(y), np.isnan(x) if name != "threshold" else np.zeros(25, bool))
    assert y[0] == min(options[1] if name == "relu" else np.inf, np.inf)


def test_wrong_number_of_options_is_named():
    with pytest.raises(ValueError, match="relu has 3 options, got"):
        _kernels.activation_with([1.0], "relu", 1.0)


@pytest.mark.parametrize("n", [1, 7, 16, 33])
def test_prelu_has_an_alpha_for_each_place(isa, rng, n):
    x, alpha = rng.normal(0, 1, (4, 3, n)).astype(np.float32), rng.normal(0, 1, n).astype("f4")
    np.testing.assert_array_equal(_kernels.prelu(x, alpha), np.where(x < 0, alpha * x, x))
    with pytest.raises(ValueError, match="must divide into parts"):
        _kernels.prelu(np.ones(2 * n + 1), np.ones(2 * n))


@pytest.mark.parametrize("name", _kernels.ACTIVATIONS)
def test_activation_has_the_same_bits_on_every_isa(rng, name):
    x = inputs(rng)
    bits = set()
    for isa in _kernels.ISAS:
        _kernels.set_isa(isa)
        bits.add(canonical(_kernels.activation(x, name)))
    assert len(bits) == 1


def test_activation_with_options_has_the_same_bits_on_every_isa(rng):
    x = inputs(rng)
    bits = set()
    for isa in _kernels.ISAS:
        _kernels.set_isa(isa)
        bits.add(b"".join(canonical(_kernels.activation_with(x, n, *o)) for n, o in WITH_OPTIONS))
    assert len(bits) == 1


@pytest.mark.parametrize("name", _kernels.ACTIVATIONS)
@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 15, 16, 17, 33])
def test_activation_equals_reference(isa, rng, name, n):
    x = rng.normal(0, 3, n).astype(np.float32)
    y = _kernels.activation(x, name)
    np.testing.assert_allclose(y, exact(name, x), rtol=5e-7, atol=1e-30)


@pytest.mark.parametrize("name", _kernels.ACTIVATIONS)
def test_activation_propagates_nan_from_every_lane(isa, name):
    for lane in range(35):
        x = np.zeros(35, np.float32)
        x[lane] = np.nan
        y = _kernels.activation(x, name)
        assert np.flatnonzero(np.isnan(y)).tolist() == [lane]


@pytest.mark.parametrize("name, at_ends", [("tanh", [-1, 1]), ("sigmoid", [0, 1])])
def test_activation_saturates_exactly(isa, name, at_ends):
    for x in (110, 3e38, np.inf):
        assert _kernels.activation(np.float32([-x, x] * 9), name).tolist() == at_ends * 9


def test_tanh_keeps_the_sign_of_zero(isa):
    y = _kernels.activation(np.float32([-0.0, 0.0]), "tanh")
    assert np.signbit(y).tolist() == [True, False]


def test_activation_has_the_same_bits_for_any_thread_count(rng):
    x = rng.normal(0, 3, 100_003).astype(np.float32)
    one = _kernels.activation(x, "tanh", num_threads=1)
    for n in (2, 3, 5, 8):
        assert _kernels.activation(x, "tanh", num_threads=n).tobytes() == one.tobytes()


def test_activation_reads_any_layout_and_keeps_the_shape(rng):
    x = rng.normal(0, 1, (6, 10)).astype(np.float32)
    want = _kernels.activation(x, "tanh")
    unaligned = np.frombuffer(b"x" + x.tobytes(), np.uint8)[1:].view(np.float32).reshape(x.shape)
    for variant in (x.astype(">f4"), x.astype("f8"), np.asfortranarray(x), x.tolist(), unaligned):
        np.testing.assert_array_equal(_kernels.activation(variant, "tanh"), want)
    np.testing.assert_array_equal(_kernels.activation(x[::-1, ::2], "tanh"), want[::-1, ::2])
    assert _kernels.activation(np.float32(0.5), "tanh").shape == ()


@pytest.mark.parametrize(
    "x, error, message",
    [
        (["a"], TypeError, "x must be float32, got <U1"),
        ([1j], TypeError, "x must be float32, got complex128"),
        ([[1.0], [1.0, 2.0]], ValueError, "x must be float32, got rows of different lengths"),
        ([1e300], ValueError, "x has values too large for float32"),
    ],
)
def test_activation_rejects_what_is_no_number(x, error, message):
    with pytest.raises(error, match=message):
        _kernels.activation(x, "tanh")


def test_activation_names_the_known_ones():
    with pytest.raises(ValueError, match="name must be one of linear, relu, .*, got 'swish'"):
        _kernels.activation([1.0], "swish")
