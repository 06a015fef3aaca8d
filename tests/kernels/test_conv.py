"""Convolutions: right for any windows, and the bits those of a product with gathered windows."""

import numpy as np
import pytest

from maskseq import _kernels
from tests.support.definitions import reference_conv as reference

CASES = [  # batch, time, count, size, stride, dilation, before
    (3, 7, 7, 3, 1, 1, 1),
    (2, 9, 7, 3, 1, 1, 0),
    (2, 9, 9, 3, 1, 2, 4),
    (2, 10, 5, 4, 2, 1, 1),
    (1, 3, 3, 5, 1, 3, 6),
    (2, 130, 130, 2, 1, 1, 0),
    (4, 1, 1, 1, 1, 1, 0),
    (0, 5, 5, 3, 1, 1, 1),
    (3, 0, 0, 3, 1, 1, 1),
]


def packed_parts(kernel, bias, groups):
    units, flat = kernel.shape[2] // groups, kernel.reshape(-1, kernel.shape[2])
    parts = [slice(g * units, (g + 1) * units) for g in range(groups)]
    return [_kernels.PackedDense(flat[:, part], bias[part]) for part in parts]


def weights(rng, size, features, filters, groups=1):
    kernel = rng.normal(0, 1, (size, features // groups, filters)).astype(np.float32)
    return kernel, rng.normal(0, 1, filters).astype(np.float32)


def holes(rng, batch, time):
    """A row for most cells, in their order, and the number of rows."""
    real = rng.random(batch * time) < 0.8
    row_of = np.where(real, np.cumsum(real) - 1, -1)
    return row_of, int(real.sum())


@pytest.mark.parametrize("features, filters, groups", [(1, 1, 1), (4, 17, 1), (6, 8, 2), (3, 9, 3)])
@pytest.mark.parametrize("place", CASES)
def test_convolve_equals_its_definition(isa, rng, place, features, filters, groups):
    batch, time, count, size, *_ = place
    kernel, bias = weights(rng, size, features, filters, groups)
    packed = packed_parts(kernel, bias, groups)
    row_of, steps = holes(rng, batch, time)
    made = np.flatnonzero(rng.random(batch * count) < 0.6)
    for rows, n in [(None, batch * time), (row_of, steps)]:
        for cells in (None, made):
            x = rng.normal(0, 1, (n, features)).astype(np.float32)
            windows = _kernels.Windows(*place, rows, cells)
            y = _kernels.convolve(x, packed, windows)
            places = reference.window_rows(n, *place, rows, cells)
            want = reference.convolve(x, kernel, bias, places, groups)
            np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-5)
            full = np.concatenate([x, np.zeros((1, features), np.float32)])[places]
            width = features // groups
            each = [
                _kernels.dense(
                    full[:, :, g * width : (g + 1) * width].reshape(len(y), size * width), part
                )
                for g, part in enumerate(packed)
            ]
            np.testing.assert_array_equal(y, np.concatenate(each, axis=1))


@pytest.mark.parametrize("features, multiplier", [(1, 1), (15, 1), (16, 2), (67, 1), (5, 3)])
@pytest.mark.parametrize("place", CASES)
def test_depthwise_equals_its_definition(isa, rng, place, features, multiplier):
    batch, time, count, size, *_ = place
    kernel = rng.normal(0, 1, (size, features, multiplier)).astype(np.float32)
    bias = rng.normal(0, 1, features * multiplier).astype(np.float32)
    row_of, steps = holes(rng, batch, time)
    made = np.flatnonzero(rng.random(batch * count) < 0.6)
    for rows, cells, n in [(None, None, batch * time), (row_of, made, steps)]:
        x = rng.normal(0, 1, (n, features)).astype(np.float32)
        windows = _kernels.Windows(*place, rows, cells)
        places = reference.window_rows(n, *place, rows, cells)
        want = reference.depthwise(x, kernel, bias, places)
        y = _kernels.depthwise(x, kernel, bias, windows)
        np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-5)
        full, sums = np.concatenate([x, np.zeros((1, features), np.float32)])[places], 0
        for j in range(size):
            sums = sums + full[:, j, :, None] * kernel[j]  # each step rounded
        sums = np.maximum(np.reshape(sums, y.shape), 0)
        y = _kernels.depthwise(x, kernel, None, windows, "relu")
        np.testing.assert_array_equal(y, sums)


def test_depthwise_bits_are_the_same_for_any_threads_and_isa(rng):
    kernel = rng.normal(size=(5, 77, 2)).astype(np.float32)
    x, bias = rng.normal(size=(700, 77)).astype(np.float32), rng.normal(size=154)
    windows, bits = _kernels.Windows(1, 700, 700, 5, 1, 2, 4), set()
    for isa in _kernels.ISAS:
        _kernels.set_isa(isa)
        for threads in (1, 2, 3, 5, 8):
            y = _kernels.depthwise(x, kernel, bias, windows, "tanh", num_threads=threads)
            bits.add(y.tobytes())
    assert len(bits) == 1


