"""Operations where numbers are missing, all the same or NaN, and along several axes at once."""

import numpy as np
import pytest

from maskseq import activations, ops
from maskseq.tape import Tape

NAN = np.nan
CUBE = np.random.default_rng(2).standard_normal((2, 3, 4)).astype(np.float32)


@pytest.mark.parametrize("keepdims", [False, True])
def test_a_quantile_of_numbers_with_nan_is_nan(keepdims):
    x = np.array([[1, NAN, 3], [4, 2, 6], [NAN, NAN, NAN]], np.float32)
    for found, expected in (
        (ops.median(x, 1, keepdims), [NAN, 4, NAN]),
        (ops.quantile(x, [0.0, 1.0], 1, keepdims=keepdims)[1], [NAN, 6, NAN]),
        (ops.percentile(x, 25, 1, "lower", keepdims), [NAN, 2, NAN]),
        (ops.median(x, 0, keepdims), [NAN, NAN, NAN]),
    ):
        np.testing.assert_array_equal(np.ravel(found), expected)
    assert np.isnan(ops.median(x)) and ops.median(x[1]) == 4


def test_a_quantile_needs_numbers():
    with pytest.raises(ValueError, match=r"numbers along axis 1, got shape \(4, 0\)"):
        ops.median(np.zeros((4, 0), np.float32), axis=1)
    assert ops.median(np.zeros((4, 0), np.float32), axis=0).shape == (0,)
    assert ops.quantile(np.zeros((0, 3)), 0.5, 1, keepdims=True).shape == (0, 1)


def test_the_largest_of_nan_alone_is_nan():
    x = np.array([[1, NAN, 3], [NAN, NAN, NAN], [-np.inf, NAN, -np.inf]], np.float32)
    np.testing.assert_array_equal(ops.nanmax(x, 1), [3, NAN, -np.inf])
    np.testing.assert_array_equal(ops.nanmin(x, 1, keepdims=True), [[1], [NAN], [-np.inf]])
    np.testing.assert_array_equal(ops.nanmax([[1, 5], [7, 2]], 0), [7, 5])
    tape = Tape()
    traced = tape.watch(x)
    gradient = tape.gradients([ops.nanmax(traced, 1)], [np.ones(3, np.float32)], of=[traced])[0]
    np.testing.assert_array_equal(gradient[0], [0, 0, 1])


def test_the_norm_of_order_0_counts():
    assert ops.norm([3.0, 0.0, -4.0], 0) == 2
    np.testing.assert_array_equal(ops.norm([[3.0, 0.0], [0.0, 0.0]], 0, 1, True), [[1], [0]])


@pytest.mark.parametrize("axis", [None, (0, 1), [1, 2], (2, 0), (-1,), (0, 1, 2), 1])
def test_a_softmax_along_several_axes_has_one_sum_for_all(axis):
    axes = tuple(range(3)) if axis is None else tuple(axis) if np.ndim(axis) else (axis,)
    terms = np.exp(CUBE.astype(np.float64))
    expected = terms / terms.sum(axes, keepdims=True)
    for functions in (ops, activations):
        np.testing.assert_allclose(functions.softmax(CUBE, axis), expected, rtol=1e-5)
        np.testing.assert_allclose(functions.log_softmax(CUBE, axis), np.log(expected), rtol=1e-5)
    d = np.cos(CUBE)
    for function, slope in (
        (ops.softmax, expected * (d - (d * expected).sum(axes, keepdims=True))),
        (ops.log_softmax, d - expected * d.sum(axes, keepdims=True)),
    ):
        tape = Tape()
        x = tape.watch(CUBE)
        gradient = tape.gradients([function(x, axis)], [d], of=[x])[0]
        np.testing.assert_allclose(gradient, slope, rtol=1e-4, atol=1e-6)


def test_an_axis_that_is_not_there_is_named():
    for function in (ops.softmax, ops.log_softmax, ops.sparsemax):
        with pytest.raises(ValueError, match="axis must be below 3, the number of axes, got 5"):
            function(CUBE, axis=5)
