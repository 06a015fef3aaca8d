"""Reads the members of a `.keras` zip archive, in memory and within limits.

Nothing is extracted. What a header claims is never trusted: reading stops at the limit whatever
size is declared, and a member is returned only if its checksum is right.
"""

import os
import stat
import struct
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import BinaryIO, NamedTuple

from ..errors import FormatError

MIB = 1 << 20
_MAX_TEXT = 64 * MIB  # config.json, metadata.json
_MAX_DIRECTORY = 8 * MIB  # 1e5 members of ~80 bytes; Keras writes three, and one for each asset
_MAX_GROWTH = 4  # inflated weights to archive; trained weights hardly shrink, Keras stores them
_WEIGHTS = "model.weights.h5"

# Whatever zipfile and zlib raise on damaged input.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OverflowError,
    RuntimeError, ValueError, OSError,
)  # fmt: skip


class Archive(NamedTuple):
    """The members of a `.keras` file that describe a model."""

    metadata: bytes
    config: bytes
    weights: bytes


def read_archive(path: str | os.PathLike) -> Archive:
    """Read a `.keras` file. Raises FormatError unless it is a sound archive of a Keras model."""
    name = os.fspath(path)
    with open(name, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        try:
            _check_directory(file, name)
            with zipfile.ZipFile(file) as archive:
                members = _members(archive, name)
                return Archive(
                    _read(archive, members, "metadata.json", _MAX_TEXT, name),
                    _read(archive, members, "config.json", _MAX_TEXT, name),
                    _read(archive, members, _WEIGHTS, max(64 * MIB, _MAX_GROWTH * size), name),
                )
        except FormatError:
            raise
        except _DAMAGE as error:
            raise FormatError(name, f"not a readable zip archive: {error}") from error


def _check_directory(file: BinaryIO, name: str) -> None:
    """Refuse a huge list of members before zipfile makes an object of each."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - 0x10000 - 22))  # the end record: 22 bytes and a comment
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < 22:
        raise FormatError(name, "not a zip archive, or cut short")
    (size,) = struct.unpack_from("<I", tail, at + 12)
    if size > _MAX_DIRECTORY:
        raise FormatError(name, f"a list of members of {size} bytes, at most {_MAX_DIRECTORY}")


def _members(archive: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        member = info.orig_filename
        if member in members:
            raise FormatError(name, f"two members called {member!r}")
        path = PurePosixPath(member)
        if path.is_absolute() or ".." in path.parts or set(member) & {"\\", "\0"}:
            raise FormatError(name, f"a member whose name leaves the archive, {member!r}")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise FormatError(name, f"a symbolic link, {member!r}")
        members[member] = info
    return members


def _read(
    archive: zipfile.ZipFile,
    members: dict[str, zipfile.ZipInfo],
    member: str,
    limit: int,
    name: str,
) -> bytes:
    info = members.get(member)
    if info is None:
        raise FormatError(name, f"no {member} in it; it has {sorted(members)[:10]}")
    if info.flag_bits & 1:
        raise FormatError(name, f"{member} is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FormatError(name, f"{member} is compressed with method {info.compress_type}")
    with archive.open(info) as stream:
        data = stream.read(limit + 1)  # at the end of the member this checks its CRC-32
    if len(data) > limit:
        raise FormatError(name, f"{member} has more than {limit} bytes")
    return data
