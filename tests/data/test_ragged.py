"""Ragged: built from anything, checked once, immutable, and back again."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskseq import Ragged
from maskseq.data.ragged import as_batch
from tests.support import reference

ROWS = [[1, 2], [], [3, 4, 5], [6]]


@pytest.fixture
def ragged():
    return Ragged.from_list(ROWS)


def test_from_list_lays_the_rows_one_after_another(ragged):
    assert ragged.values.tolist() == [1, 2, 3, 4, 5, 6] and ragged.values.dtype == np.int32
    assert ragged.offsets.tolist() == [0, 2, 2, 5, 6] and ragged.offsets.dtype == np.int64
    assert ragged.lengths.tolist() == [2, 0, 3, 1]
    assert (len(ragged), ragged.time, ragged.features) == (4, 3, ())
    assert ragged.to_list() == [row.tolist() for row in ragged] == ROWS


@pytest.mark.parametrize(
    "rows, dtype",
    [
        ([[1], (2,), range(3)], "int32"),
        ([[1, 2**31 - 1]], "int32"),
        ([[1], [2**31]], "int64"),
        ([[-(2**31) - 1], [1]], "int64"),
        ([[1], [2.5]], "float32"),
        ([[1.5], [2**40]], "float32"),
        ([[1, 2.5]], "float32"),
        ([[2**40], [2.5]], "float32"),
        ([[True], [False]], "bool"),
        ([[True], [2]], "int32"),
        ([[np.int64(1)], [2]], "int32"),
        ([np.array([1], "u1"), np.array([1], "i8")], "int64"),
        ([np.array([1], "i8"), np.array([1], "i2")], "int64"),
        ([np.array([1], "u2"), np.array([2], "u2")], "uint16"),
        ([np.array([1.0], "f8"), [2.0]], "float32"),
        ([np.array([1.0], "f2"), np.array([1], "i8")], "float32"),
        ([np.array([1], ">i4")], "int32"),
        ([[], []], "int32"),
        ([], "int32"),
    ],
)
def test_from_list_finds_the_type_that_holds_all(rows, dtype):
    ragged = Ragged.from_list(rows)
    assert ragged.dtype == dtype
    assert ragged.to_list() == [list(row) for row in rows]


@pytest.mark.parametrize("dtype", ["bool", "f2", "f4", "f8", "u1", "i8", ">i4"])
def test_from_list_makes_the_type_asked_for(dtype):
    ragged = Ragged.from_list([[1, 0], np.array([1.0]), []], dtype)
    assert ragged.dtype == dtype and ragged.to_list() == [[1, 0], [1], []]


def test_from_list_takes_vector_steps():
    rows = [[[1.5, 2]], [np.array([3, 4])], np.ones((2, 2)), [], [(5, 6)]]
    ragged = Ragged.from_list(rows)
    assert ragged.values.shape == (5, 2) and ragged.dtype == np.float32
    assert ragged.to_list() == [[[1.5, 2]], [[3, 4]], [[1, 1], [1, 1]], [], [[5, 6]]]
    assert Ragged.from_list([np.zeros((0, 12), "f4")]).features == (12,)


@pytest.mark.parametrize(
    "rows, error, message",
    [
        ([[[1, 2]], [[3]]], ValueError, r"Shape of sample \(1,\) of sequence at position 1"),
        ([[1], [[3]]], ValueError, "position 1"),
        ([[[1, 2], [3]]], ValueError, "position 0"),
        ([[1], 5], ValueError, "non-iterable: 5 at position 1"),
        (["ab"], TypeError, "position 0"),
        ([[1], ["x"]], TypeError, "hold numbers, got <U1 at position 1"),
        ([[1], [None]], TypeError, "hold numbers, got object at position 1"),
        ([[1], [1j]], TypeError, "complex128 at position 1"),
        ([[-1], [2**63]], OverflowError, "position 1"),
        ([np.array([1], "i8"), np.array([1], "u8")], OverflowError, "position 1"),
    ],
)
def test_from_list_names_the_row_at_fault(rows, error, message):
    with pytest.raises(error, match=message):
        Ragged.from_list(rows)


def test_values_are_shared_and_read_only():
    values, offsets = np.arange(6.0), np.array([0, 2, 6])
    ragged = Ragged(values, offsets)
    assert np.shares_memory(ragged.values, values)
    assert not ragged.values.flags.writeable and values.flags.writeable
    with pytest.raises(AttributeError):
        ragged.values = values
    with pytest.raises(ValueError, match="read-only"):
        ragged[1][0] = 5
    offsets[:] = 10**6
    assert ragged.offsets.tolist() == [0, 2, 6]


def test_offsets_may_start_late_and_end_early():
    values = np.arange(10)
    ragged = Ragged(values, np.array([2, 4, 9], np.uint8))
    assert ragged.to_list() == [[2, 3], [4, 5, 6, 7, 8]] and ragged.offsets.tolist() == [0, 2, 7]
    assert np.shares_memory(ragged.values, values)


@pytest.mark.parametrize(
    "values, offsets, error, message",
    [
        ([1, 2], [0, 3], ValueError, "end at 2 values or before, got 3"),
        ([1, 2], [-1, 2], ValueError, "start at 0 or later, got -1"),
        ([1, 2], [0, 2, 1], ValueError, "never decrease, got 2 then 1 at position 2"),
        ([1, 2], np.array([0, 2**64 - 1], np.uint64), ValueError, "end at 2 values"),
        ([1, 2], [], TypeError, r"offsets must be integers \(batch \+ 1,\)"),
        ([1, 2], [[0, 2]], TypeError, "offsets must be integers"),
        ([1, 2], [0.0, 2.0], TypeError, "offsets must be integers"),
        (["a"], [0, 1], TypeError, "values must be numbers"),
        (5, [0, 1], TypeError, "values must be numbers"),
    ],
)
def test_bad_values_and_offsets_are_named(values, offsets, error, message):
    with pytest.raises(error, match=message):
        Ragged(values, offsets)


def test_indexing_gives_sequences_and_slices_give_raggeds(ragged):
    assert ragged[0].tolist() == [1, 2] and ragged[-1].tolist() == [6]
    assert ragged[np.int64(2)].tolist() == [3, 4, 5]
    assert ragged[1:3].to_list() == ROWS[1:3] and ragged[5:].to_list() == []
    assert np.shares_memory(ragged[1:3].values, ragged.values)
    assert ragged[::-1].to_list() == ROWS[::-1] and ragged[3:0:-2].to_list() == ROWS[3:0:-2]
    assert ragged[[2, 2, -1]].to_list() == [ROWS[2], ROWS[2], ROWS[3]]
    assert ragged[ragged.lengths > 1].to_list() == [ROWS[0], ROWS[2]]
    with pytest.raises(IndexError):
        ragged[4]


@given(st.lists(st.integers(0, 5), max_size=6), st.sampled_from([(), (2,), (2, 3)]))
def test_padding_and_back_changes_nothing(lengths, features):
    values = np.arange(sum(lengths) * int(np.prod(features)), dtype="f4")
    ragged = Ragged.from_lengths(values.reshape(-1, *features), lengths)
    x = ragged.to_padded(value=np.nan)
    assert x.shape == (len(lengths), max(lengths, default=0), *features)
    assert Ragged.from_padded(x, lengths=lengths).equals(ragged)
    left = ragged.to_padded(padding="pre", value=np.nan)
    mask = ~np.isnan(left).any(tuple(range(2, left.ndim)))
    assert Ragged.from_padded(left, mask).equals(ragged)


def test_to_padded_cuts_the_end_unless_told_otherwise(ragged):
    expected = reference.pad_sequences(ROWS, 2, "post", "post", 9)
    np.testing.assert_array_equal(ragged.to_padded(2, value=9), expected)
    expected = reference.pad_sequences(ROWS, 2, "pre", "pre", 0)
    np.testing.assert_array_equal(ragged.to_padded(2, "pre", "pre"), expected)
    assert ragged.to_padded().dtype == ragged.dtype


def test_from_padded_takes_a_mask_with_holes_of_any_kind_of_number():
    x = np.arange(6).reshape(2, 3)
    mask = np.array([[1, 0, 1], [0, 0, 0]])
    odd = np.array([[2, 0, 255], [0, 0, 0]], np.uint8)
    for same in (mask, mask.tolist(), mask * 0.5, odd, odd.view(bool)):
        assert Ragged.from_padded(x, same).to_list() == [[0, 2], []]
    assert Ragged.from_padded(x).to_list() == x.tolist()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"mask": np.ones((2, 4), bool)}, r"mask must be bool \(2, 3\), got bool \(2, 4\)"),
        ({"mask": np.full((2, 3), np.nan)}, "mask must be .* got NaN"),
        ({"lengths": [1, 4]}, r"lengths must be \(2,\), each at most 3"),
        ({"lengths": [1]}, r"lengths must be \(2,\)"),
        ({"lengths": [1, -1]}, "at least 0, got -1 at position 1"),
        ({"lengths": [1, 1], "mask": np.ones((2, 3))}, "mask and lengths: give one"),
    ],
)
def test_from_padded_names_what_does_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        Ragged.from_padded(np.zeros((2, 3)), **arguments)


def test_lengths_must_account_for_every_value():
    with pytest.raises(ValueError, match="lengths must sum to 3 values, got 2"):
        Ragged.from_lengths([1, 2, 3], [2])


def test_a_ragged_survives_pickle(ragged):
    assert pickle.loads(pickle.dumps(ragged)).equals(ragged)
    assert len(pickle.dumps(Ragged(np.arange(10**6), [0, 10**6])[:0])) < 1000


def test_equals_asks_for_the_same_rows_and_dtype(ragged):
    assert ragged.equals(Ragged.from_list(ROWS))
    assert not ragged.equals(Ragged.from_list(ROWS, "int64"))
    assert not ragged.equals(ragged[:3]) and not ragged.equals(Ragged.from_list([[1, 2, 3]]))


def test_repr_tells_the_sizes(ragged):
    assert repr(ragged) == "Ragged(4 sequences, 6 steps, longest 3, int32 ())"


def test_as_batch_keeps_arrays_and_takes_sequences_as_ragged(ragged):
    x = np.zeros((2, 3))
    assert as_batch(x) is x and as_batch(ragged) is ragged
    assert as_batch([1, 2]).shape == (2,)
    objects = np.empty(2, object)
    objects[:] = [[1, 2], [3]]
    for rows in ([[1, 2], [3, 4]], ([1, 2], [3]), [np.zeros(2)], [range(3)], [[]], [], objects):
        assert isinstance(as_batch(rows), Ragged)


@pytest.mark.parametrize(
    "rows, dtype",
    [
        ([[3, -7], [], (9,)], np.int32),
        ([(), [2**30 - 1, 1 - 2**30]], np.int32),
        ([[1], [2**30, -(2**31)]], np.int32),
        ([[1], [2**31]], np.int64),
        ([[1, 2], [3, True]], np.int32),
        ([[1], [2, 3.5]], np.float32),
        ([[1], range(3)], np.int32),
        ([[]], np.int32),
    ],
)
def test_lists_of_ints_become_the_narrowest_of_int32_and_int64(rows, dtype):
    ragged = Ragged.from_list(rows)
    assert ragged.dtype == dtype
    assert ragged.to_list() == [list(row) for row in rows]


def test_ragged_of_the_same_values_in_other_sequences_are_not_equal():
    one = Ragged(np.arange(5), [0, 2, 3, 5])
    assert one.equals(Ragged(np.arange(5), [0, 2, 3, 5]))
    assert not one.equals(Ragged(np.arange(5), [0, 1, 3, 5]))
    assert not one.equals(Ragged(np.arange(5), [0, 2, 5]))
    assert not one.equals(Ragged(np.arange(5) + 1, [0, 2, 3, 5]))
    assert not one.equals(Ragged(np.arange(5, dtype=np.float32), [0, 2, 3, 5]))


def test_a_mask_with_one_nan_is_refused():
    mask = np.array([[1, np.nan], [1, 0]])
    with pytest.raises(ValueError, match="mask must be real or masked everywhere, got NaN"):
        Ragged.from_padded(np.zeros((2, 2)), mask)
