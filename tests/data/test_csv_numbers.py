"""Plain numbers in CSV, read in C: as pyarrow reads them, or not at all."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskseq.data import _lists

INTS = st.one_of(st.integers(-(10**18) + 1, 10**18 - 1), st.integers(-9, 99999)).map(str)
REALS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["1e5", "2.50", "-0.0", "1E-3", "123456.7", "9007199254740993.0", "1e-320"]),
)
OTHER = st.sampled_from(
    ["", "-0", "007", "nan", "x", '"1"', " 1", "1 ", "+1", ".5", "1.", "-", "1e"]
)


def by_pyarrow(text, types=None):
    csv = pytest.importorskip("pyarrow.csv")
    names = [str(k) for k in range(text.partition(b"\n")[0].count(b",") + 1)]
    how = csv.ConvertOptions(column_types=types and dict(zip(names, types, strict=True)))
    reading = csv.ReadOptions(column_names=names)
    return csv.read_csv(io.BytesIO(text), read_options=reading, convert_options=how)


def check(found, table):
    for ours, theirs in zip(found, table.columns, strict=True):
        assert str(theirs.type) == {"i": "int64", "f": "double"}[ours.dtype.kind]
        assert ours.tobytes() == theirs.to_numpy().tobytes()


def rows(*cells):
    lines = st.lists(st.tuples(*cells).map(",".join), min_size=1, max_size=6)
    ends = st.sampled_from(["\n", "\r\n"])
    return st.tuples(lines, ends, st.booleans()).map(
        lambda x: (x[1].join(x[0]) + x[1] * x[2]).encode()
    )


@settings(deadline=None)
@given(rows(INTS, st.one_of(INTS, REALS), REALS))
def test_numbers_are_those_of_pyarrow(text):
    check(_lists.csv_numbers(text, 3), by_pyarrow(text))


@settings(deadline=None)
@given(rows(st.one_of(INTS, OTHER), st.one_of(INTS, INTS, REALS, OTHER)))
def test_what_is_read_is_what_pyarrow_reads(text):
    found = _lists.csv_numbers(text, 2)
    if found is not None:
        check(found, by_pyarrow(text))


@settings(deadline=None)
@given(rows(INTS, INTS))
def test_types_that_are_known_stay(text):
    found = _lists.csv_numbers(text, 2, [False, True])
    check(found, by_pyarrow(text, ["int64", "float64"]))


def test_integers_before_a_real_number_are_real_too():
    found = _lists.csv_numbers(b"1,2\n-3,4\n5e-1,6\n7,8\n", 2)
    assert [column.tolist() for column in found] == [[1.0, -3.0, 0.5, 7.0], [2, 4, 6, 8]]
    assert [column.dtype.kind for column in found] == ["f", "i"]


def test_what_does_not_fit_is_left_to_pyarrow():
    assert _lists.csv_numbers(b"1,2.5\n", 2, [False, False]) is None
    for text in (
        b"",
        b"\n",
        b"1\n",
        b"1,2,3\n",
        b"1,2\n\n3,4\n",
        b"1,2\n3",
        b"1,2\0\n",
        b"1,2\r3,4",
    ):
        assert _lists.csv_numbers(text, 2) is None
    assert _lists.csv_numbers(b"1\n", 0) is None
    assert _lists.csv_numbers(b"1,07\n" * 9, 2) is None


@pytest.mark.parametrize("size", range(1, 19))
def test_numbers_of_every_length_and_place_are_read(size):
    """Short ones are read 8 bytes at a time, but not at the end of the text."""
    digits = "123456789012345678"[:size]
    for sign in ("", "-"):
        for lines in (1, 2, 5):
            text = "\n".join([f"{sign}{digits},0"] * lines)
            for end in ("", "\n"):
                found = _lists.csv_numbers((text + end).encode(), 2)
                assert found[0].tolist() == [int(sign + digits)] * lines
                assert found[1].tolist() == [0] * lines


def test_every_byte_beside_digits_ends_a_number():
    for byte in range(256):
        text = b"12" + bytes([byte]) + b"3456789,1\n"
        found = _lists.csv_numbers(text, 2)
        if bytes([byte]).isdigit() or byte == ord("."):
            assert found[0][0] == float(text.partition(b",")[0])
        elif byte in b"eE":
            assert found is None or np.isinf(found[0][0])
        else:
            assert found is None


RUNS = st.lists(st.tuples(st.one_of(INTS, REALS), st.integers(1, 90)), min_size=1, max_size=5)


@settings(deadline=None)
@given(RUNS, RUNS, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_cells_that_are_those_above_are_read_too(first, second, end, ended):
    columns = [[cell for cell, count in runs for _ in range(count)] for runs in (first, second)]
    lines = [",".join(cells) for cells in zip(*columns, strict=False)]
    text = (end.join(lines) + end * ended).encode()
    check(_lists.csv_numbers(text, 2), by_pyarrow(text))


def test_a_cell_that_begins_like_the_one_above_is_another():
    for above, cell in [
        ("12", "123"),
        ("123", "12"),
        ("1234567", "12345678"),
        ("12345678", "12345679"),
        ("123456789012", "123456789013"),
        ("123456789012", "12345678901"),
        ("1.5", "1.55"),
    ]:
        for before in (1, 70):  # rows above it: of as many it is known whether cells repeat
            text = f"{above},1\n" * before + f"{cell},1\n" * 2
            found = _lists.csv_numbers(text.encode(), 2)
            assert found[0].tolist() == [float(above)] * before + [float(cell)] * 2
    assert _lists.csv_numbers(b"12,1\n12\n12345678,1\n", 2) is None
    assert _lists.csv_numbers(b"12,1\n12;1\n12345678,1\n", 2) is None
