"""The pages: their code runs as it stands, and their links lead somewhere."""

import os
import re
import sys
from pathlib import Path
from shutil import copyfile
from types import ModuleType

import pytest

import maskseq
from maskseq import cli
from tests.docs.pages import code_of, commands_of, run

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")])
ELSEWHERE = {"training", "frames", "from_torch", "sklearn", "big-jobs"}
"""Pages whose code a test of their own runs and looks at."""
NEEDS = {"clusters": "dask.dataframe"}
"""Pages that import what tests may lack."""
NOT_ALONE = {"embedding"}
"""Parts of programs: test_embedding_page.py builds them."""


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
    for words in commands_of(path):
        files = [word for word in inputs_of(words) if Path(word).suffix]
        if files and all(map(os.path.exists, files)):
            assert cli.main(words) == 0, words


def inputs_of(words):
    """The arguments of a command that are no options, nor values of them."""
    before = ["", *words]
    return [
        word
        for option, word in zip(before, words, strict=False)
        if "-" not in (option[:1], word[:1])
    ]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_commands_of_a_page_have_options_that_exist(path):
    for words in commands_of(path):
        cli._parser().parse_args(words)


def test_pages_have_commands():
    found = {path.stem: len(commands_of(path)) for path in PAGES if commands_of(path)}
    assert {"README", "big-jobs", "precision", "seen", "tutorial", "index"} <= set(found)
    assert ["info", "parity.keras"] in commands_of(ROOT / "docs" / "tutorial.md")


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


def named_paths(path):
    """Files of the repository that a page names in its text."""
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.S | re.M)
    names = set(re.findall(r"`([\w./-]+/[\w.-]+\.(?:c|h|py|pyx|pxi|pxd|md|toml|json|npz))`", text))
    top = r"(?<![\w/.])((?:tests|src|csrc|docs|examples|benchmarks|\.ci)/[\w./-]*\w)(?![\w<*])"
    return names | set(re.findall(top, text))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_files_that_a_page_names_are_there(path):
    """From the top folder, or from where the page's readers look: the package, docs, tests."""
    folders = (ROOT, ROOT / "src" / "maskseq", ROOT / "docs", ROOT / "tests")
    for name in named_paths(path):
        if not name.endswith("_"):  # of a name with a part to fill in
            assert any((folder / name).exists() for folder in folders), name


def test_pages_name_files():
    assert "csrc/rnn/walk.c" in named_paths(ROOT / "docs" / "architecture.md")


def test_every_page_of_the_site_is_in_its_table_of_contents():
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    listed = set(re.findall(r"^([\w/-]+)$", index, re.M))
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"} <= listed
