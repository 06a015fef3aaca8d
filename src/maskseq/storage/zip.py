"""Reads members of a zip archive, in memory and within limits.

Nothing is extracted, and what a header claims is never trusted: a member is read up to the size
that it claims, if that is within the growth limit, and given only if its checksum is right. All
members that are read may together be `GROWTH` times as large as the archive, and `room` bytes more.
Source: PKWARE's APPNOTE, version 6.3.10.
"""

import io
import os
import stat
import zlib
from struct import Struct
from typing import BinaryIO, NamedTuple, TypeVar

from .memory import filled

GROWTH = 4
MAX_DIRECTORY = 1 << 20  # bytes of the list of members, for some 15,000 of them
STORED, DEFLATED = 0, 8
_CHUNK = 1 << 20  # bytes that are inflated at a time, at most

_END = Struct("<4s8xII2x")  # "PK\5\6"; size and start of the list of members
_END64 = Struct("<4s36xQQ")  # "PK\6\6"; the same
_LOCATOR64 = Struct("<4s4xQ4x")  # "PK\6\7"; where the record above is
_ENTRY = Struct("<4s4xHH4xIIIHHH4xII")
_LOCAL = Struct("<4s2xHH16xHH")
_LONGEST_END = _END.size + 0xFFFF  # with a comment
_SATURATED = 0xFFFFFFFF  # a size that stands in the extra field


Data = TypeVar("Data", bytes, memoryview)


class _Member(NamedTuple):
    flags: int
    method: int
    checksum: int
    packed: int  # bytes in the archive
    size: int  # bytes, once inflated
    start: int  # of its local header


def _encoding(flags: int, is_ascii: bool) -> str:
    """That of a member's name; Python reads the table of cp437 for the first name in it."""
    return "utf-8" if flags & 0x800 or is_ascii else "cp437"


