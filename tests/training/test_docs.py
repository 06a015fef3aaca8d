"""The code of docs/training.md runs as it stands."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs" / "training.md"


def test_code_of_the_guide_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.S)
    space: dict = {}
    for block in blocks:
        exec(block, space)
    assert len(blocks) == 3 and 0 < space["loss"] < 1
    assert (tmp_path / "review.keras").exists() and space["again"].optimizer.iterations > 0
