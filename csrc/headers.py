"""Copies what maskseq.h and maskseq_training.h declare to the files that repeat it.

Those are for C and for Cython.

usage: python csrc/headers.py [--check]   (--check writes nothing, and fails if a file is stale)

Only the parts of a file between two comments that say so are written.
"""

import re
import sys
from keyword import iskeyword
from pathlib import Path

ROOT = Path(__file__).parents[1]
INCLUDE = ROOT / "src" / "maskseq" / "include"
FILES = [
    INCLUDE / "maskseq_api.h",
    INCLUDE / "maskseq_capi.h",
    INCLUDE.parent / "__init__.pxd",
    ROOT / "csrc" / "api.c",
]
COMMENT = re.compile(r"/\*.*?\*/", re.S)
STATEMENT = re.compile(
    r"""
      (?P<comment> /\*.*?\*/ )
    | ^ (?P<kind> enum | typedef\ struct ) (?P<tag> [ ]\w+ )? \ \{ (?P<body> .*? ) \} [ \w]* ;
    | ^ typedef\ struct\ \w+ (?P<opaque> [ ]\w+ ) ;
    | ^ (?P<result> \w [\w ]* [ *] ) msq_(?P<name> \w+ ) \( (?P<arguments> [^;]* ) \) ;
    """,
    re.X | re.M | re.S,
)
PART = re.compile(
    r"(\w+): written by csrc/headers.py[^\n]*\n(.*?)^[^\n]*end of what is written", re.M | re.S
)


def wrapped(head: str, arguments: str, tail: str) -> str:
    """head(arguments)tail in lines of at most 100 characters, as clang-format breaks them."""
    lines = [f"{head}("]
    for word in re.split(r"(?<=,)\s+", f"{arguments}){tail}"):
        space = "" if lines == [f"{head}("] else " "
        if space and len(lines[-1] + space + word) > 100:
            lines.append(" " * (len(head) + 1))
            space = ""
        lines[-1] += space + word
    return "\n".join(lines) + "\n"


def cython(arguments: str) -> str:
    """Arguments in Cython: `float* x`, another name for a keyword, callbacks without the GIL."""
    if arguments == "void":
        return ""
    text = re.sub(r" (\*+)(?=\w)", r"\1 ", arguments).replace("(void)", "() noexcept nogil")
    return re.sub(r"\w+(?=,|$)", lambda name: name[0] + "_" * iskeyword(name[0]), text)


def fields(body: str) -> str:
    """The fields of a struct, one a line; `int x; /* 1: what it means ...` is a bint."""
    text = ""
    for field in COMMENT.sub("", re.sub(r"\bint(?= \w+;\s*/\* 1:)", "bint", body)).split(";")[:-1]:
        kind, names = re.fullmatch(r"(.*?) (\**\w+(?:,.*)?)", field.strip(), re.S).groups()
        for stars, name in re.findall(r"(\**)(\w+)", names):
            text += f"        {kind}{stars} {name}\n"
    return text


def parts(header: str) -> dict[str, str]:
    """The text of each part. The members of the table are in the order of the versions, and in a
    version in that of the header."""
    table: dict[tuple[int, int], list[tuple[str, str]]] = {}
    declarations, comment, in_table = "", "", True
    for found in STATEMENT.finditer(header):
        kind, tag, name = found["kind"], found["tag"] or "", found["name"]
        if found["comment"]:
            comment = found["comment"]
            if comment.startswith("/* --- "):
                in_table = "left out of the table" not in comment
                declarations += "\n"
        elif kind == "enum":
            constants = re.findall(r"\bMSQ_\w+", COMMENT.sub("", found["body"]))
            declarations += f"    enum{tag}:\n" + "".join(f"        {c}\n" for c in constants)
        elif kind:
            declarations += f"    ctypedef struct{tag}:\n{fields(found['body'])}"
        elif found["opaque"]:
            declarations += f"    ctypedef struct{found['opaque']}:\n        pass\n"
        else:
            arguments = " ".join(found["arguments"].split())
            result = "bint " if comment.startswith("/* 1 if ") else found["result"]
            result = result.replace(" *", "* ")
            declarations += wrapped(f"    {result}msq_{name}", cython(arguments), "")
            if in_table:
                since = re.search(r"\bSince[\s*]+(\d+)\.(\d+)\. \*/", comment)
                version = (int(since[1]), int(since[2])) if since else (1, 0)
                member = wrapped(f"    {found['result']}(*{name})", arguments, ";")
                table.setdefault(version, []).append((name, member))
    names = [name for version in sorted(table) for name, _ in table[version]]
    major, minor = max(table)
    return {
        "version": f"enum {{ MSQ_ABI_MAJOR = {major}, MSQ_ABI_MINOR = {minor} }};\n",
        "members": "\n".join(
            f"    /* version {major}.{minor} */\n" + "".join(member for _, member in members)
            for (major, minor), members in sorted(table.items())
        ),
        "names": "".join(f"#define msq_{name} (maskseq_api->{name})\n" for name in names),
        "values": "".join(f"    .{name} = msq_{name},\n" for name in names),
        "declarations": declarations,
    }


def declared() -> str:
    """The text of the headers that declare functions."""
    return "".join((INCLUDE / name).read_text() for name in ("maskseq.h", "maskseq_training.h"))


def main() -> int:
    check = sys.argv[1:] == ["--check"]
    text_of = parts(declared())
    stale = False
    for file in FILES:
        before = file.read_text()
        after = PART.sub(lambda part: part[0].replace(part[2], text_of[part[1]]), before)
        if check and after != before:
            print(f"{file.relative_to(ROOT)} is stale: run csrc/headers.py", file=sys.stderr)
            stale = True
        elif after != before:
            file.write_text(after)
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
