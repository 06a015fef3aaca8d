"""Copies the heads of the façade's functions and classes, with their type hints, to _kernels.pyi.

usage: python csrc/stub.py [--check]   (--check writes nothing, and fails if the stub is stale)

A type checker reads the stub, Cython the façade. Above the line that names this file, the stub is
written by hand: its imports, and the constants. What has no type hint for its result is left out.
"""

import re
import sys
from pathlib import Path

STUB = Path(__file__).parents[1] / "src" / "maskseq" / "_kernels.pyi"
BLOCK = re.compile(r"^(?:def|cdef class) .*(?:\n(?:[ \t)\]].*)?)*", re.M)
"""A function or a class: all lines up to the next that begins something else."""
HEAD = re.compile(r"(?: *@property\n)? *def \w+\((?:(?!:\n).)*? -> [^:]+:\n", re.S)
FIELDS = re.compile(r"^    cdef readonly (\w+) (.*)$", re.M)
TYPES = {"bint": "bool", "Py_ssize_t": "int"}
"""Types of C, as Python has them."""
MARK = "# from here on written by csrc/stub.py\n"


def stub() -> str:
    """The heads in the order in which _kernels.pyx includes their files, typed as Python does."""
    files = re.findall(r'^include "(.*)"$', STUB.with_suffix(".pyx").read_text(), re.M)
    text = "".join((STUB.parent / file).read_text() for file in files)
    return "".join(declared(block) for block in BLOCK.findall(text))


def declared(block: str) -> str:
    """A function or class of the façade in Python's words; nothing if it has no type hints."""
    function = HEAD.match(block)
    if function:
        return in_python(function[0])
    heads = HEAD.findall(block)
    if not block.startswith("cdef class") or not heads:
        return ""
    name = re.findall(r"\w+", block)[2]
    fields = [
        f"    {field}: {TYPES.get(kind, kind)}\n"
        for kind, names in FIELDS.findall(block)
        for field in names.split(", ")
    ]
    return "".join([f"\nclass {name}:\n", *fields, *map(in_python, heads), "\n"])


def in_python(head: str) -> str:
    """The head of a function, with types of C as type hints."""
    head = head.replace("__cinit__", "__init__").replace(":\n", ": ...\n")
    head = re.sub(r"\b(\w+) (\w+) not None\b", r"\2: \1", head)
    return re.sub(
        rf"\b({'|'.join(TYPES)}) (\w+)", lambda found: f"{found[2]}: {TYPES[found[1]]}", head
    )


def main() -> int:
    before = STUB.read_text()
    after = before.partition(MARK)[0] + MARK + stub()
    if sys.argv[1:] == ["--check"]:
        if after != before:
            print(f"{STUB.name} is stale: run csrc/stub.py", file=sys.stderr)
        return int(after != before)
    if after != before:
        STUB.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
