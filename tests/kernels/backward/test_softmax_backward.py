"""The way back of a softmax: a float64 definition; the same bits for any number of threads."""

import numpy as np
import pytest

from maskseq import _kernels, activations


@pytest.mark.parametrize(
    "shape", [(0, 3), (3, 0), (1,), (5, 1), (4, 3, 17), (2, 20_001), (9000, 5)]
)
def test_softmax_backward(isa, rng, shape):
    y = activations.softmax(rng.standard_normal(shape))
    d = rng.standard_normal(shape).astype(np.float32)
    wide, of_y = d.astype(np.float64), y.astype(np.float64)
    want = of_y * (wide - (wide * of_y).sum(-1, keepdims=True))
    first = _kernels.softmax_backward(d, y, num_threads=1)
    np.testing.assert_allclose(first, want, rtol=1e-5, atol=2e-7)
    for threads in (2, 3, 5, 8):
        np.testing.assert_array_equal(_kernels.softmax_backward(d, y, num_threads=threads), first)
    turned = np.asfortranarray(d), np.asfortranarray(y)
    np.testing.assert_array_equal(_kernels.softmax_backward(*turned), first)


def test_nan_stays_in_its_row(isa):
    y, d = np.full((3, 5), 0.2, np.float32), np.ones((3, 5), np.float32)
    d[1, 2] = np.nan
    np.testing.assert_array_equal(
        np.isnan(_kernels.softmax_backward(d, y)).any(-1), [False, True, False]
    )


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"y must be float32 \(2, 3\), got float32 \(3, 2\)"):
        _kernels.softmax_backward(np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="d must have an axis"):
        _kernels.softmax_backward(np.float32(1), np.float32(1))
