"""Files that documents, scripts and comments name exist: whoever moves one finds who named it."""

import fnmatch
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (".ci", ".github", "benchmarks", "csrc", "docs", "examples", "src", "tests")
PATH = re.compile(rf"(?<![\w./$}}-])(?:{'|'.join(map(re.escape, FOLDERS))})/[\w./*<>{{}}$-]*")
SOURCE = re.compile(
    r"(?<![\w./<>{}$*-])(?:(?:\w+/)+\w+|\w+_\w+)\.(?:c|h|py|pyi|pyx|pxi|pxd)\b(?!\()"
)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")  # of Markdown, to another file
OTHERS = {"keras/src/saving/saving_lib.py", "legacy_h5_format.py"}

if not (ROOT / ".gitignore").exists():
    pytest.skip("tests without the rest of the repository", allow_module_level=True)
IGNORED = [
    line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines() if line.strip()
]


def is_ignored(path: Path) -> bool:
    """Whether .gitignore names the file or a folder it is in."""
    parts = path.relative_to(ROOT).parts
    candidates = [*parts, *("/".join(parts[:n]) for n in range(2, len(parts) + 1))]
    return any(fnmatch.fnmatch(part, pattern) for part in candidates for pattern in IGNORED)


FILES = sorted(
    path
    for start in (ROOT, *(ROOT / folder for folder in FOLDERS))
    for path in (start.glob("*") if start == ROOT else start.rglob("*"))
    if path.is_file() and not is_ignored(path)
)
PATHS = [path.relative_to(ROOT).as_posix() for path in FILES]


def text_of(path: Path) -> str:
    """The text, paths in scripts and patterns written plainly; none for arrays and pictures."""
    try:
        return path.read_text(encoding="utf-8").replace('"$root"/', "").replace(r"\.", ".")
    except UnicodeDecodeError:
        return ""


def exists(path: str) -> bool:
    """Variables, and what is to be filled in (<family>), stand for anything."""
    pattern = re.sub(r"<\w*>?|\$\{?\w*\}?|\{\w*\}", "*", path.rstrip("./"))
    return is_ignored(ROOT / pattern) or any(ROOT.glob(pattern))


def test_all_parts_of_the_repository_are_looked_at():
    some = {"docs/RELIABILITY.md", ".ci/run", "Makefile", "csrc/kernels.h", "tests/conftest.py"}
    assert some <= set(PATHS)
    assert len(FILES) > 300


def named(pattern: re.Pattern, ending: str = "") -> list[tuple[Path, str]]:
    """What the pattern finds in all files of that ending, and the file that says it."""
    texts = {file: text_of(file) for file in FILES if file.name.endswith(ending)}
    return [(file, found) for file, text in texts.items() for found in pattern.findall(text)]


def listed(missing: list[tuple[Path, str]]) -> str:
    return "\n".join(f"{file.relative_to(ROOT)}: {found}" for file, found in missing)


def test_paths_that_are_named_exist():
    missing = [(file, path) for file, path in named(PATH) if not exists(path)]
    assert not missing, listed(missing)


def test_source_files_that_are_named_from_within_exist():
    """rnn/walk.c for csrc/rnn/walk.c, or rnn_tmpl.h; a word alone could be anything."""
    missing = [
        (file, source)
        for file, source in named(SOURCE)
        if not any(f"/{path}".endswith(f"/{source}") for path in PATHS)
        and not (source in OTHERS or is_ignored(ROOT / source))
    ]
    assert not missing, listed(missing)


def test_links_of_documents_lead_to_files():
    links = named(LINK, ".md")
    missing = [(file, link) for file, link in links if not (file.parent / link).exists()]
    assert len(links) > 10
    assert not missing, listed(missing)
