"""The code of docs/frames.md runs as it stands, and does what the page says."""

import pytest

from tests.docs.pages import DOCS, run


def test_code_of_the_page_runs():
    pytest.importorskip("polars")
    space: dict = {}
    assert run(DOCS / "frames.md", space) == 6
    assert space["scores"].shape == (2, 1)
    assert space["scored"].columns == ["id", "tokens", "score"]
    assert space["alone"].columns == ["score"]
    assert space["by_user"]["user"].to_list() == [7, 4]
    assert space["by_user"].columns == ["user", "score"]
    assert space["tags"].lengths.tolist() == [2, 3] and space["tags"].values.shape == (5, 3)
    assert space["tagged"]["tags"].list.len().to_list() == [3, 1]
    assert space["ids"].tolist() == [[1, 2], [0, 0]]
    assert space["ragged"].values.tolist() == [[8, 10], [1, 20], [3, 30], [5, 1], [2, 2]]
    assert space["again"].equals(space["ragged"])
