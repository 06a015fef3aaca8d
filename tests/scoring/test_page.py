"""The code of docs/big-jobs.md runs as it stands."""

import json
import re
from pathlib import Path

import numpy as np

import maskseq

PAGE = Path(__file__).parents[2] / "docs" / "big-jobs.md"


def test_code_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    space: dict = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    exec(blocks[0], space)
    assert (space["report"].sequences, space["report"].skipped) == (1000, 0)
    rows = [json.loads(line) for line in Path("scores.jsonl").read_text().splitlines()]
    expected = maskseq.load_model("model.keras").predict([[n % 100] * (n % 9) for n in range(1000)])
    assert [row["id"] for row in rows] == list(range(1000))
    np.testing.assert_array_equal(np.float32([row["score"] for row in rows]), expected[:, 0])
    exec(blocks[1], space)
    assert sorted(space["first"]) == ["id", "risk"]
    exec(blocks[2], space)
    assert (space["report"].skipped, len(space["report"].errors)) == (2, 2)
    assert len(blocks) == 3
