"""pad_sequences: Keras's results and errors for every kind of row, whatever rows do meanwhile."""

import array
import re
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskseq import Ragged, pad_sequences
from tests.support import reference

NUMBERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "f4", "f8"]
SIDES = [(padding, cut) for padding in ("pre", "post") for cut in ("pre", "post")]


@pytest.mark.parametrize("padding, truncating", SIDES)
@pytest.mark.parametrize("maxlen", [None, 0, 1, 2, 3, 7])
def test_pad_sequences_equals_reference(maxlen, padding, truncating):
    rows = [[1], [], [2, 3, 4], (5, 6)]
    x = pad_sequences(rows, maxlen, "int32", padding, truncating, -1)
    expected = reference.pad_sequences(rows, maxlen, padding, truncating, -1)
    np.testing.assert_array_equal(x, expected)
    assert x.dtype == np.int32 and x.flags.c_contiguous


@pytest.mark.parametrize("dtype", [*NUMBERS, "bool", "f2", "complex64", ">i4", ">f8"])
@pytest.mark.parametrize("padding, truncating", SIDES)
def test_every_kind_of_row_gives_the_same(dtype, padding, truncating):
    numbers = [3, 1, 4, 1, 5]
    kinds = [numbers, tuple(numbers), [float(i) for i in numbers], array.array("h", numbers)]
    kinds += [np.array(numbers, other) for other in (*NUMBERS, "f2", ">i4", ">f8")]
    kinds += [[np.int16(i) for i in numbers], np.array(numbers, object), np.array([numbers] * 2)[1]]
    kinds += [np.array([numbers[::-1]]).repeat(2, 0)[0, ::-1], np.array(numbers * 2)[:5]]
    x = pad_sequences(kinds, 4, dtype, padding, truncating, 1)
    expected = reference.pad_sequences([numbers] * len(kinds), 4, padding, truncating, 1)
    assert x.dtype == dtype
    np.testing.assert_array_equal(x, expected.astype(dtype))


def test_ranges_arrays_and_2d_arrays_are_rows():
    np.testing.assert_array_equal(pad_sequences([range(2), range(5, 8)]), [[0, 0, 1], [5, 6, 7]])
    np.testing.assert_array_equal(pad_sequences(np.arange(6).reshape(2, 3), 2), [[1, 2], [4, 5]])


@pytest.mark.parametrize("make", [list, tuple, np.array, lambda step: np.array(step, "f4")])
def test_vector_steps_are_padded_with_a_broadcast_value(make):
    rows = [[make([1, 2])], [make([3, 4]), make([5, 6])], []]
    x = pad_sequences(rows, dtype="f4", padding="post", value=[7, 8])
    np.testing.assert_array_equal(x, [[[1, 2], [7, 8]], [[3, 4], [5, 6]], [[7, 8], [7, 8]]])
    rows = [np.array([[1, 2]], "f4"), np.array([[3, 4], [5, 6]], "i8"), []]
    np.testing.assert_array_equal(pad_sequences(rows, None, "f4", "post", value=[7, 8]), x)


def test_matrix_steps_keep_their_shape():
    rows = [np.ones((2, 3, 4)), np.zeros((1, 3, 4)).tolist()]
    assert pad_sequences(rows, 5).shape == (2, 5, 3, 4)


def test_a_value_may_differ_from_column_to_column():
    x = pad_sequences([[1], [1, 2]], 3, padding="post", value=[7, 8, 9])
    np.testing.assert_array_equal(x, [[1, 8, 9], [1, 2, 9]])


def test_strings_pad_as_objects_and_as_fixed_text():
    words = [["a", "bc"], ["def"]]
    x = pad_sequences(words, dtype=object, padding="post", value="")
    assert x.tolist() == [["a", "bc"], ["def", ""]]
    assert pad_sequences(words, dtype="U2", value="-").tolist() == [["a", "bc"], ["-", "de"]]
    with pytest.raises(ValueError, match="You should set `dtype=object`"):
        pad_sequences(words, value="pad")


def test_numbers_convert_as_numpy_does():
    np.testing.assert_array_equal(pad_sequences([[1.9, -1.9, True, "7"]]), [[1, -1, 1, 7]])
    big = 2**53 + 1
    assert pad_sequences([[big]], dtype="int64")[0, 0] == big
    assert pad_sequences([[2**64 - 1]], dtype="uint64")[0, 0] == 2**64 - 1
    assert pad_sequences([[2**40 + 1]], dtype="f4")[0, 0] == np.float32(2**40 + 1)
    mixed = [1, 2.5, 2**40, 3, 4.5, -(2**62), 2**30]
    assert pad_sequences([mixed], dtype="f8").tolist() == [mixed]
    x = pad_sequences([[float("nan"), float("inf"), 1e300]], dtype="f8")
    np.testing.assert_array_equal(x, [[np.nan, np.inf, 1e300]])


