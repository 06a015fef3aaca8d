"""The lines of a text file, or of standard input, many at a time."""

import gzip
import os
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO


def pieces(path: str, limit: int, skip: int = 0) -> Iterator[tuple[bytes, float | None]]:
    """Whole lines from number `skip` on, and the share of the file that is read by then, if known.

    path: .gz is unpacked; "-" is standard input.  limit: a piece has so many bytes, and what its
    last line has beyond; -1: all.
    """
    raw, size = _opened(path)
    with raw:
        file: Any = gzip.GzipFile(fileobj=raw) if path.endswith(".gz") else raw
        for _ in range(skip):
            file.readline()
        while text := file.read(limit):
            if not text.endswith(b"\n"):
                text += file.readline()
            yield text, raw.tell() / size if size else None


def _opened(path: str) -> tuple[BinaryIO, int]:
    """The file, and its bytes: 0 if nobody knows."""
    if path == "-":
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb"), 0
    raw = open(path, "rb")
    return raw, os.fstat(raw.fileno()).st_size
