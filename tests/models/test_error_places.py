"""An error says where in the users' own data it arose, whatever pieces the data was cut into."""

import json

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.models import batches
from maskseq.scoring import score

SIZE, BAD, STEP = 40, 29, 1


def scorer():
    model = maskseq.Sequential(
        [
            maskseq.Input((None,)),
            layers.Embedding(9, 2, mask_zero=True, name="words"),
            layers.LSTM(2),
            layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse")
    return model


def rows():
    found = [[1 + i % 8, 2, 3][: 2 + i % 2] for i in range(SIZE)]
    found[BAD][STEP] = 99
    return found


def frame():
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({"t": rows()})


Y = np.zeros((SIZE, 1), np.float32)
WAYS = {
    "predict": lambda m: m.predict(rows()),
    "predict, by size": lambda m: m.predict(rows(), batch_size=7),
    "predict, padded": lambda m: m.predict(maskseq.pad_sequences(rows()), batch_size=7),
    "predict, ragged": lambda m: m.predict(rows(), batch_size=7, ragged=True),
    "predict, batches": lambda m: m.predict(iter([rows()[:25], rows()[25:]])),
    "predict, callbacks": lambda m: m.predict(rows(), batch_size=7, callbacks=[]),
    "score_frame": lambda m: m.score_frame(frame(), columns="t", batch_size=7),
    "fit": lambda m: m.fit(rows(), Y, batch_size=7, verbose=0),
    "fit, a part of it": lambda m: m.fit(rows(), Y, batch_size=7, verbose=0, validation_split=0.5),
    "evaluate": lambda m: m.evaluate(rows(), Y, batch_size=7, verbose=0),
}


@pytest.mark.parametrize("way", WAYS)
def test_row_and_step_are_those_of_all_that_was_given(way, monkeypatch):
    monkeypatch.setattr(batches, "STEPS_A_CALL", 20)
    step = STEP + (way == "predict, padded" and len(rows()[BAD]) < 3)
    with pytest.raises(IndexError, match=rf"got 99 at \[{BAD}, {step}\]") as told:
        WAYS[way](scorer())
    error = told.value
    assert (error.row, error.step, error.layer) == (BAD, step, "words")


@pytest.mark.parametrize(
    ("x", "row"),
    [
        ([[1], [2, None]], 1),
        ([[1], [2], ["a"]], 2),
        ([[1], [[1, 2]]], 1),
    ],
)
def test_what_cannot_be_read_has_its_row(x, row):
    with pytest.raises((TypeError, ValueError)) as told:
        scorer().predict(x)
    assert told.value.row == row


def test_a_null_in_a_column_has_its_row_and_step():
    pyarrow = pytest.importorskip("pyarrow")
    with pytest.raises(ValueError, match="position 1 has a null at step 2") as told:
        scorer().predict(pyarrow.chunked_array([pyarrow.array([[1], [1, 2, None]])]))
    assert (told.value.row, told.value.step) == (1, 2)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["npz", "jsonl", "parquet", "long"])
def test_a_job_names_file_row_and_step(kind, workers, tmp_path):
    path, options, row = tmp_path / f"d.{kind}", {}, BAD
    if kind == "npz":
        held = maskseq.Ragged.from_list(rows())
        np.savez(path, values=held.values, offsets=held.offsets)
    elif kind == "jsonl":
        path.write_text("".join(f"{json.dumps(x)}\n" for x in rows()))
    else:
        pyarrow = pytest.importorskip("pyarrow")
        table = pyarrow.table({"t": rows()})
        if kind == "long":
            path, options = tmp_path / "d.parquet", {"by": "id", "columns": "t"}
            keys = np.repeat(np.arange(SIZE), [len(x) for x in rows()])
            row = int(np.argmax(keys == BAD))
            table = pyarrow.table({"id": keys, "t": np.concatenate(rows())})
        pytest.importorskip("pyarrow.parquet").write_table(table, path)
    words = f"line {BAD + 1}" if kind == "jsonl" else f"row {row}"
    with pytest.raises(ValueError, match=f"{path.name}: {words}: .*got 99 at step 1$") as told:
        score(scorer(), path, tmp_path / "o.jsonl", batch_steps=20, workers=workers, **options)
    error = told.value
    assert (error.path, error.row, error.step) == (str(path), row, STEP)
    assert error.layer == "words"


def test_a_line_that_cannot_be_read_is_named_the_same_way(tmp_path):
    path = tmp_path / "d.jsonl"
    path.write_text("[1]\n[2\n")
    with pytest.raises(ValueError, match=r"d\.jsonl: line 2 is not JSON") as told:
        score(scorer(), path, tmp_path / "o.jsonl")
    assert (told.value.path, told.value.row) == (str(path), 1)