class Zip:
    """An archive in an open file. Raises ValueError that says what is wrong with it.

    Arguments: room: bytes that may be read of a small archive.  Attributes: names: of its members,
        in order.
    """

    def __init__(self, file: BinaryIO, room: int) -> None:
        self._file = file
        file_size = file.seek(0, os.SEEK_END)
        self._room, self._limit = room, room + GROWTH * file_size
        self._left = self._limit
        self._start, size = self._directory(file_size)
        self._members = self._read_directory(size)

    @property
    def names(self) -> list[str]:
        return list(self._members)

    def read(self, name: str) -> bytes:
        """The bytes of one member."""
        member = self._find(name)
        stored = member.method == STORED
        return self._sound(
            self._file.read(member.packed) if stored else self._inflated(member, name), member, name
        )

    def view(self, name: str) -> memoryview:
        """The same, read-only, in memory that arrays may be views of."""
        member = self._find(name)
        if member.method == STORED and member.packed == member.size:
            return self._sound(filled(self._file, member.size), member, name)
        return memoryview(self._sound(self._inflated(member, name), member, name))

    def _find(self, name: str) -> _Member:
        """The member of that name, where the file then stands. Its size is counted as read."""
        member = self._members.get(name)
        if member is None:
            raise ValueError(f"no {name} in it; it has {self.names[:10]}")
        if member.flags & 1:
            raise ValueError(f"{name} is encrypted")
        if member.method not in (STORED, DEFLATED):
            raise ValueError(f"{name} is compressed with method {member.method}")
        if member.size > self._left:
            raise ValueError(
                f"{name} has {member.size} bytes, more than the {self._limit} that are read from "
                f"an archive of this size ({GROWTH} times its own and {self._room >> 20} MiB); "
                "save it without compression"
            )
        self._left -= member.size
        self._go_to(member, name)
        return member

    def _sound(self, data: Data, member: _Member, name: str) -> Data:
        if len(data) != member.size:
            raise ValueError(f"{name} has other than the {member.size} bytes it claims")
        if zlib.crc32(data) != member.checksum:
            raise ValueError(f"bad CRC-32 of {name}")
        return data

    def _take(self, layout: Struct, start: int) -> tuple:
        self._file.seek(start)
        raw = self._file.read(layout.size)
        if len(raw) < layout.size:
            raise ValueError("cut short")
        return layout.unpack(raw)

    def _directory(self, file_size: int) -> tuple[int, int]:
        """Where the list of members starts, and its size in bytes."""
        self._file.seek(max(0, file_size - _LONGEST_END))
        tail = self._file.read(_LONGEST_END)
        at = tail.rfind(b"PK\5\6")
        if at < 0 or len(tail) - at < _END.size:
            raise ValueError("not a zip archive, or cut short")
        _, size, start = _END.unpack_from(tail, at)
        end = file_size - len(tail) + at
        if end >= _LOCATOR64.size:
            signature, record = self._take(_LOCATOR64, end - _LOCATOR64.size)
            if signature == b"PK\6\7":
                if record > end - _LOCATOR64.size - _END64.size:
                    raise ValueError("damaged at its end")
                signature, size, start = self._take(_END64, record)
                if signature != b"PK\6\6":
                    raise ValueError("damaged at its end")
                end = record
        if size > MAX_DIRECTORY:
            raise ValueError(f"a list of members of {size} bytes, at most {MAX_DIRECTORY}")
        if start + size != end:
            raise ValueError(f"its list of members is not where it should be, at {start}")
        return start, size

    def _read_directory(self, size: int) -> dict[str, _Member]:
        self._file.seek(self._start)
        directory, at = self._file.read(size), 0
        members: dict[str, _Member] = {}
        while at < size:
            if size - at < _ENTRY.size:
                raise ValueError("its list of members is cut short")
            entry = _ENTRY.unpack_from(directory, at)
            signature, flags, method, checksum, packed, full, *lengths, attributes, start = entry
            if signature != b"PK\1\2":
                raise ValueError("its list of members is damaged")
            first = at + _ENTRY.size
            extra = first + lengths[0]
            at = first + sum(lengths)
            if at > size:
                raise ValueError("its list of members is cut short")
            name = directory[first:extra]
            name = name.decode(_encoding(flags, name.isascii()))
            _check_name(name, members)
            if stat.S_ISLNK(attributes >> 16):
                raise ValueError(f"a symbolic link, {name!r}")
            full, packed, start = _long(
                (full, packed, start), directory[extra : extra + lengths[1]]
            )
            members[name] = _Member(flags, method, checksum, packed, full, start)
        return members

    def _go_to(self, member: _Member, name: str) -> None:
        """Stand where the bytes of the member begin, all of which lie before the list."""
        if member.start > self._start:
            raise ValueError(f"{name} lies outside of the archive")
        signature, _, method, name_size, extra = self._take(_LOCAL, member.start)
        encoding = _encoding(member.flags, name.isascii())
        local = self._file.read(name_size)
        if signature != b"PK\3\4" or method != member.method or local != name.encode(encoding):
            raise ValueError(f"{name} is not where the list of members says")
        start = member.start + _LOCAL.size + name_size + extra
        if start > self._start or member.packed > self._start - start:
            raise ValueError(f"{name} lies outside of the archive")
        self._file.seek(start)

    def _inflated(self, member: _Member, name: str) -> bytes:
        packed, out = member.packed, io.BytesIO()
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            while not inflate.eof and out.tell() <= member.size:
                raw = inflate.unconsumed_tail
                if not raw:
                    raw = self._file.read(min(packed, _CHUNK))
                    packed -= len(raw)
                piece = inflate.decompress(raw, _CHUNK)
                out.write(piece)
                if not raw and not piece:
                    raise ValueError(f"{name} is cut short")
        except zlib.error as error:
            raise ValueError(f"{name} is damaged: {error}") from error
        return out.getvalue()


def _check_name(name: str, members: dict[str, _Member]) -> None:
    if name in members:
        raise ValueError(f"two members called {name!r}")
    if name.startswith("/") or ".." in name.split("/") or set(name) & {"\\", "\0"}:
        raise ValueError(f"a member whose name leaves the archive, {name!r}")


def _long(values: tuple[int, ...], extra: bytes) -> list[int]:
    """Sizes and place of a member; those that need 64 bits stand in its extra field."""
    found, fields, at = list(values), iter(()), 0
    if _SATURATED not in found:
        return found
    while at + 4 <= len(extra):
        kind, size = Struct("<HH").unpack_from(extra, at)
        if kind == 1:
            body = extra[at + 4 : at + 4 + size // 8 * 8]
            fields = iter(Struct(f"<{len(body) // 8}Q").unpack(body))
            break
        at += 4 + size
    return [next(fields, value) if value == _SATURATED else value for value in found]
