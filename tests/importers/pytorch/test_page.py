"""The blocks of docs/from_torch.md run, beside PyTorch."""

import pytest

from tests.docs.pages import DOCS, run


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_page_runs(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    monkeypatch.chdir(tmp_path)
    assert run(DOCS / "from_torch.md", {"__name__": "page"}) == 7
