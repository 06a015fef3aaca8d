"""The embedding gather and its range check."""

import numpy as np
import pytest

from maskseq import _kernels

THREADS = (1, 2, 3, 5, 8)


@pytest.mark.parametrize("dim", (0, 1, 15, 16, 17, 128))
@pytest.mark.parametrize("dtype", "bBhHiIlLqQ")
def test_embedding_gathers_rows_for_ids_of_any_integer_dtype(dim, dtype):
    table = np.random.default_rng(dim).normal(size=(50, dim)).astype(np.float32)
    for n in (0, 1, 33):
        ids = np.random.default_rng(n).integers(0, 50, n).astype(dtype)
        assert _kernels.embedding(table, ids).tobytes() == table[ids].tobytes()


def test_embedding_has_the_same_bits_on_any_number_of_threads():
    table = np.random.default_rng(0).normal(size=(500, 16)).astype(np.float32)
    ids = np.random.default_rng(1).integers(0, 500, 30000)
    results = {_kernels.embedding(table, ids, num_threads=t).tobytes() for t in THREADS}
    assert results == {table[ids].tobytes()}


@pytest.mark.parametrize("bad", [-1, 10, 2**31, 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("threads", THREADS)
def test_embedding_names_the_first_bad_id_on_any_number_of_threads(bad, threads):
    ids = np.ones(40000, np.int64)
    ids[[12345, 12346, 30000]] = bad, -7, 99
    with pytest.raises(IndexError, match=rf"ids must be in \[0, 10\), got {bad} at position 12345"):
        _kernels.embedding(np.zeros((10, 8), np.float32), ids, num_threads=threads)


def test_embedding_refuses_ids_in_an_empty_table():
    with pytest.raises(IndexError, match=r"ids must be in \[0, 0\), got 0 at position 0"):
        _kernels.embedding(np.zeros((0, 4), np.float32), [0])


def test_embedding_refuses_uint64_ids_that_would_wrap():
    with pytest.raises(ValueError, match="ids must be int64, got 18446744073709551615"):
        _kernels.embedding(np.zeros((4, 4), np.float32), np.array([2**64 - 1], np.uint64))


def test_embedding_refuses_float_ids():
    with pytest.raises(TypeError, match="ids must be int64, got float64"):
        _kernels.embedding(np.zeros((4, 4), np.float32), [1.0])
