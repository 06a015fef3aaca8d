"""The page of the architecture draws the folders of the package, and which of them each imports."""

from pathlib import Path

import pytest

from tests.system.test_architecture import ROOT, UPWARDS, imports_of, level_of, module_name

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"
BEGIN, END = "<!-- folders -->\n", "<!-- end of folders -->\n"


def folder_of(module: str) -> str:
    """The folder that a module is in, that of its family for a layer; "" for the top one."""
    depth = 2 if module.startswith("layers.") else 1
    while module and not ROOT.joinpath(*module.split(".")).is_dir():
        module = module.rpartition(".")[0]
    return "/".join(module.split(".")[:depth])


def folders() -> dict[str, set[str]]:
    """Folder -> those that it imports, in the order of the levels."""
    found: dict[str, set[str]] = {}
    for path in ROOT.rglob("*.py"):
        name = module_name(path)
        own = folder_of(name)
        if not own or own == "demo":
            continue
        imported = found.setdefault(own, set())
        for target in imports_of(path):
            if target.startswith("maskseq.") and (name, target[8:]) not in UPWARDS:
                imported.add(folder_of(target[8:]))
    named = sorted(found, key=lambda folder: (level_of(folder.replace("/", ".")), folder))
    return {own: found[own] - {"", own} for own in named}


def drawn() -> str:
    """The table of the page."""
    names = [*folders()]
    rows = ["| folder | imports |", "|---|---|"]
    for own, imported in folders().items():
        listed = ", ".join(f"`{x}`" for x in sorted(imported, key=names.index))
        rows.append(f"| `{own}` | {listed or '-'} |")
    return "\n".join(rows) + "\n"


@pytest.mark.slow
def test_the_page_draws_the_folders_as_they_import():
    _, _, rest = PAGE.read_text().partition(BEGIN)
    there, _, _ = rest.partition(END)
    assert there == drawn(), "`make docs` writes the table"


@pytest.mark.slow
def test_no_folder_imports_itself_by_way_of_others():
    below: dict[str, set[str]] = {}
    left = folders()
    while left:
        free = [own for own, imported in left.items() if imported <= below.keys()]
        assert free, f"a circle among {sorted(left)}"
        for own in free:
            below[own] = left.pop(own)


if __name__ == "__main__":
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + drawn() + END + rest.partition(END)[2])
