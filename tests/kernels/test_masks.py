"""Masks from ids, values and lengths, and the layout of a mask."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from maskseq import _kernels
from tests.support import reference

SIZES = (0, 1, 15, 16, 17, 1000)
DTYPES = [np.dtype(c) for c in "?bBhHiIlLqQefd"]
THREADS = (1, 2, 3, 5, 8)
masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=20))


def same_bits_on_all_threads(kernel, *args):
    results = [kernel(*args, num_threads=threads) for threads in THREADS]
    assert len({result.tobytes() for result in results}) == 1
    return results[0]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("size", SIZES)
def test_mask_from_ids_is_true_where_an_id_is_not_zero(dtype, size):
    ids = np.random.default_rng(size).integers(0, 2, size).astype(dtype)
    np.testing.assert_array_equal(_kernels.mask_from_ids(ids), ids != 0)


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d.kind in "iu"], ids=str)
def test_mask_from_ids_sees_every_bit_of_an_integer(dtype):
    ids = np.array([1 << bit for bit in range(8 * dtype.itemsize)], np.uint64).astype(dtype)
    assert _kernels.mask_from_ids(ids).all()


@pytest.mark.parametrize("dtype", ["e", "f", "d"])
def test_mask_from_ids_sees_every_bit_of_a_float_but_its_sign(dtype):
    size = np.dtype(dtype).itemsize
    bits = np.array([1 << bit for bit in range(8 * size)], np.uint64).astype(f"u{size}")
    assert _kernels.mask_from_ids(bits.view(dtype)).tolist() == [True] * (8 * size - 1) + [False]


@pytest.mark.parametrize("dtype", ["e", "f", "d"])
def test_mask_from_ids_takes_negative_zero_for_zero_and_nan_for_real(dtype):
    tiny = np.finfo(dtype).smallest_subnormal
    ids = np.array([-0.0, 0.0, np.nan, tiny, -tiny, np.inf], dtype)
    assert _kernels.mask_from_ids(ids).tolist() == [False, False, True, True, True, True]


@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3), (2, 3, 4)])
def test_mask_from_ids_keeps_the_shape(shape):
    assert _kernels.mask_from_ids(np.ones(shape, np.int32)).shape == shape


def test_mask_from_ids_reads_any_memory_layout():
    ids = np.random.default_rng(0).integers(0, 2, (6, 10))
    for variant in (ids[::-1], ids[:, ::3], ids.T, ids.astype(">i4"), np.asfortranarray(ids)):
        np.testing.assert_array_equal(_kernels.mask_from_ids(variant), variant != 0)


def test_mask_from_ids_has_the_same_bits_on_any_number_of_threads():
    ids = np.random.default_rng(0).integers(0, 2, (300, 1000))
    np.testing.assert_array_equal(same_bits_on_all_threads(_kernels.mask_from_ids, ids), ids != 0)


@pytest.mark.parametrize("ids", [np.array(["a"]), np.array([1j]), np.array([2**70], object)])
def test_mask_from_ids_refuses_what_is_not_a_real_number(ids):
    with pytest.raises(TypeError, match="ids must be"):
        _kernels.mask_from_ids(ids)


def test_mask_from_ids_refuses_long_double():
    with pytest.raises(TypeError, match="ids must be of 1, 2, 4 or 8 bytes a number"):
        _kernels.mask_from_ids(np.ones(3, np.longdouble))


@pytest.mark.parametrize("n", (0, 1, 5, 300))
@pytest.mark.parametrize("features", SIZES)
def test_mask_from_values_finds_rows_that_differ_anywhere(n, features):
    rng = np.random.default_rng(features)
    x = np.full((n, features), 0.1, np.float32)
    if n and features:
        rows = rng.random(n) < 0.5
        x[rows, rng.integers(0, features, n)[rows]] = 7
    mask = same_bits_on_all_threads(_kernels.mask_from_values, x, 0.1)
    np.testing.assert_array_equal(mask, reference.mask_from_values(x, 0.1))


def test_mask_from_values_treats_nan_as_real_and_negative_zero_as_zero():
    x = np.array([[np.nan, 0.0], [-0.0, 0.0]], np.float32)
    assert _kernels.mask_from_values(x, 0.0).tolist() == [True, False]
    assert _kernels.mask_from_values(x, np.nan).tolist() == [True, True]


@pytest.mark.parametrize("padding", ["post", "pre"])
@given(data=st.data(), time=st.integers(0, 40))
def test_mask_from_lengths_puts_the_real_steps_on_their_side(padding, data, time):
    lengths = data.draw(st.lists(st.integers(0, time), max_size=10))
    mask = _kernels.mask_from_lengths(np.array(lengths, np.int32), time, padding)
    np.testing.assert_array_equal(mask, reference.mask_from_lengths(lengths, time, padding))


@pytest.mark.parametrize("bad", [-1, 4, 2**62])
def test_mask_from_lengths_names_the_first_bad_length(bad):
    with pytest.raises(ValueError, match=rf"lengths must be in \[0, 3\], got {bad} at position 1"):
        _kernels.mask_from_lengths([3, bad, 9], 3)


def test_mask_from_lengths_refuses_bad_arguments():
    with pytest.raises(ValueError, match='padding must be "post" or "pre", got \'left\''):
        _kernels.mask_from_lengths([1], 3, "left")
    with pytest.raises(ValueError, match="time must be at least 0, got -1"):
        _kernels.mask_from_lengths([1], -1)
    with pytest.raises(TypeError, match="lengths must be int64"):
        _kernels.mask_from_lengths([1.5], 3)


@given(mask=masks)
def test_layout_from_mask_lists_the_real_steps_in_order(mask):
    offsets, cells = _kernels.layout_from_mask(mask)
    expected_offsets, expected_cells = reference.layout_from_mask(mask)
    assert offsets.dtype == cells.dtype == np.int64
    np.testing.assert_array_equal(offsets, expected_offsets)
    np.testing.assert_array_equal(cells, expected_cells)


def test_layout_from_mask_takes_any_byte_but_zero_for_real():
    mask = np.array([[0, 1, 2, 255]], np.uint8).view(np.bool_)
    assert _kernels.layout_from_mask(mask)[1].tolist() == [1, 2, 3]


@pytest.mark.parametrize("mask", [np.ones(3, bool), np.ones((2, 3, 1), bool)])
def test_layout_from_mask_refuses_other_shapes(mask):
    with pytest.raises(ValueError, match=r"mask must be bool \(any, any\), got bool"):
        _kernels.layout_from_mask(mask)


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"])
@pytest.mark.parametrize("size", [0, 1, 7, 1024, 1025, 5000])
def test_first_outside_is_the_first_number_not_in_range(dtype, size, rng):
    ids = rng.integers(0, 2, size).astype(dtype)
    assert _kernels.first_outside(ids, 2) == size
    assert _kernels.first_outside(ids, 0) == 0
    for place in {0, size // 2, size - 1} if size else ():
        for wrong in (-1, 2, 100):
            bad = ids.copy()
            bad[place:] = np.array(wrong).astype(dtype)
            if not 0 <= int(bad[place]) < 2:
                assert _kernels.first_outside(bad, 2) == place
    with pytest.raises(TypeError, match="ids must be integers, got float32"):
        _kernels.first_outside(ids.astype("f4"), 2)


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_first_outside_reads_the_highest_bit_as_the_type_has_it(size):
    top = 1 << (8 * size - 1)
    one = np.array([top], f"u{size}")
    if size < 8:  # a count is an int64
        assert _kernels.first_outside(one, top + 1) == 1
        assert _kernels.first_outside(one, top) == 0
    assert _kernels.first_outside(one.view(f"i{size}"), 2**62) == 0
