"""The code in the pages of docs/, and how it is run."""

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"


def code_of(path: Path) -> list[str]:
    """The blocks of Python in a page, in order."""
    return re.findall(r"^```python\n(.*?)^```", path.read_text("utf-8"), re.S | re.M)


def run(path: Path, space: dict[str, Any], blocks: slice = slice(None)) -> int:
    """Run the blocks of a page, or some of them, in one namespace. Returns: how many they are."""
    chosen = code_of(path)[blocks]
    for number, block in enumerate(chosen):
        exec(compile(block, f"{path.name}, block {number}", "exec"), space)
    return len(chosen)
