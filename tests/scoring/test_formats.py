"""Jobs on files: every format in and out, by key and by row; bad rows are named."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

import maskseq
from maskseq import Ragged, layers
from maskseq.scoring import job, score
from tests.scoring.files import COUNT, ids, read, scorer, sequences, tagger, write

INPUTS = [
    "a.parquet",
    "a.arrow",
    "a.csv",
    "a.csv.gz",
    "a.jsonl",
    "a.jsonl.gz",
    "lists.jsonl",
    "a.npz",
]
OUTPUTS = ["o.parquet", "o.arrow", "o.csv", "o.csv.gz", "o.jsonl", "o.jsonl.gz", "o.npz"]


@pytest.mark.slow
@pytest.mark.parametrize("source", INPUTS)
def test_every_format_goes_into_every_other(source, tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(job, "PART_SEQUENCES", 100)  # so that a result has several parts
    x, path = sequences(), write(tmp_path / source, sequences())
    long = {"by": "id", "columns": "tok"} if ".csv" in source else {}
    there = x.lengths > 0 if long else np.ones(COUNT, bool)
    for model in (scorer(), tagger()):
        expected = [y for y, kept in zip(model.predict(x, ragged=True), there, strict=True) if kept]
        for sink in OUTPUTS:
            if ".csv" in sink and not ("a." in source and "npz" not in source):
                continue  # without an id a row of CSV does not say whose step it is
            report = score(model, path, tmp_path / sink, batch_steps=150, **long)
            found_ids, found = read(tmp_path / sink)
            wanted = there
            if ".csv" in sink and model.output_shape[1:2] == (None,):
                expected = [y for y in expected if len(y)]
                wanted = x.lengths > 0
            assert report.sequences == there.sum() and report.skipped == 0
            if found_ids is not None:
                assert found_ids == list(np.array(ids())[wanted])
            assert len(found) == len(expected)
            for got, y in zip(found, expected, strict=True):
                np.testing.assert_array_equal(np.reshape(got, -1), np.reshape(y, -1))
            assert not Path(f"{tmp_path / sink}.parts").exists()
            if ".csv" in sink and model.output_shape[1:2] == (None,):
                expected = list(model.predict(x, ragged=True))
                expected = [y for y, kept in zip(expected, there, strict=True) if kept]


def test_directories_globs_and_lists_are_read_in_order(tmp_path):
    x = sequences()
    (tmp_path / "in").mkdir()
    for number, start in enumerate(range(0, COUNT, 100)):
        rows = x[start : start + 100].to_list()
        text = "".join(json.dumps({"n": start + i, "t": r}) + "\n" for i, r in enumerate(rows))
        (tmp_path / "in" / f"{number}.jsonl").write_text(text)
    (tmp_path / "in" / ".hidden.jsonl").write_text("no")
    expected = [round(float(y), 6) for y in scorer().predict(x)[:, 0]]
    files = sorted((tmp_path / "in").glob("[0-9]*"))
    for source in (tmp_path / "in", str(tmp_path / "in" / "*.jsonl"), files):
        score(scorer(), source, tmp_path / "o.jsonl")
        rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
        assert [row["n"] for row in rows] == list(range(COUNT))
        assert [round(row["score"], 6) for row in rows] == expected
    with pytest.raises(FileNotFoundError, match="none.jsonl: no such file"):
        score(scorer(), tmp_path / "none.jsonl", tmp_path / "o.jsonl")


def test_models_of_several_inputs_and_outputs_go_by_name(tmp_path):
    a, b = maskseq.Input((None,), name="a"), maskseq.Input((None, 2), name="b")
    one = layers.Dense(1, name="u")(layers.LSTM(2)(layers.Embedding(9, 3)(a)))
    model = maskseq.Model([a, b], [one, layers.LSTM(2, return_sequences=True, name="v")(b)])
    rows = [{"a": [1, 2], "b": [[1, 2]], "k": "x"}, {"a": [3], "b": [[3, 4], [5, 6]], "k": "y"}]
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    score(model, tmp_path / "d.jsonl", tmp_path / "o.jsonl")
    found = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    u, v = model.predict({key: [row[key] for row in rows] for key in "ab"}, ragged=True)
    assert [row["k"] for row in found] == ["x", "y"]
    np.testing.assert_array_equal(np.float32([row["u"] for row in found]), u[:, 0])
    for row, expected in zip(found, v, strict=True):
        np.testing.assert_array_equal(np.float32(row["v"]), expected)
    renamed = [
        {"p": r["a"], "q": [s[0] for s in r["b"]], "r": [s[1] for s in r["b"]]} for r in rows
    ]
    (tmp_path / "e.jsonl").write_text("".join(json.dumps(row) + "\n" for row in renamed))
    columns = {"a": "p", "b": ["q", "r"]}
    score(model, tmp_path / "e.jsonl", tmp_path / "p.jsonl", columns=columns)
    again = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert again == [{"u": row["u"], "v": row["v"]} for row in found]


BAD = '[1, 2]\n[1, 99]\nnot JSON\n[3]\n{"a": 1}\n[4, 5]\n'


def test_a_bad_row_is_named_and_its_answer_null(tmp_path):
    path = tmp_path / "d.jsonl"
    path.write_text(BAD)
    report = score(scorer(), path, tmp_path / "o.jsonl", on_error="skip")
    assert report.sequences == 6 and report.skipped == 3
    places = [re.search(r"line (\d)", said)[1] for said in report.errors]
    assert places == ["2", "3", "5"] and "got 99" in report.errors[0]
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert [row is None for row in rows] == [False, True, True, False, True, False]
    good = scorer().predict([[1, 2], [3], [4, 5]])
    np.testing.assert_array_equal(np.float32([row for row in rows if row]), good)
    path.write_text("[1, 2]\n[1, 99]\n[3]\n")
    with pytest.raises(ValueError, match=r"d.jsonl: line 2: .*got 99"):
        score(scorer(), path, tmp_path / "p.jsonl")
    assert not list(tmp_path.glob("p.jsonl*"))


@pytest.mark.parametrize("sink", ["o.parquet", "o.arrow", "o.csv", "o.npz"])
@pytest.mark.parametrize("model", [scorer, tagger])
def test_missing_answers_are_null_in_tables(model, sink, tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "d.jsonl").write_text(
        "".join(json.dumps({"id": i, "t": t}) + "\n" for i, t in enumerate([[1, 2], [1, 99], [3]]))
    )
    score(model(), tmp_path / "d.jsonl", tmp_path / sink, on_error="skip")
    expected = model().predict([[1, 2], [3]], ragged=True)
    path = tmp_path / sink
    if sink == "o.csv":
        rows = list(csv.DictReader(path.open()))
        lost = [row for row in rows if row["id"] == "1"]
        assert len(lost) == 1 and not any(v for k, v in lost[0].items() if k.startswith("score"))
        rest = [
            [float(v) for k, v in row.items() if k.startswith("score")]
            for row in rows
            if row["id"] != "1"
        ]
        values = expected.values if isinstance(expected, Ragged) else expected
        np.testing.assert_array_equal(np.float32(rest), values)
        return
    if sink == "o.npz":
        _, found = read(path)
        assert np.isnan(found[1]).all() if model is scorer else len(found[1]) == 0
    else:
        import pyarrow

        table = (
            pyarrow.parquet.read_table(path)
            if "parquet" in sink
            else pyarrow.ipc.open_file(path).read_all()
        )
        found = table["score"].to_pylist()
        assert found[1] is None
    for got, y in zip((found[0], found[2]), expected, strict=True):
        np.testing.assert_array_equal(np.reshape(np.float32(got), -1), np.reshape(y, -1))


def test_keys_that_come_back_are_an_error(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "d.csv").write_text("id,t\n1,1\n2,1\n1,2\n3,1\n")
    with pytest.raises(ValueError, match="a key comes back after others, in row 2: sort the file"):
        score(scorer(), tmp_path / "d.csv", tmp_path / "o.jsonl", by="id")


@pytest.mark.parametrize("keys", [list(range(-30, 30)), [f"key {i}" for i in range(60)]])
def test_a_key_that_comes_back_in_a_later_piece_is_an_error(keys, tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    monkeypatch.setattr("maskseq.scoring.csv_rows._BYTES", 64)
    path, out = tmp_path / "d.csv", tmp_path / "o.jsonl"
    lines = [f"{key},{t}\n" for key in keys for t in (1, 2)]
    path.write_text("id,t\n" + "".join(lines))
    assert score(scorer(), path, out, by="id", columns="t").sequences == 60
    for back in (0, 31, 57):
        path.write_text("id,t\n" + "".join([*lines, f"{keys[back]},1\n"]))
        with pytest.raises(ValueError, match="comes back after others, in row 120: sort") as told:
            score(scorer(), path, out, by="id", columns="t")
        assert (told.value.path, told.value.row) == (str(path), 120)


@pytest.mark.parametrize("late", ['"4",7', "4,07", "\n4,7", "4,", "4,2.5"])
def test_a_later_piece_of_csv_may_be_written_otherwise(late, tmp_path, monkeypatch):
    """Plain numbers are read in C, a piece with anything else by pyarrow, of the same types."""
    pytest.importorskip("pyarrow")
    monkeypatch.setattr("maskseq.scoring.csv_rows._BYTES", 16)
    path, model = tmp_path / "d.csv", scorer()
    path.write_text(f"id,t\n1,1\n1,2\n2,3\n3,1\n{late}\n5,1\n")
    if late.endswith((",", "2.5")):
        said = "column 't' has a null in row 4" if late.endswith(",") else "invalid value '2.5'"
        with pytest.raises(ValueError, match=f"{path.name}: .*{said}") as told:
            score(model, path, tmp_path / "o.jsonl", by="id")
        assert told.value.path == str(path)
        assert getattr(told.value, "row", 4) == 4
        return
    score(model, path, tmp_path / "o.jsonl", by="id", name="s")
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    expected = model.predict([[1, 2], [3], [1], [7], [1]])
    assert [row["id"] for row in rows] == [1, 2, 3, 4, 5]
    np.testing.assert_array_equal(np.float32([row["s"] for row in rows]), expected[:, 0])


@pytest.mark.parametrize(
    ("columns", "said"),
    [(["n"], "column 'n' has a null in row 70"), (None, "several columns hold lists, 'a', 'b'")],
)
def test_errors_of_tables_name_the_file_and_its_row(columns, said, tmp_path, monkeypatch):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("maskseq.scoring.tables._BYTES", 64)
    rows = {"a": [[1]] * 100, "b": [[2]] * 100, "n": [1.0] * 70 + [None] * 30}
    path = tmp_path / "d.parquet"
    parquet.write_table(pyarrow.table(rows), path)
    with pytest.raises(ValueError, match=f"d.parquet: {said}") as told:
        score(scorer(), path, tmp_path / "o.jsonl", columns=columns)
    assert (told.value.path, getattr(told.value, "row", 70)) == (str(path), 70)


def test_a_key_has_at_least_one_column(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "a.csv").write_text("id,t\n1,2\n")
    with pytest.raises(ValueError, match="by must name at least one column, got none"):
        score(scorer(), tmp_path / "a.csv", tmp_path / "o.csv", by=[])


def test_what_is_skipped_names_its_file(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.jsonl").write_text("[1]\nx\n3\n")
    report = score(scorer(), tmp_path, tmp_path / "o.npy", on_error="skip")
    places = [error.partition(": ")[::2] for error in report.errors]
    assert [path.rpartition("/")[2] for path, _ in places] == ["a.jsonl"] * 2 + ["b.jsonl"] * 2
    assert [said.partition(":")[0] for _, said in places] == ["line 2 is not JSON", "line 3"] * 2


def test_columns_of_other_types_in_later_pieces_are_written_as_they_are(tmp_path):
    pytest.importorskip("pyarrow")
    source, out = tmp_path / "a.jsonl", tmp_path / "o.csv"
    ids = [9007199254740993, 9007199254740995, 0.5, "b,c", 7]
    source.write_text(
        "".join(f'{{"id": {json.dumps(key)}, "t": [{i}]}}\n' for i, key in enumerate(ids))
    )
    score(scorer(), source, out, batch_steps=2)
    rows = list(csv.DictReader(out.open()))
    assert [row["id"] for row in rows] == [str(key) for key in ids]
    np.testing.assert_array_equal(
        np.array([row["score"] for row in rows], np.float32),
        scorer().predict([[i] for i in range(5)])[:, 0],
    )


def test_only_the_columns_that_are_kept_go_along(tmp_path):
    (tmp_path / "d.jsonl").write_text('{"id": 1, "t": [1], "w": "x"}\n')
    for keep, names in ((None, ["id", "w"]), (["w"], ["w"])):
        score(scorer(), tmp_path / "d.jsonl", tmp_path / "o.jsonl", keep=keep, name="s")
        assert list(json.loads((tmp_path / "o.jsonl").read_text())) == [*names, "s"]
    score(scorer(), tmp_path / "d.jsonl", tmp_path / "o.jsonl", keep=[])
    assert isinstance(json.loads((tmp_path / "o.jsonl").read_text()), list)


@pytest.mark.parametrize(
    "name, options, said",
    [
        ("d.jsonl", {"by": "user"}, r"by is for tables \(.parquet, .arrow, .csv\), got 'user'"),
        ("d.npy", {"by": "user", "sort": "t"}, "by is for tables"),
        ("d.npy", {"columns": "page"}, "columns is for files with columns, got 'page'"),
        ("d.npy", {"keep": ["id"]}, "keep is for files with columns"),
    ],
)
def test_options_that_say_nothing_about_a_file_are_refused(name, options, said, tmp_path):
    path = tmp_path / name
    if name == "d.npy":
        np.save(path, [[1, 2]])
    else:
        path.write_text("[1, 2]\n")
    with pytest.raises(ValueError, match=f"{name}: {said}"):
        score(scorer(), path, tmp_path / "o.jsonl", **options)
    assert score(scorer(), path, tmp_path / "o.jsonl", keep=[]).sequences == 1