@pytest.mark.parametrize("features", [16, 48, 64, 112])
@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("step", [1, 2])
def test_rows_that_are_read_once_for_all_windows_change_no_bit(isa, rng, features, size, step):
    """Windows and their places lie as far apart; with -0 among products and sums."""
    x = rng.normal(size=(60, features)).astype(np.float32)
    x[rng.random(x.shape) < 0.3] = -0.0
    kernel, bias = weights(rng, size, features, features)
    kernel = kernel[:, :, :1]
    place = (1, 60, 20, size, step, step, 0)
    for own in (bias, None):
        y = _kernels.depthwise(x, kernel, own, _kernels.Windows(*place))
        made = [_kernels.Windows(*place, None, np.array([w])) for w in range(20)]
        each = [_kernels.depthwise(x, kernel, own, window) for window in made]
        assert y.tobytes() == np.concatenate(each).tobytes()
    np.testing.assert_allclose(
        y, reference.depthwise(x, kernel, 0, reference.window_rows(60, *place, None, None)),
        rtol=1e-5, atol=1e-5,
    )  # fmt: skip


@pytest.mark.parametrize("place", CASES)
@pytest.mark.parametrize("multiplier", [1, 2])
def test_mixed_results_have_the_bits_of_a_product(isa, rng, place, multiplier):
    batch, time, count, size, *_ = place
    x = rng.normal(size=(batch * time, 18)).astype(np.float32)
    x.reshape(batch, time, 18)[:, time // 2 :] = 1  # rows that repeat
    kernel = rng.normal(size=(size, 18, multiplier)).astype(np.float32)
    mixing = rng.normal(size=(18 * multiplier, 21)).astype(np.float32)
    packed = _kernels.PackedDense(mixing, rng.normal(size=21).astype(np.float32))
    middle = _kernels.depthwise(x, kernel, None, _kernels.Windows(*place))
    want = _kernels.dense(middle, packed, "tanh")
    for made in (None, np.arange(batch * count)):
        for threads in (1, 2, 3):
            windows = _kernels.Windows(*place, None, made)
            y = _kernels.depthwise(
                x, kernel, None, windows, "tanh", mixing=packed, num_threads=threads
            )
            assert y.tobytes() == want.tobytes()


def test_mixing_of_other_weights_is_refused(rng):
    windows, kernel = _kernels.Windows(1, 4, 2, 3), np.ones((3, 2, 1))
    for packed in (
        _kernels.PackedDense(np.ones((3, 4))),
        _kernels.PackedDense((np.ones((2, 4), np.int8), np.ones(4, np.float32))),
    ):
        with pytest.raises(ValueError, match="do not fit"):
            _kernels.depthwise(np.ones((4, 2)), kernel, None, windows, mixing=packed)


def test_depthwise_of_another_number_of_features_is_refused(rng):
    x, windows = np.zeros((4, 3), np.float32), _kernels.Windows(1, 4, 4, 2)
    with pytest.raises(ValueError, match=r"features of kernel \(2, 4, 1\), got 3"):
        _kernels.depthwise(x, np.ones((2, 4, 1)), None, windows)
    with pytest.raises(ValueError, match=r"kernel must be float32 \(1, 2, 3\)"):
        _kernels.depthwise(x, np.ones((5, 3, 1)), None, windows)


@pytest.mark.parametrize("row_of", [[0, 2, 2, 1], [3, 3, 3, 3], [1, -1, 2, 9], [-5, 0, 1, 2**62]])
def test_rows_may_come_in_any_order_and_again(isa, rng, row_of):
    x, (kernel, bias) = rng.normal(size=(4, 2)).astype(np.float32), weights(rng, 3, 2, 5)
    row_of, made = np.array(row_of), np.array([3, 0, 0, 2])
    place = 1, 4, 4, 3, 1, 1, 1
    y = _kernels.convolve(
        x, packed_parts(kernel, bias, 1), _kernels.Windows(*place, row_of, made), "relu"
    )
    rows = reference.window_rows(4, *place, row_of, made)
    want = np.maximum(reference.convolve(x, kernel, bias, rows), 0)
    np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-6)


def test_places_outside_read_zeros_whatever_is_beside(isa, rng):
    """NaN of a neighbour never meets a window, and a weight of inf meets zeros."""
    x, (kernel, bias) = np.full((6, 1), np.nan, np.float32), weights(rng, 3, 1, 4)
    x[2:4] = 1
    windows = _kernels.Windows(3, 2, 2, 3, 1, 1, 1)
    y = _kernels.convolve(x, packed_parts(kernel, bias, 1), windows)
    assert np.isfinite(y[2:4]).all() and np.isnan(y[[0, 1, 4, 5]]).all()
    kernel[0] = np.inf
    y = _kernels.convolve(x, packed_parts(kernel, bias, 1), windows)
    assert np.isnan(y[2]).all()
    outside = _kernels.Windows(3, 2, 2, 3, 1, 1, 1, None, [-1, 6, 2**62])
    y = _kernels.convolve(x, packed_parts(np.ones_like(kernel), bias, 1), outside)
    np.testing.assert_array_equal(y, np.tile(bias, (3, 1)))


