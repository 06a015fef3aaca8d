"""The code of docs/sklearn.md runs as it stands."""

import pytest

from tests.docs.pages import DOCS, run


def test_code_of_the_page_runs():
    pytest.importorskip("sklearn")
    space: dict = {}
    assert run(DOCS / "sklearn.md", space) == 2
    assert space["search"].predict([[1, 3], [7]]).tolist() == ["bad", "good"]
    assert space["search"].predict_proba([[1, 3], [7]]).shape == (2, 2)
    assert space["own"].score(space["reviews"], space["labels"]) == 1.0
