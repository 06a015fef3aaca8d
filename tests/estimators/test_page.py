"""The code of docs/sklearn.md runs as it stands."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "sklearn.md"


def test_code_of_the_page_runs():
    pytest.importorskip("sklearn")
    space: dict = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    for block in blocks:
        exec(block, space)
    assert len(blocks) == 2
    assert space["search"].predict([[1, 3], [7]]).tolist() == ["bad", "good"]
    assert space["search"].predict_proba([[1, 3], [7]]).shape == (2, 2)
    assert space["own"].score(space["reviews"], space["labels"]) == 1.0
