"""activation_backward: the slopes of the float64 definitions, and at corners those of Keras."""

import numpy as np
import pytest

from maskseq import _kernels
from tests.support import reference

CORNERS = (-3, -2.5, -1, -0.5, 0, 0.5, 1, 2.5, 3, 6)
AT_CORNERS = {
    "relu": {0: 0},
    "relu6": {0: 0, 6: 0},
    "leaky_relu": {0: 1},
    "hard_tanh": {-1: 0, 1: 0},
    "hard_sigmoid": {-3: 0, 3: 0},
    "elu": {0: 1},
    "soft_shrink": {-0.5: 0, 0.5: 0},
    "hard_shrink": {0.5: 0},
}
OPTIONS = {
    "leaky_relu": ((0.3,), lambda x: np.where(x < 0, np.float32(0.3) * x, x)),
    "elu": ((1.7,), lambda x: np.where(x < 0, np.float32(1.7) * np.expm1(x), x)),
    "celu": ((1.7,), lambda x: np.where(x < 0, 1.7 * np.expm1(x / 1.7), x)),
    "gelu_tanh": (
        (),
        lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    ),
    "squareplus": ((2.5,), lambda x: (x + np.sqrt(x * x + 2.5)) / 2),
    "soft_shrink": ((0.5,), reference.ACTIVATIONS["soft_shrink"]),
    "hard_shrink": ((0.5,), reference.ACTIVATIONS["hard_shrink"]),
    "relu": ((0.25, 6, 0.5), lambda x: np.where(x > 0.5, np.minimum(x, 6), 0.25 * (x - 0.5))),
    "threshold": ((0.5, -2), lambda x: np.where(x > 0.5, x, -2)),
}


def away_from_corners(rng, n):
    x = rng.normal(0, 3, n).astype(np.float32)
    near = np.abs(x[:, None] - np.float32(CORNERS)).min(axis=1) < 1e-2
    return np.where(near, np.float32(0.75), x)


def slope(function, x, step=1e-3):
    """By differences, of which Richardson's rule takes the first error."""
    x = x.astype(np.float64)
    wide = (function(x + step) - function(x - step)) / (2 * step)
    narrow = (function(x + step / 2) - function(x - step / 2)) / step
    return (4 * narrow - wide) / 3


@pytest.mark.parametrize("name", _kernels.ACTIVATIONS)
@pytest.mark.parametrize("n", [1, 7, 8, 15, 16, 17, 400])
def test_slopes_are_those_of_the_definition(isa, rng, name, n):
    x, d = away_from_corners(rng, n), rng.standard_normal(n).astype(np.float32)
    y = _kernels.activation(x, name)
    got = _kernels.activation_backward(d, y, x, name)
    want = d * slope(reference.ACTIVATIONS[name], x)
    np.testing.assert_allclose(got, want, rtol=3e-6, atol=2e-6)


@pytest.mark.parametrize("name", OPTIONS)
def test_slopes_with_options(isa, rng, name):
    options, function = OPTIONS[name]
    x, d = away_from_corners(rng, 333), rng.standard_normal(333).astype(np.float32)
    y = _kernels.activation_with(x, name, *options)
    got = _kernels.activation_with_backward(d, y, x, name, *options)
    np.testing.assert_allclose(got, d * slope(function, x), rtol=3e-6, atol=2e-6)


@pytest.mark.parametrize("name", AT_CORNERS)
def test_corners_have_the_slopes_of_keras_on_jax(isa, name):
    x = np.float32(list(AT_CORNERS[name]))
    got = _kernels.activation_backward(np.ones_like(x), _kernels.activation(x, name), x, name)
    assert got.tolist() == list(AT_CORNERS[name].values())


@pytest.mark.parametrize("name", sorted({*_kernels.ACTIVATIONS} - {"exponential"}))
def test_far_out_slopes_are_finite(isa, name):
    x = np.float32([-3e38, -1e20, -200, -90, 90, 200, 1e20, 3e38])
    got = _kernels.activation_backward(np.ones_like(x), _kernels.activation(x, name), x, name)
    assert np.isfinite(got).all() and (np.abs(got) <= 1.8).all()


def test_the_bits_are_the_same_everywhere(rng):
    x, d = rng.normal(0, 4, (2, 100_003)).astype(np.float32)
    for name in _kernels.ACTIVATIONS:
        y, found = _kernels.activation(x, name), set()
        for isa in _kernels.ISAS:
            _kernels.set_isa(isa)
            for threads in (1, 2, 3, 5, 8):
                got = _kernels.activation_backward(d, y, x, name, num_threads=threads)
                found.add(got.tobytes())
        assert len(found) == 1, name


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"y must be float32 \(3,\), got float32 \(2,\)"):
        _kernels.activation_backward(np.ones(3), np.ones(2), np.ones(3), "tanh")
    with pytest.raises(ValueError, match="name must be one of linear, "):
        _kernels.activation_backward(np.ones(3), np.ones(3), np.ones(3), "tan")
    with pytest.raises(ValueError, match=r"elu has 1 options, got \(\)"):
        _kernels.activation_with_backward(np.ones(3), np.ones(3), np.ones(3), "elu")


@pytest.mark.parametrize("norm", ["layer", "rms", "scaled", "unit"])
@pytest.mark.parametrize("n", [1, 9, 16, 33, 1025, 3000])
def test_normalize_backward_has_the_same_bits_everywhere(rng, norm, n):
    x, d = rng.normal(1, 2, (2, 40, n)).astype(np.float32)
    gamma, found = rng.standard_normal(n).astype(np.float32), set()
    for isa in _kernels.ISAS:
        _kernels.set_isa(isa)
        for threads in (1, 2, 3, 5, 8):
            got = _kernels.normalize_backward(d, x, norm, 1e-3, gamma, num_threads=threads)
            found.add(got[0].tobytes() + got[1].tobytes())
        products = d * _kernels.normalize(x, norm, 1e-3)
        np.testing.assert_array_equal(got[1], products)
    assert len(found) == 1
