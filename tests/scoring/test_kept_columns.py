"""Columns that go along with answers: each format has their values, or an error names them."""

import csv
import gzip
import json

import numpy as np
import pytest

from maskseq.scoring import score
from tests.scoring.files import scorer


def rows_of(path):
    return [json.loads(line, parse_constant=pytest.fail) for line in path.open()]


def write(path, values, as_json=json.dumps):
    lines = [f'{{"id": {as_json(value)}, "t": [{i}]}}\n' for i, value in enumerate(values)]
    path.write_text("".join(lines))


def test_json_has_no_infinity_however_deep(tmp_path):
    source, out = tmp_path / "d.jsonl", tmp_path / "o.jsonl"
    values = ["NaN", '{"a": [1, -Infinity]}', '[{"b": NaN}]', '"NaN"', "0.5"]
    write(source, values, as_json=str)
    score(scorer(), source, out, keep=["id"], columns="t")
    wanted = [None, {"a": [1, None]}, [{"b": None}], "NaN", 0.5]
    assert [row["id"] for row in rows_of(out)] == wanted


def test_half_a_character_is_written_as_it_was(tmp_path):
    source, out = tmp_path / "d.jsonl", tmp_path / "o.jsonl"
    values = ["\ud800", "\U0001f600", ["\udfff", "\xe9"]]
    write(source, values)
    score(scorer(), source, out, keep=["id"], columns="t")
    assert [row["id"] for row in rows_of(out)] == values
    pytest.importorskip("pyarrow")
    for name in ("o.csv", "o.parquet"):
        with pytest.raises(ValueError, match="column 'id' cannot be written"):
            score(scorer(), source, tmp_path / name, columns="t", keep=["id"])


def test_values_of_several_types_are_text_in_csv_and_named_in_tables(tmp_path):
    pytest.importorskip("pyarrow")
    source, out = tmp_path / "d.jsonl", tmp_path / "o.csv"
    values = [7, "b,c", 10**29, None, True, 0.5]
    write(source, values)
    score(scorer(), source, out)
    with out.open() as file:
        found = [row["id"] for row in csv.DictReader(file)]
    assert found == ["7", "b,c", "1" + "0" * 29, "", "true", "0.5"]
    with pytest.raises(ValueError, match="column 'id' cannot be written as a column of one type"):
        score(scorer(), source, tmp_path / "o.parquet")


@pytest.mark.parametrize(
    "values, form, said",
    [
        ([{"a": 1}], "csv", "Unsupported Type:struct"),
        ([b"\xff"], "csv", "UTF8"),
        ([b"\xff"], "jsonl", "can't decode byte 0xff"),
    ],
)
def test_a_column_that_a_format_does_not_hold_is_named(values, form, said, tmp_path):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    source, out = tmp_path / "d.parquet", tmp_path / f"o.{form}"
    parquet.write_table(pyarrow.table({"t": [[1]], "n": [1], "odd": values}), source)
    with pytest.raises(ValueError, match=f"column 'odd' cannot be written as .*keep.*{said}"):
        score(scorer(), source, out)
    assert score(scorer(), source, out, keep=["n"]).sequences == 1


def test_bytes_of_text_are_text_in_json(tmp_path):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    source, out = tmp_path / "d.parquet", tmp_path / "o.jsonl"
    table = pyarrow.table({"t": [[1], [2]], "name": ["\xe9".encode(), None]})
    parquet.write_table(table, source)
    score(scorer(), source, out)
    assert [row["name"] for row in rows_of(out)] == ["\xe9", None]


def test_columns_of_one_name_are_named(tmp_path):
    pyarrow, ipc = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.ipc")
    source = tmp_path / "d.arrow"
    for names, options in ((["t", "t"], {}), (["t", "n", "n"], {}), (["t", "t"], {"by": "t"})):
        table = pyarrow.table(
            [pyarrow.array([[1]]), *[pyarrow.array([2])] * (len(names) - 1)], names
        )
        with ipc.new_file(source, table.schema) as writer:
            writer.write_table(table)
        with pytest.raises(ValueError, match=f"d.arrow: the frame has 2 columns '{names[-1]}'"):
            score(scorer(), source, tmp_path / "o.jsonl", **options)


# More than int64 holds: pyarrow reads them as float64, which does not tell them apart.
LARGE = ["17293822569102704640", "17293822569102704641", "-17293822569102704640"]


@pytest.mark.parametrize("quote", ["", '"'])
def test_keys_larger_than_64_bits_are_told_apart(quote, tmp_path):
    pytest.importorskip("pyarrow")
    source, out = tmp_path / "d.csv", tmp_path / "o.jsonl"
    lines = [f"{quote}{key}{quote},{i},{key}\n" for i, key in enumerate(LARGE)]
    source.write_text("user,t,also\n" + "".join(lines))
    score(scorer(), source, out, by="user", columns="t", keep=["user", "also"], name="s")
    rows, wanted = rows_of(out), scorer().predict([[0], [1], [2]])[:, 0]
    assert [row["user"] for row in rows] == [row["also"] for row in rows] == LARGE
    np.testing.assert_array_equal(np.float32([row["s"] for row in rows]), wanted)


def test_a_large_key_behind_floats_is_named(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    monkeypatch.setattr("maskseq.scoring.csv_rows._BYTES", 16)
    (tmp_path / "d.csv").write_text(f"user,t\n0.5,1\n1.5,2\n2.5,3\n{LARGE[0]},1\n")
    with pytest.raises(ValueError, match=r"d.csv: column 'user' has whole numbers too large"):
        score(scorer(), tmp_path / "d.csv", tmp_path / "o.jsonl", by="user")


PACKED = gzip.compress(b"user,t\n" + b"1,2\n" * 1000)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@pytest.mark.parametrize(
    "raw",
    [b"[1]\n", PACKED[:-6], PACKED[:20] + b"\xff" * 9 + PACKED[29:], PACKED + b"more"],
    ids=["not packed", "cut", "changed", "more behind"],
)
def test_a_damaged_gzip_is_named(raw, form, tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / f"d.{form}.gz"
    path.write_bytes(raw)
    options = {"by": "user"} if form == "csv" else {"on_error": "skip"}
    with pytest.raises(ValueError, match=f"d.{form}.gz: .* by gzip, or is damaged") as told:
        score(scorer(), path, tmp_path / "o.jsonl", **options)
    assert told.value.path == str(path)


def test_text_of_another_encoding_names_the_file(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "d.csv"
    path.write_bytes("user,t\n1,2\n".encode("utf-16"))
    with pytest.raises(ValueError, match="d.csv: 'utf-8' codec") as told:
        score(scorer(), path, tmp_path / "o.jsonl", by="user")
    assert told.value.path == str(path)
