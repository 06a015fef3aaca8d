"""Moving rows between the packed and the padded form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from maskseq import _kernels
from tests.support import reference

DTYPES = [np.dtype(c) for c in "?bHilQefd"]
THREADS = (1, 2, 3, 5, 8)
masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=12))


def random_rows(n, features, dtype=np.float32):
    rng = np.random.default_rng(n)
    return rng.integers(0, 256, (n, features * np.dtype(dtype).itemsize), np.uint8).view(dtype)


def scatter(values, mask, carry, **options):
    return _kernels.scatter_rows(
        values, *_kernels.layout_from_mask(mask), *mask.shape, carry, **options
    )


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("features", (0, 1, 2, 3, 15, 16, 17))
def test_gather_rows_copies_rows_of_any_dtype(dtype, features):
    x = random_rows(9, features, dtype)
    for n in (0, 1, 7, 50):
        index = np.random.default_rng(n).integers(0, 9, n)
        rows = _kernels.gather_rows(x, index)
        assert rows.dtype == dtype and rows.shape == (n, features)
        assert rows.tobytes() == x[index].tobytes()


def test_gather_rows_reads_any_memory_layout():
    x = np.arange(60, dtype=np.int32).reshape(6, 10)
    for variant in (x[::-1], x[:, ::3], x.astype(">i4"), np.asfortranarray(x)):
        np.testing.assert_array_equal(_kernels.gather_rows(variant, [5, 0]), variant[[5, 0]])


@pytest.mark.parametrize("threads", THREADS)
def test_gather_rows_names_the_first_bad_index_on_any_number_of_threads(threads):
    x = random_rows(8, 64)
    index = np.zeros(20000, np.int64)
    index[[7001, 7002, 15000, 19999]] = 8, -1, 2**62, -5
    with pytest.raises(IndexError, match=r"index must be in \[0, 8\), got 8 at position 7001$"):
        _kernels.gather_rows(x, index, num_threads=threads)


@pytest.mark.parametrize("carry", [False, True])
@given(mask=masks, features=st.sampled_from((0, 1, 2, 3, 16, 17)), dtype=st.sampled_from(DTYPES))
def test_scatter_rows_fills_every_cell_as_defined(carry, mask, features, dtype):
    values = random_rows(mask.sum() + 1, features, dtype)
    padded = scatter(values, mask, carry)
    assert padded.dtype == dtype and padded.shape == (mask.size, features)
    assert padded.tobytes() == reference.scatter_rows(values, mask, carry).tobytes()


@pytest.mark.parametrize("threads", THREADS)
def test_scatter_rows_shows_each_sequence_its_own_pad_row(threads):
    mask = np.random.default_rng(0).random((40, 500)) < 0.6
    values = random_rows(mask.sum() + 40, 16)
    padded = scatter(values, mask, False, own_pads=True, num_threads=threads)
    assert padded.tobytes() == reference.scatter_rows(values, mask, False, True).tobytes()


@given(mask=masks)
def test_scatter_rows_then_gather_rows_gives_the_rows_back(mask):
    values = random_rows(mask.sum() + 1, 3)
    cells = _kernels.layout_from_mask(mask)[1]
    rows = _kernels.gather_rows(scatter(values, mask, False), cells)
    assert rows.tobytes() == values[:-1].tobytes()


@pytest.mark.parametrize("carry", [False, True])
def test_scatter_rows_has_the_same_bits_on_any_number_of_threads(carry):
    mask = np.random.default_rng(0).random((40, 500)) < 0.6
    values = random_rows(mask.sum() + 1, 16)
    results = {scatter(values, mask, carry, num_threads=threads).tobytes() for threads in THREADS}
    assert results == {reference.scatter_rows(values, mask, carry).tobytes()}


@pytest.mark.parametrize(
    "offsets, cells",
    [
        ([0, 2, 3], [0, 3, 4]),  # a cell past its sequence
        ([0, 3, 3], [1, 2, 3]),  # a run of cells that goes on into the next one
        ([0, 2, 3], [0, 0, 4]),  # a cell twice
        ([0, 2, 3], [1, 0, 4]),  # descending
        ([0, 1, 3], [-1, 3, 4]),
        ([0, 1, 3], [0, 4, 2**63 - 1]),
        ([0, 1, 4], [0, 3, 4]),  # past the rows
        ([-1, 1, 3], [0, 3, 4]),
        ([0, 2**63 - 1, 3], [0, 3, 4]),
    ],
)
def test_scatter_rows_refuses_a_layout_that_does_not_fit(offsets, cells):
    with pytest.raises(ValueError, match="offsets and cells must ascend inside each sequence"):
        _kernels.scatter_rows(random_rows(4, 2), offsets, cells, 2, 3, False)


@pytest.mark.parametrize("carry", [False, True])
@given(mask=masks, features=st.sampled_from((0, 1, 3, 16, 17)), threads=st.sampled_from(THREADS))
def test_fill_masked_leaves_what_scatter_rows_shows(carry, mask, features, threads):
    values = random_rows(mask.sum() + len(mask), features)
    values[mask.sum() :] = random_rows(len(mask), features)
    want = reference.scatter_rows(values, mask, carry, own_pads=True)
    out = np.where(mask.reshape(-1, 1), want, np.float32(np.nan))
    _kernels.fill_masked(out, mask, values[mask.sum() :], carry=carry, num_threads=threads)
    assert out.tobytes() == want.tobytes()
    if not carry:
        _kernels.fill_masked(out, mask, num_threads=threads)
        assert not out[~mask.ravel()].any()
        assert out[mask.ravel()].tobytes() == want[mask.ravel()].tobytes()


@pytest.mark.parametrize("carry", [False, True])
def test_fill_masked_fills_gaps_of_any_length(carry):
    rng = np.random.default_rng(7)
    mask = rng.random((40, 400)) < np.linspace(0, 0.2, 40)[:, None]
    values = rng.random((mask.sum() + len(mask), 100), np.float32)
    want = reference.scatter_rows(values, mask, carry, own_pads=True)
    for threads in THREADS:
        out = np.where(mask.reshape(-1, 1), want, np.float32(np.nan))
        _kernels.fill_masked(out, mask, values[mask.sum() :], carry=carry, num_threads=threads)
        assert out.tobytes() == want.tobytes()


def test_fill_masked_refuses_wrong_shapes():
    out, mask = np.ones((6, 4), np.float32), np.zeros((2, 3), bool)
    with pytest.raises(ValueError, match=r"out must be float32 \(8 or more, 4\), got f \(6, 4\)"):
        _kernels.fill_masked(out, np.zeros((2, 4), bool))
    with pytest.raises(ValueError, match=r"out must be C-contiguous, with 4 rows, got \(6, 4\)"):
        _kernels.fill_masked(out, mask[:, :2])
    with pytest.raises(ValueError, match=r"out must be C-contiguous, with 6 rows, got \(6, 2\)"):
        _kernels.fill_masked(out[:, :2], mask)
    with pytest.raises(ValueError, match=r"first must be float32 \(2, 4\), got float32 \(3, 4\)"):
        _kernels.fill_masked(out, mask, np.zeros((3, 4)))
    assert (out == 1).all()


def test_scatter_rows_refuses_wrong_shapes():
    values, offsets, cells = random_rows(4, 2), [0, 2, 3], [0, 1, 3]
    with pytest.raises(ValueError, match=r"offsets must be int64 \(4,\), got int64 \(3,\)"):
        _kernels.scatter_rows(values, offsets, cells, 3, 3, False)
    with pytest.raises(ValueError, match=r"cells must be int64 \(3,\), got int64 \(2,\)"):
        _kernels.scatter_rows(values, offsets, cells[:2], 2, 3, False)
    with pytest.raises(ValueError, match="values must have a pad row"):
        _kernels.scatter_rows(values[:0], offsets, cells, 2, 3, False)
    with pytest.raises(ValueError, match="batch must be at least 0, got -1"):
        _kernels.scatter_rows(values, offsets, cells, -1, 3, False)
    with pytest.raises(ValueError, match=r"cells must be int64 \(2,\), got int64 \(3,\)"):
        _kernels.scatter_rows(values, offsets, cells, 2, 3, False, own_pads=True)
    with pytest.raises(ValueError, match="one for each sequence, got 1 rows"):
        _kernels.scatter_rows(values[:1], offsets, cells, 2, 3, False, own_pads=True)


@pytest.mark.parametrize("features", (0, 1, 5, 300))
@pytest.mark.parametrize("threads", THREADS)
def test_sum_rows_adds_the_rows_of_each_sequence_in_their_order(features, threads):
    lengths = np.random.default_rng(features).integers(0, 90, 20) * (np.arange(20) % 3 > 0)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    x = np.random.default_rng(1).normal(size=(offsets[-1], features)).astype(np.float32)
    expected = np.zeros((20, features), np.float32)
    for b, (first, last) in enumerate(zip(offsets[:-1], offsets[1:], strict=True)):
        for row in x[first:last]:
            expected[b] += row
    assert _kernels.sum_rows(x, offsets, num_threads=threads).tobytes() == expected.tobytes()


@pytest.mark.parametrize("offsets", ([-1, 2], [0, 3], [1, 0], [0, 2**63 - 1]))
def test_sum_rows_refuses_offsets_that_do_not_fit(offsets):
    with pytest.raises(ValueError, match=r"offsets must ascend in \[0, 2\], got others"):
        _kernels.sum_rows(np.ones((2, 3)), offsets)
