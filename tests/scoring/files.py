"""Models and files for jobs, and what was written."""

import csv
import gzip
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import maskseq
from maskseq import Ragged, layers

COUNT = 300


@cache
def scorer() -> maskseq.Model:
    maskseq.set_random_seed(0)
    return maskseq.Sequential(
        [
            maskseq.Input((None,)),
            layers.Embedding(50, 4, mask_zero=True),
            layers.LSTM(3),
            layers.Dense(1),
        ]
    )


@cache
def tagger() -> maskseq.Model:
    maskseq.set_random_seed(0)
    lstm = layers.LSTM(3, return_sequences=True)
    return maskseq.Sequential(
        [maskseq.Input((None,)), layers.Embedding(50, 4, mask_zero=True), lstm]
    )


def sequences() -> Ragged:
    rng = np.random.default_rng(0)
    lengths = rng.integers(0, 9, COUNT)
    return Ragged.from_lengths(rng.integers(0, 50, lengths.sum()), lengths)


def ids() -> list[str]:
    return [f"u{i}" for i in range(COUNT)]


def write(path: Path, x: Ragged) -> Path:
    rows = x.to_list()
    if path.name.startswith("lists.jsonl"):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        path.write_text(text)
    elif ".jsonl" in path.name:
        lines = [json.dumps({"id": i, "tok": r}) + "\n" for i, r in zip(ids(), rows, strict=True)]
        with (gzip.open if path.suffix == ".gz" else open)(path, "wt") as file:
            file.writelines(lines)
    elif ".csv" in path.name:
        with (gzip.open if path.suffix == ".gz" else open)(path, "wt") as file:
            out = csv.writer(file)
            out.writerow(["id", "tok"])
            for i, row in zip(ids(), rows, strict=True):
                out.writerows([i, token] for token in row)
    elif path.suffix == ".npz":
        np.savez(path, values=x.values, offsets=x.offsets)
    else:
        pyarrow = pytest.importorskip("pyarrow")
        table = pyarrow.table({"id": ids(), "tok": x.to_arrow()})
        if path.suffix == ".parquet":
            pytest.importorskip("pyarrow.parquet").write_table(table, path, row_group_size=70)
        else:
            with pyarrow.ipc.new_file(path, table.schema) as file:
                file.write_table(table, max_chunksize=90)
    return path


def read(path: Path) -> tuple[list | None, list]:
    """The ids, and the answers as arrays of numbers, one for each sequence."""
    if path.suffix == ".npz":
        with np.load(path) as file:
            if "x" in file:
                return None, list(file["x"])
            return None, list(Ragged(file["values"], file["offsets"]))
    if ".jsonl" in path.name:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt") as file:
            rows = [json.loads(line) for line in file]
        if rows and isinstance(rows[0], dict):
            return [row["id"] for row in rows], [np.float32(row["score"]) for row in rows]
        return None, [np.float32(row) for row in rows]
    if ".csv" in path.name:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", newline="") as file:
            rows = list(csv.DictReader(file))
        found: dict = {}
        for row in rows:
            numbers = [float(v) for k, v in row.items() if k.startswith("score")]
            found.setdefault(row.get("id"), []).append(numbers)
        return list(found), [np.float32(x) for x in found.values()]
    pyarrow = pytest.importorskip("pyarrow")
    if path.suffix == ".parquet":
        table = pytest.importorskip("pyarrow.parquet").read_table(path)
    else:
        table = pyarrow.ipc.open_file(path).read_all()
    found_ids = table["id"].to_pylist() if "id" in table.column_names else None
    return found_ids, [np.float32(row) for row in table["score"].to_pylist()]
