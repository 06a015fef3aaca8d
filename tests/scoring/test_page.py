"""The code of docs/big-jobs.md runs as it stands."""

import json
from pathlib import Path

import numpy as np

import maskseq
from tests.docs.pages import DOCS, code_of, run

PAGE = DOCS / "big-jobs.md"


def test_code_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    space: dict = {}
    assert len(code_of(PAGE)) == 3
    run(PAGE, space, slice(0, 1))
    assert (space["report"].sequences, space["report"].skipped) == (1000, 0)
    rows = [json.loads(line) for line in Path("scores.jsonl").read_text().splitlines()]
    expected = maskseq.load_model("model.keras").predict([[n % 100] * (n % 9) for n in range(1000)])
    assert [row["id"] for row in rows] == list(range(1000))
    np.testing.assert_array_equal(np.float32([row["score"] for row in rows]), expected[:, 0])
    run(PAGE, space, slice(1, 2))
    assert sorted(space["first"]) == ["id", "risk"]
    run(PAGE, space, slice(2, 3))
    assert (space["report"].skipped, len(space["report"].errors)) == (2, 2)