@pytest.mark.parametrize("dtype", NUMBERS[:8])
def test_the_whole_range_of_an_integer_type_fits_and_nothing_else(dtype):
    info = np.iinfo(dtype)
    ends = [info.min, info.max]
    assert pad_sequences([ends], dtype=dtype).tolist() == [ends]
    for beyond in (info.min - 1, info.max + 1):
        with pytest.raises(OverflowError, match="position 1"):
            pad_sequences([[1], [beyond]], dtype=dtype)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: pad_sequences(5), ValueError, "`sequences` must be iterable"),
        (lambda: pad_sequences(iter([[1]])), ValueError, "`sequences` must be iterable"),
        (lambda: pad_sequences([[1], 5]), ValueError, "Found non-iterable: 5 at position 1"),
        (lambda: pad_sequences([[1], {2}]), TypeError, "position 1"),
        (lambda: pad_sequences([[1], ["x"]]), ValueError, "position 1: invalid literal"),
        (lambda: pad_sequences([[1], [None]]), TypeError, "position 1"),
        (lambda: pad_sequences([[1], [float("nan")]]), ValueError, "position 1"),
        (lambda: pad_sequences([[1], [float("inf")]]), OverflowError, "position 1"),
        (lambda: pad_sequences([[1], [[2]]]), ValueError, "position 1"),
        (lambda: pad_sequences([[[1, 2]], [[3]]]), ValueError, r"Shape of sample \(1,\)"),
        (lambda: pad_sequences([np.ones((3, 0)), [9]]), ValueError, r"Shape of sample \(\)"),
        (lambda: pad_sequences([[[1, 2], [3]]]), ValueError, "position 0"),
        (lambda: pad_sequences([[1]], truncating="x"), ValueError, 'Truncating type "x" not'),
        (lambda: pad_sequences([[1]], padding="x"), ValueError, 'Padding type "x" not'),
        (lambda: pad_sequences([[1]], -1), ValueError, "maxlen must be at least 0, got -1"),
        (lambda: pad_sequences([[1]], 1.5), TypeError, "maxlen must be an int or None, got 1.5"),
        (lambda: pad_sequences([[1]], float("nan")), TypeError, "maxlen must be an int or None"),
        (lambda: pad_sequences([[1]], 2**62), (ValueError, MemoryError), "big|allocate"),
        (lambda: pad_sequences([[1]], 2**63), (ValueError, OverflowError), "dimension|large"),
        (lambda: pad_sequences([[1]], dtype="no"), TypeError, "no"),
        (lambda: pad_sequences([[1]], dtype="uint8", value=-1), OverflowError, "-1"),
        (lambda: pad_sequences([[1]], value=[1, 2]), ValueError, "broadcast"),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_nothing_to_pad_is_fine():
    assert pad_sequences([]).shape == (0, 0)
    assert pad_sequences([], 3).shape == (0, 3)
    assert pad_sequences([[], ()]).shape == (2, 0)
    assert pad_sequences([[1, 2]], 0).shape == (1, 0)
    np.testing.assert_array_equal(pad_sequences([[], np.zeros((0, 4))], 2), np.zeros((2, 2)))


def test_a_list_cleared_by_its_own_element_is_not_read_past_its_end():
    class Clears:
        def __init__(self, victims):
            self.victims = victims

        def __index__(self):
            for victim in self.victims:
                victim.clear()
            return 1

    rows = [[1, 2], [3, None, 4], [5] * 50]
    rows[1][1] = Clears([rows[2], rows[1], rows])
    with pytest.raises(RuntimeError, match="position 2 changed"):
        pad_sequences(rows)


@pytest.mark.parametrize("claimed", [0, 1, 5, 10**6])
def test_a_lying_length_is_not_believed(claimed):
    class Liar:
        def __len__(self):
            return claimed

        def __getitem__(self, where):
            return [1, 2, 3][where]

    try:
        x = pad_sequences([[7], Liar()])
    except RuntimeError:
        return
    assert claimed < 2 and x[0, -1] == 7


def test_rows_changed_by_another_thread_give_a_snapshot_or_an_error():
    rows = [[1] * 10 for _ in range(50)]
    done = threading.Event()

    def change(row):
        while not done.is_set():
            row.append(1)
            if len(row) > 300:
                row.clear()

    threads = [threading.Thread(target=change, args=(rows[i],)) for i in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for _ in range(300):
            try:
                x = pad_sequences(rows, value=0)
            except RuntimeError:
                continue
            assert set(np.unique(x)) <= {0, 1} and (x[4:].sum(1) == 10).all()
    finally:
        done.set()
        sys.setswitchinterval(interval)
        for thread in threads:
            thread.join()


def test_a_ragged_pads_as_its_lists():
    rows = [[[1, 2]], [], [[3, 4], [5, 6]]]
    ragged = Ragged.from_list(rows)
    for maxlen in (None, 1, 3):
        np.testing.assert_array_equal(pad_sequences(ragged, maxlen), pad_sequences(rows, maxlen))


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


@pytest.mark.slow
@given(
    st.lists(st.lists(st.integers(-(2**33), 2**33) | st.floats(), max_size=6), max_size=6),
    st.sampled_from([None, 0, 1, 3, 8]),
    st.sampled_from(SIDES),
    st.sampled_from(["int8", "int32", "uint64", "f4", "f8"]),
)
def test_pad_sequences_agrees_with_keras(keras, rows, maxlen, sides, dtype):
    if not rows or (maxlen == 0 and sides[1] == "pre"):
        return  # Keras fails for these
    with np.errstate(all="ignore"):
        try:
            expected = keras.utils.pad_sequences(rows, maxlen, dtype, *sides, value=1)
        except (ValueError, OverflowError) as error:
            with pytest.raises(type(error)):
                pad_sequences(rows, maxlen, dtype, *sides, value=1)
        else:
            np.testing.assert_array_equal(pad_sequences(rows, maxlen, dtype, *sides, 1), expected)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("row", [np.array([1j]), np.array([1], "M8[s]"), np.array([1], "m8[s]")])
def test_complex_numbers_and_dates_are_not_read_as_numbers(row):
    with pytest.raises(TypeError, match=f"position 1: {re.escape(str(row.dtype))} is no int32"):
        pad_sequences([[1, 2], row])
