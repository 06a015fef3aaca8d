"""Where the bytes of a model are: in a file of a path, or in an open one."""

import io
import os
from typing import Any, BinaryIO

from .memory import filled


class Source:
    """A file by its path, or the bytes of an open one.  Attributes: name: for errors."""

    def __init__(self, name: str, content: bytes | None = None):
        self.name, self._content = name, content

    @classmethod
    def of(cls, given: "Given") -> "Source":
        """The source that a path or a file opened in binary mode is, which is read to its end.

        Raises: TypeError for anything else.
        """
        if isinstance(given, Source):
            return given
        read: Any = getattr(given, "read", None)
        if read is None:
            path: Any = given
            return cls(os.fspath(path))
        content = read()
        if not isinstance(content, (bytes, bytearray, memoryview)):
            raise TypeError("a model is read from a file opened in binary mode, 'rb'")
        name = getattr(given, "name", None)
        return cls(name if isinstance(name, str) else "the file", bytes(content))

    @property
    def is_folder(self) -> bool:
        return self._content is None and os.path.isdir(self.name)

    @property
    def size(self) -> int:
        """Bytes."""
        return os.path.getsize(self.name) if self._content is None else len(self._content)

    def open(self) -> BinaryIO:
        return open(self.name, "rb") if self._content is None else io.BytesIO(self._content)

    def read(self) -> bytes:
        if self._content is not None:
            return self._content
        with self.open() as file:
            return file.read()

    def view(self) -> memoryview:
        """The bytes, read-only, in memory that arrays may be views of."""
        if self._content is not None:
            return memoryview(self._content)
        with self.open() as file:
            return filled(file, self.size)

    def mapped(self) -> memoryview:
        """The bytes, mapped if they are in a file: it stays so until no view of them is left."""
        if self._content is not None or not self.size:
            return memoryview(self.read())
        import mmap  # opens a library of its own

        with self.open() as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def start(self, count: int) -> bytes:
        """The first bytes."""
        with self.open() as file:
            return file.read(count)


Given = str | os.PathLike | BinaryIO | Source
