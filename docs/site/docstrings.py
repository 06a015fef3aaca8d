"""Docstrings of maskseq as reStructuredText: paragraphs, and lists of arguments.

They are plain text with single backquotes around code. A part "Arguments:" has an indented line
for each "name: what it is", whose next lines are indented further; "Returns:", "Raises:" and
"Source:" begin a part of their own.
"""

import re
from textwrap import dedent
from typing import Any

PARTS = re.compile(r"(Arguments|Returns|Raises|Source|Attributes):\s*(.*)")
ITEM = re.compile(r"(\*{0,2}[A-Za-z_]\w*(?:, \*{0,2}[A-Za-z_]\w*)*):(?: (.*)|$)")


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True}


def process(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = as_rst(lines)


def as_rst(lines: list[str]) -> list[str]:
    """The lines of a docstring, which is indented nowhere, in reStructuredText."""
    made: list[str] = []
    for block in blocks(lines):
        first, *rest = block
        found = PARTS.fullmatch(first)
        if found is None:
            made += literal(block) if first.startswith(("    ", ">>>")) else paragraph(block)
        elif found[1] in ("Arguments", "Attributes"):
            inline = [found[2]] if found[2] else []
            made += arguments(inline + dedent("\n".join(rest)).splitlines())
        else:
            made += field(found[1], [found[2], *rest])
        made.append("")
    return made


def blocks(lines: list[str]) -> list[list[str]]:
    """Parts of a docstring: split at blank lines, and where "Arguments:" or the like begins."""
    made: list[list[str]] = [[]]
    for line in lines:
        if not line.strip() or PARTS.fullmatch(line):
            made.append([])
        if line.strip():
            made[-1].append(line.rstrip())
    return [block for block in made if block]


def arguments(lines: list[str]) -> list[str]:
    """A list of names and what they are, and the paragraphs between them."""
    made, inside = [], False
    for line in lines:
        if line.startswith(" "):
            made.append("  " * inside + escape(line.strip()))
        elif item := ITEM.fullmatch(line):
            inside = True
            made += ["", f"* ``{item[1]}``: {escape(item[2] or '')}"]
        else:
            made += [""] * inside + [escape(line)]
            inside = False
    return [*made, ""]


def field(name: str, lines: list[str]) -> list[str]:
    return ["", f"**{name}:** " + escape(" ".join(line.strip() for line in lines))]


def paragraph(lines: list[str]) -> list[str]:
    """Lines of a paragraph; a table of two columns stays in lines."""
    if any(re.search(r"\S {3,}\S|^ ", line) for line in lines):
        return literal(lines)
    return [escape(line.strip()) for line in lines]


def literal(lines: list[str]) -> list[str]:
    return ["::", "", *("    " + line for line in lines)]


def escape(text: str) -> str:
    """Text in which only code between backquotes has a meaning."""
    parts = re.split(r"(``[^`]+``|`[^`]+`)", text)
    return "".join(
        f"``{part.strip('`')}``" if i % 2 else re.sub(r"([\\*_|`<>\[\]])", r"\\\1", part)
        for i, part in enumerate(parts)
    )
