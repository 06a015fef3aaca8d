"""The code of docs/training.md runs as it stands."""

from tests.docs.pages import DOCS, run


def test_code_of_the_guide_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    space: dict = {}
    assert run(DOCS / "training.md", space) == 3 and 0 < space["loss"] < 1
    assert (tmp_path / "review.keras").exists() and space["again"].optimizer.iterations > 0
