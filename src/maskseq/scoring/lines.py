"""The lines of a text file, or of standard input, many at a time."""

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from .block import of_file
from .standard import standard_input


def pieces(path: str, limit: int, skip: int = 0) -> Iterator[tuple[bytes, float | None]]:
    """Whole lines from number `skip` on, and the share of the file that is read by then, if known.

    path: .gz is unpacked; "-" is standard input.  limit: a piece has so many bytes, and what its
    last line has beyond; -1: all.
    Raises: ValueError naming a .gz that is damaged, or none.
    """
    raw, size = _opened(path)
    with raw:
        file: Any = _Unpacked(path, raw) if path.endswith(".gz") else raw
        for _ in range(skip):
            file.readline()
        while text := file.read(limit):
            if not text.endswith(b"\n"):
                text += file.readline()
            yield text, raw.tell() / size if size else None


class _Unpacked:
    """A .gz file. Arguments: path: for messages.  raw: the file as it is."""

    def __init__(self, path: str, raw: BinaryIO):
        self._path, self._file = path, gzip.GzipFile(fileobj=raw)

    def read(self, limit: int) -> bytes:
        with self._named():
            return self._file.read(limit)

    def readline(self) -> bytes:
        with self._named():
            return self._file.readline()

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            said = f"it is not packed by gzip, or is damaged: {error}"
            raise of_file(ValueError(said), self._path) from error


def _opened(path: str) -> tuple[BinaryIO, int]:
    """The file, and its bytes: 0 if nobody knows."""
    if path == "-":
        return os.fdopen(os.dup(standard_input().fileno()), "rb"), 0
    raw = open(path, "rb")
    return raw, os.fstat(raw.fileno()).st_size
