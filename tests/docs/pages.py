"""The code in the pages of docs/, and how it is run."""

import re
import shlex
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"


def code_of(path: Path) -> list[str]:
    """The blocks of Python in a page, in order."""
    return re.findall(r"^```python\n(.*?)^```", path.read_text("utf-8"), re.S | re.M)


def commands_of(path: Path) -> list[list[str]]:
    """The words of each call of the command `maskseq` in a page's blocks of other kinds."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", path.read_text("utf-8"), re.S | re.M)
    lines = [line for kind, block in blocks if kind != "python" for line in block.splitlines()]
    pipes = [part for line in lines for part in re.sub(r"\s#.*", "", line).split("|")]
    calls = [shlex.split(part) for part in pipes if re.match(r"\s*maskseq \w+", part)]
    return [words[1:] for words in calls]


def run(path: Path, space: dict[str, Any], blocks: slice = slice(None)) -> int:
    """Run the blocks of a page, or some of them, in one namespace. Returns: how many they are."""
    chosen = code_of(path)[blocks]
    for number, block in enumerate(chosen):
        exec(compile(block, f"{path.name}, block {number}", "exec"), space)
    return len(chosen)