@pytest.mark.parametrize("rows, filters, groups", [(500, 40, 1), (3, 900, 1), (3, 90, 3)])
def test_bits_are_the_same_for_any_threads_and_isa(rng, rows, filters, groups):
    kernel, bias = weights(rng, 5, 30, filters, groups)
    x = rng.normal(size=(rows, 30)).astype(np.float32)
    windows, bits = _kernels.Windows(1, rows, rows, 5, 1, 2, 4), set()
    for isa in _kernels.ISAS:
        _kernels.set_isa(isa)
        packed = packed_parts(kernel, bias, groups)
        for threads in (1, 2, 3, 5, 8):
            y = _kernels.convolve(x, packed, windows, "tanh", num_threads=threads)
            bits.add(y.tobytes())
    assert len(bits) == 1


@pytest.mark.parametrize("place", [*CASES[:5], (2, 40, 40, 3, 1, 2, 4), (2, 40, 20, 4, 2, 1, 1)])
@pytest.mark.parametrize("values", [1, 2])
def test_rows_that_repeat_change_no_bit(isa, rng, place, values):
    """Of few different rows, many lie beside their like; -0 is not 0."""
    batch, time, count, size, *_ = place
    kernel, bias = weights(rng, size, 3, 9)
    kinds = np.concatenate([rng.normal(size=(values, 3)), [[0, 0, 0]], [[0, -0.0, 0]]])
    x = kinds.astype(np.float32)[rng.integers(0, len(kinds), (batch, time))]
    x[:, time // 3 :] = x[:, time // 3, None]
    packed, rows = packed_parts(kernel, bias, 1), x.reshape(-1, 3)
    want = _kernels.convolve(rows, packed, _kernels.Windows(*place, None, np.arange(batch * count)))
    for threads in (1, 2, 3):
        y = _kernels.convolve(rows, packed, _kernels.Windows(*place), num_threads=threads)
        np.testing.assert_array_equal(y, want)
        each = _kernels.depthwise(rows, kernel[:, :, :2], None, _kernels.Windows(*place))
        every = _kernels.Windows(*place, None, np.arange(batch * count))
        np.testing.assert_array_equal(
            each, _kernels.depthwise(rows, kernel[:, :, :2], None, every, num_threads=threads)
        )
    places = reference.window_rows(batch * time, *place, None, None)
    want = reference.convolve(rows, kernel, bias, places)
    np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-5)


def test_threads_share_the_windows_that_do_not_repeat(rng):
    kernel, bias = weights(rng, 3, 64, 64)
    x = rng.normal(size=(4, 300, 64)).astype(np.float32)
    x[1:, 20:], x[0, 250:] = 0, 1
    rows, packed = x.reshape(-1, 64), packed_parts(kernel, bias, 1)
    windows = _kernels.Windows(4, 300, 300, 3, 1, 1, 1)
    every = _kernels.Windows(4, 300, 300, 3, 1, 1, 1, None, np.arange(1200))
    want = _kernels.convolve(rows, packed, every)
    for threads in (1, 2, 3, 5, 8):
        y = _kernels.convolve(rows, packed, windows, num_threads=threads)
        np.testing.assert_array_equal(y, want)


@pytest.mark.parametrize(
    "place, x, parts, error",
    [
        ((1, 4, 4, 3, 0), (4, 2), 1, "stride 0"),
        ((1, 4, 4, 3, 1, 0), (4, 2), 1, "dilation 0"),
        ((1, 4, 4, 3, 1, 1, 3), (4, 2), 1, "3 steps before"),
        ((1, 4, 4, 3, 1, 2**31), (4, 2), 1, "dilation 2147483648"),
        ((1, -4, 4, 3), (4, 2), 1, "time must be at least 0, got -4"),
        ((1, 5, 4, 3), (4, 2), 1, r"x must be float32 \(5, any\)"),
        ((1, 4, 4, 3), (4, 3), 1, "x must have 2 features, got 3"),
        ((1, 4, 4, 3), (4, 2), 0, "a part for each group"),
    ],
)
def test_what_does_not_fit_is_refused(rng, place, x, parts, error):
    packed = packed_parts(*weights(rng, 3, 2, 4), 1)[:parts]
    with pytest.raises(ValueError, match=error):
        _kernels.convolve(np.zeros(x, np.float32), packed, _kernels.Windows(*place))


def test_parts_of_different_sizes_are_refused(rng):
    (one,), (other,) = (packed_parts(*weights(rng, 3, 2, n), 1) for n in (4, 5))
    with pytest.raises(ValueError, match="do not fit 6 numbers"):
        _kernels.convolve(np.zeros((4, 4)), [one, other], _kernels.Windows(1, 4, 4, 3))
