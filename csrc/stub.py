"""Writes the stubs, which editors and type checkers read in place of what they cannot.

usage: python csrc/stub.py [--check]   (--check writes nothing, and fails if a stub is stale)

`_kernels.pyi` gets the heads of the façade's functions and classes, with their type hints. Above
the line that names this file it is written by hand: its imports, and the constants. What has no
type hint for its result is left out. `layers/__init__.pyi` gets the names in
`layers/base/table.py`, and `ops/__init__.pyi` those in `ops/__init__.py`: they are imported lazily.
"""

import ast
import re
import runpy
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "src" / "maskseq"
STUB = PACKAGE / "_kernels.pyi"
BLOCK = re.compile(r"^(?:def|cdef class) .*(?:\n(?:[ \t)\]].*)?)*", re.M)
"""A function or a class: all lines up to the next that begins something else."""
HEAD = re.compile(r"(?: *@property\n)? *def \w+\((?:(?!:\n).)*? -> [^:]+:\n", re.S)
FIELDS = re.compile(r"^    cdef readonly (\w+) (.*)$", re.M)
TYPES = {"bint": "bool", "Py_ssize_t": "int"}
"""Types of C, as Python has them."""
MARK = "# from here on written by csrc/stub.py\n"


def stub_of_kernels(before: str) -> str:
    """The heads in the order in which _kernels.pyx includes their files, typed as Python does."""
    files = re.findall(r'^include "(.*)"$', STUB.with_suffix(".pyx").read_text(), re.M)
    text = "".join((STUB.parent / file).read_text() for file in files)
    heads = "".join(declared(block) for block in BLOCK.findall(text))
    return before.partition(MARK)[0] + MARK + heads


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


def stub_of_layers(before: str) -> str:
    """An import of each name in the table; other names of the same class as what they are."""
    table = runpy.run_path(str(PACKAGE / "layers" / "base" / "table.py"))
    lines = ['"""The layers, under Keras 3\'s names. Written by csrc/stub.py."""\n']
    files = {"Layer": "maskseq.layers.base.layer"} | table["FILES"]
    for name in sorted(files.keys() - table["ALIASES"], key=lambda name: (files[name], name)):
        line = f"from {files[name].removeprefix('maskseq.layers')} import {name} as {name}"
        head, _, tail = line.partition("import ")
        lines.append(line if len(line) <= 100 else f"{head}import (\n    {tail},\n)")
    lines.append("")
    lines += [f"{alias} = {name}" for alias, name in table["ALIASES"].items()]
    return "\n".join(lines) + "\n"


def stub_of_ops(before: str) -> str:
    """An import of each name in the table."""
    text = (PACKAGE / "ops" / "__init__.py").read_text()
    table = ast.literal_eval(re.search(r"^_NAMES = (\{.*?^\})", text, re.M | re.S)[1])
    lines = ['"""Operations, under the names of keras.ops. Written by csrc/stub.py."""\n']
    lines += ["from ..tensor import convert_to_tensor as convert_to_tensor"]
    lines += ["from ..tensor import get_keras_mask as get_keras_mask"]
    for module, names in sorted({**table, "operation": "OPERATIONS"}.items()):
        lines += [f"from .{module} import {name} as {name}" for name in names.split()]
    return "\n".join([*lines, "", "__all__: list[str]"]) + "\n"


STUBS = {
    STUB: stub_of_kernels,
    PACKAGE / "layers" / "__init__.pyi": stub_of_layers,
    PACKAGE / "ops" / "__init__.pyi": stub_of_ops,
}


def main() -> int:
    stale = 0
    for path, write in STUBS.items():
        before = path.read_text() if path.exists() else ""
        after = write(before)
        if after != before and sys.argv[1:] == ["--check"]:
            print(f"{path} is stale: run csrc/stub.py", file=sys.stderr)
            stale = 1
        elif after != before:
            path.write_text(after)
    return stale


if __name__ == "__main__":
    sys.exit(main())
