"""Columns of every kind that frames have, as keys, times and numbers, mean what they stand for."""

import numpy as np
import pytest

from maskseq import Ragged, layers
from maskseq.data import frames

pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
pyarrow = pytest.importorskip("pyarrow")

LEVELS = ["low", "mid", "high"]  # no order of letters
GIVEN = ["high", "low", "mid", "low"]


def ordered(column):
    return {"u": [1, 1, 1, 1], "t": column, "p": [1, 2, 3, 4]}


@pytest.mark.parametrize(
    "make",
    [
        lambda: pandas.DataFrame(ordered(pandas.Categorical(GIVEN, LEVELS, ordered=True))),
        lambda: pandas.DataFrame(ordered(pandas.Categorical(GIVEN, LEVELS))),
        lambda: polars.DataFrame(ordered(polars.Series(GIVEN, dtype=polars.Enum(LEVELS)))),
        lambda: pyarrow.table(
            ordered(pyarrow.DictionaryArray.from_arrays([2, 0, 1, 0], LEVELS, ordered=True))
        ),
    ],
    ids=["pandas", "pandas, unordered", "polars", "pyarrow"],
)
def test_categories_are_sorted_in_their_order(make):
    """As the libraries' own sorts do."""
    assert Ragged.from_frame(make(), by="u", sort="t", columns="p").to_list() == [[2, 4, 3, 1]]


def test_text_is_sorted_by_its_letters():
    frame = pyarrow.table(ordered(pyarrow.array(GIVEN).dictionary_encode()))
    assert Ragged.from_frame(frame, by="u", sort="t", columns="p").to_list() == [[1, 2, 4, 3]]


def ends(values):
    return pyarrow.RunEndEncodedArray.from_arrays([2, 3], values)


KEYS = {
    "dictionary": lambda: pyarrow.array(["a", "a", "b"]).dictionary_encode(),
    "two words alike": lambda: pyarrow.DictionaryArray.from_arrays([0, 1, 2], ["a", "a", "b"]),
    "run ends": lambda: ends(["a", "b"]),
    "string_view": lambda: pyarrow.array(["a", "a", "b"], "string_view"),
    "binary_view": lambda: pyarrow.array([b"a", b"a", b"b"], "binary_view"),
    "chunks": lambda: pyarrow.chunked_array([["a"], ["a", "b"]], "string_view"),
}


@pytest.mark.parametrize("kind", KEYS)
def test_keys_of_arrow_of_every_kind(kind):
    frame = pyarrow.table({"u": KEYS[kind](), "p": [1, 2, 3]})
    assert Ragged.from_frame(frame, by="u", columns="p").to_list() == [[1, 2], [3]]
    heads = frames.rows_of(frame, ["u"], np.array([0, 2]))["u"].to_pylist()
    assert heads == ([b"a", b"b"] if kind == "binary_view" else ["a", "b"])


def test_keys_of_128_bits():
    large = polars.Series([2**70, 2**70 + 1, 2**70], dtype=polars.Int128)
    frame = polars.DataFrame({"u": large, "p": [1, 2, 3]})
    assert Ragged.from_frame(frame, by="u", columns="p").to_list() == [[1, 3], [2]]


NUMBERS = {
    "halffloat": lambda: pyarrow.array(np.array([5, 6, 5], np.float16)),
    "dictionary": lambda: pyarrow.array([5, 6, 5]).dictionary_encode(),
    "chunks": lambda: pyarrow.chunked_array(
        [pyarrow.array([5, 6]).dictionary_encode(), pyarrow.array([5]).dictionary_encode()]
    ),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_of_arrow_of_every_kind(kind):
    frame = pyarrow.table({"u": [1, 1, 2], "p": NUMBERS[kind]()})
    assert Ragged.from_frame(frame, by="u", columns="p").to_list() == [[5, 6], [5]]


def test_categories_of_numbers_are_numbers():
    frame = pandas.DataFrame({"u": [1, 1, 2], "p": pandas.Categorical([5, 6, None])})
    kept = frame[:2]
    assert Ragged.from_frame(kept, by="u", columns="p").to_list() == [[5, 6]]
    assert Ragged.from_frame(frame, by="u", columns="p", nulls=7).to_list() == [[5, 6], [7]]
    with pytest.raises(ValueError, match="column 'p' has a null in row 2"):
        Ragged.from_frame(frame, by="u", columns="p")
    words = pandas.DataFrame({"u": [1], "p": pandas.Categorical(["5"])})
    with pytest.raises(ValueError, match="column 'p' must hold numbers, got category"):
        Ragged.from_frame(words, by="u", columns="p")


@pytest.mark.parametrize("index", [[0, None, 0], [0, 1, 0]])
def test_a_key_whose_category_is_null_is_named(index):
    column = pyarrow.DictionaryArray.from_arrays(pyarrow.array(index), ["x", None])
    with pytest.raises(ValueError, match="column 'u' has no value in row 1"):
        Ragged.from_frame(pyarrow.table({"u": column, "p": [1, 2, 3]}), by="u", columns="p")


@pytest.mark.parametrize("library", [pandas.DataFrame, polars.DataFrame, pyarrow.table])
def test_lists_are_no_keys(library):
    frame = library({"u": [[1], [1]], "p": [1, 2]})
    with pytest.raises(ValueError, match="column 'u' must hold one value a row, got"):
        Ragged.from_frame(frame, by="u", columns="p")


def test_views_of_memory_are_arrays():
    from maskseq import Input, Sequential

    model = Sequential([Input((None,), dtype="int32"), layers.Embedding(9, 2), layers.LSTM(3)])
    ids = np.array([[1, 2, 0]], np.int32)
    np.testing.assert_array_equal(model.predict(memoryview(ids)), model.predict(ids))
