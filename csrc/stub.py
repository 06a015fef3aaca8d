"""Copies the heads of the façade's functions, with their type hints, to _kernels.pyi.

usage: python csrc/stub.py [--check]   (--check writes nothing, and fails if the stub is stale)

A type checker reads the stub, Cython the façade. Above the line that names this file, the stub is
written by hand: classes, constants, and functions whose result has no type hint.
"""

import re
import sys
from pathlib import Path

STUB = Path(__file__).parents[1] / "src" / "maskseq" / "_kernels.pyi"
HEAD = re.compile(r"^def \w+\((?:(?!:\n).)*? -> [^:]+:\n", re.M | re.S)
MARK = "# from here on written by csrc/stub.py\n"


def stub() -> str:
    """The heads in the order in which _kernels.pyx includes their files, typed as Python does."""
    files = re.findall(r'^include "(.*)"$', STUB.with_suffix(".pyx").read_text(), re.M)
    heads = HEAD.findall("".join((STUB.parent / file).read_text() for file in files))
    text = "".join(head.replace(":\n", ": ...\n") for head in heads)
    return re.sub(r"\b(\w+) (\w+) not None\b", r"\2: \1", text)


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
