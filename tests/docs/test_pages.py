"""The pages: their code runs as it stands, and their links lead somewhere."""

import re
import sys
from pathlib import Path
from shutil import copyfile
from types import ModuleType

import pytest

import maskseq
from tests.docs.pages import code_of, run

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")])
ELSEWHERE = {"training", "frames", "from_torch", "sklearn", "big-jobs"}
"""Pages whose code a test of their own runs and looks at."""
NEEDS = {"clusters": "dask.dataframe"}
"""Pages that import what tests may lack."""
NOT_ALONE = {"embedding"}
"""Parts of programs: tests/abi builds the examples that they come from."""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "path",
    [path for path in PAGES if code_of(path) and path.stem not in ELSEWHERE | NOT_ALONE],
    ids=lambda path: path.stem,
)
def test_the_code_of_a_page_runs(path, tmp_path, monkeypatch):
    """From top to bottom, in one namespace; it asserts what the page says."""
    if "plot." in path.read_text("utf-8"):
        pytest.importorskip("matplotlib").use("Agg")
    if path.stem in NEEDS:
        pytest.importorskip(NEEDS[path.stem])
    monkeypatch.chdir(tmp_path)
    copyfile(Path(maskseq.__file__).parent / "demo" / "japanese_vowels.keras", "model.keras")
    module = ModuleType(f"page_{path.stem}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    run(path, module.__dict__)


def test_pages_with_a_test_of_their_own_are_there():
    assert ELSEWHERE | NOT_ALONE <= {path.stem for path in PAGES if code_of(path)}


def anchors(path):
    """What `#...` may name in a page: its headings, as GitHub and the site write them."""
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.S | re.M)
    made = set()
    for heading in re.findall(r"^#+ (.*)$", text, re.M):
        words = re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading).lower()
        made.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return made


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.S | re.M)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://|mailto:", target):
            continue
        name, _, anchor = target.partition("#")
        there = path.parent / name if name else path
        assert there.exists(), f"{path.name}: {target}"
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), f"{path.name}: {target}"


def test_every_page_of_the_site_is_in_its_table_of_contents():
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    listed = set(re.findall(r"^([\w/-]+)$", index, re.M))
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"} <= listed
