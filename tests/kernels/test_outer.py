"""outer and column_sums: right, and their bits depend on the rows and their order alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskseq import _kernels
from tests.support.definitions import reference_backward as reference

SIZES = [0, 1, 2, 7, 8, 9, 15, 16, 17, 24, 25, 31, 33, 64, 65, 130]
NAN = np.nan


def case(rng, rows, inputs, columns):
    shapes = (rows, inputs), (rows, columns)
    return [rng.normal(0, 1, shape).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize("columns", SIZES)
@pytest.mark.parametrize(
    "rows, inputs", [(0, 3), (1, 1), (5, 0), (95, 6), (96, 16), (97, 25), (193, 49), (97, 150)]
)
def test_outer_equals_reference(isa, rng, rows, inputs, columns):
    x, dz = case(rng, rows, inputs, columns)
    product = _kernels.outer(x, dz)
    assert product.dtype == np.float32
    np.testing.assert_allclose(product, reference.outer(x, dz), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rows", [1, 2, 97])
def test_an_input_has_the_same_bits_in_a_tile_of_any_size(isa, rng, rows):
    x, dz = case(rng, rows, 18, 130)
    whole = _kernels.outer(x, dz)
    for inputs in range(1, 18):
        for columns in (1, 8, 15, 16, 17, 24, 32, 40, 48, 64, 79, 96):
            some = np.ascontiguousarray(x[:, -inputs:]), np.ascontiguousarray(dz[:, -columns:])
            np.testing.assert_array_equal(_kernels.outer(*some), whole[-inputs:, -columns:])
            zeros = np.zeros((inputs, columns), np.float32)
            _kernels.outer(*some, out=zeros, accumulate=True)
            np.testing.assert_array_equal(zeros, whole[-inputs:, -columns:])


def test_rows_are_summed_in_chunks_which_are_added_in_order(isa, rng):
    """The order is part of the promise: it is what bits depend on."""
    x, dz = case(rng, 96 * 2 + 5, 3, 20)
    want = np.zeros((3, 20), np.float32)
    for first in range(0, len(x), 96):
        chunk = np.zeros((3, 20), np.float32)
        for a, b in zip(x[first : first + 96], dz[first : first + 96], strict=True):
            # one rounding, as an FMA has: products of float32 are exact in float64, and so is
            # their sum but for a double rounding, which these numbers do not meet
            chunk = (a[:, None].astype(np.float64) * b + chunk).astype(np.float32)
        want = want + chunk if first else chunk
    np.testing.assert_allclose(_kernels.outer(x, dz), want, rtol=3e-7, atol=1e-7)


@pytest.mark.parametrize("inputs, columns", [(3, 20), (40, 3), (70, 130)])
def test_outer_reads_rows_by_index_and_skips_those_of_minus_one(isa, rng, inputs, columns):
    x, dz = case(rng, 300, inputs, columns)
    index = rng.integers(-1, 40, 300)
    x[40:], dz[index == -1] = NAN, NAN
    product = _kernels.outer(x, dz, index)
    want = reference.outer(x, dz, index)
    np.testing.assert_allclose(product, want, rtol=1e-5, atol=1e-4)
    met = index >= 0
    filled = np.zeros_like(x)
    filled[met] = x[index[met]]
    dz[~met] = 0
    np.testing.assert_array_equal(_kernels.outer(filled, dz), product)


def test_outer_without_any_row_is_zero(isa):
    dz = np.full((5, 4), NAN, np.float32)
    product = _kernels.outer(np.zeros((0, 3)), dz, np.full(5, -1))
    np.testing.assert_array_equal(product, np.zeros((3, 4)))
    np.testing.assert_array_equal(_kernels.outer(np.zeros((0, 3)), dz[:0]), np.zeros((3, 4)))


@pytest.mark.parametrize("inputs, columns", [(3, 20), (40, 3)])
def test_outer_adds_to_out(isa, rng, inputs, columns):
    x, dz = case(rng, 40, inputs, columns)
    out = np.ones((inputs, columns), np.float32)
    assert _kernels.outer(x, dz, out=out, accumulate=True) is out
    np.testing.assert_array_equal(out, 1 + _kernels.outer(x, dz))
    _kernels.outer(x[:0], dz[:0], out=out, accumulate=True)
    np.testing.assert_array_equal(out, 1 + _kernels.outer(x, dz))
    _kernels.outer(x[:0], dz[:0], out=out)
    np.testing.assert_array_equal(out, 0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 250), st.integers(1, 170), st.integers(1, 140), st.integers(0, 2**32 - 1))
def test_an_output_has_the_same_bits_on_any_isa_and_with_any_others(rows, inputs, columns, seed):
    rng = np.random.default_rng(seed)
    x, dz = case(rng, rows, inputs, columns)
    index = rng.integers(-1, rows, rows) if rows and seed % 2 else None
    results, sums = set(), set()
    for isa in _kernels.ISAS:
        _kernels.set_isa(isa)
        product = _kernels.outer(x, dz, index)
        results.add(product.tobytes())
        np.testing.assert_array_equal(_kernels.outer(x, dz[:, :1], index), product[:, :1])
        np.testing.assert_array_equal(_kernels.outer(x[:, :1], dz, index), product[:1])
        sums.add(_kernels.column_sums(dz).tobytes())
    assert len(results) == 1 and len(sums) == 1


@pytest.mark.parametrize("inputs, columns", [(200, 300), (700, 5), (64, 64)])
def test_outer_has_the_same_bits_for_any_thread_count(rng, inputs, columns):
    x, dz = case(rng, 2000, inputs, columns)
    one = _kernels.outer(x, dz, num_threads=1)
    for n in (2, 3, 5, 8):
        np.testing.assert_array_equal(_kernels.outer(x, dz, num_threads=n), one)


@pytest.mark.parametrize("rows", [0, 1, 96, 1025])
@pytest.mark.parametrize("columns", [5, 64, 130])
def test_products_and_sums_of_one_pass_have_the_bits_of_single_calls(isa, rng, rows, columns):
    x, dz = case(rng, rows, 30, columns)
    other, wide = case(rng, rows, 3, 2 * columns)
    dz, rest = wide[:, :columns], wide[:, columns:]  # rows some floats apart
    index = rng.integers(-1, rows, rows) if rows else np.zeros(0, np.int64)
    products = [(x, dz, None), (x, rest, index), (other, dz, None)]
    want = [_kernels.outer(*given) for given in products]
    sums = [dz, rest]
    for n in (1, 2, 3, 5, 8):
        made, totals = _kernels.outers(products, sums, num_threads=n)
        for product, single in zip(made, want, strict=True):
            np.testing.assert_array_equal(product, single)
        for total, values in zip(totals, sums, strict=True):
            np.testing.assert_array_equal(total, _kernels.column_sums(values))


def test_one_pass_names_what_does_not_fit(rng):
    x, dz = case(rng, 5, 3, 4)
    assert _kernels.outers([], []) == ([], [])
    with pytest.raises(ValueError, match="expected 5 rows in all, got 4"):
        _kernels.outers([(x, dz, None)], [dz[:4]])
    with pytest.raises(ValueError, match="4 products and sums at most, got 5, 0"):
        _kernels.outers([(x, dz, None)] * 5, [])
    with pytest.raises(ValueError, match=r"x must be float32 \(4, 3\)"):
        _kernels.outers([(x, dz[:4], None)], [])
    index = np.array([0, 1, 2, 7, 9])
    with pytest.raises(IndexError, match=r"in \[-1, 5\), got 7 at position 3"):
        _kernels.outers([(x, dz, None), (x, dz, index)], [])


def test_large_results_begin_with_a_cache_line(rng):
    """A vector would else lie in two lines, which takes a tenth more of the way back."""
    x, dz = case(rng, 20, 130, 200)
    some = [_kernels.outer(x, dz) for _ in range(8)]
    assert {product.ctypes.data % 64 for product in some} == {0}
    assert all(product.flags.c_contiguous and product.flags.writeable for product in some)


@pytest.mark.parametrize("columns", SIZES)
@pytest.mark.parametrize("rows", [0, 1, 1023, 1024, 1025, 5000])
def test_column_sums_equal_the_sums_in_float64(isa, rng, rows, columns):
    x = rng.normal(3, 1, (rows, columns)).astype(np.float32)
    want = x.sum(axis=0, dtype=np.float64)
    np.testing.assert_allclose(_kernels.column_sums(x), want, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("columns", [1, 130])
def test_column_sums_have_the_same_bits_for_any_thread_count(rng, columns):
    x = rng.normal(0, 1, (70_000, columns)).astype(np.float32)
    one = _kernels.column_sums(x, num_threads=1)
    for n in (2, 3, 5, 8):
        np.testing.assert_array_equal(_kernels.column_sums(x, num_threads=n), one)


@pytest.mark.parametrize(
    "x, dz, index, error, message",
    [
        ((2, 3), (4, 5), None, ValueError, r"x must be float32 \(4, 3\), got float32 \(2, 3\)"),
        ((2,), (2, 5), None, ValueError, r"x must be float32 \(any, any\), got float32 \(2,\)"),
        ((2, 3), (2,), None, ValueError, r"dz must be float32 \(any, any\), got float32 \(2,\)"),
        ((2, 3), (4, 5), [0], ValueError, r"x_index must be int64 \(4,\), got int64 \(1,\)"),
        ((2, 3), (4, 5), [0, -1, 2, 9], IndexError, r"in \[-1, 2\), got 2 at position 2"),
        ((2, 3), (4, 5), [0, -2, 2, 9], IndexError, r"in \[-1, 2\), got -2 at position 1"),
    ],
)
def test_outer_names_what_does_not_fit(x, dz, index, error, message):
    with pytest.raises(error, match=message):
        _kernels.outer(np.ones(x), np.ones(dz), index)


def test_outer_refuses_an_out_that_does_not_fit():
    x, dz = np.ones((4, 3)), np.ones((4, 2))
    with pytest.raises(ValueError, match=r"out must be .* float32 array \(3, 2\), got array"):
        _kernels.outer(x, dz, out=np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match="accumulate needs an out"):
        _kernels.outer(x, dz, accumulate=True)
