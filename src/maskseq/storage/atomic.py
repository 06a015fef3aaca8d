"""Writes a file whole or not at all.

The bytes go into a new file in the same folder, onto the disk, and then under the target's name. So
whatever happens meanwhile (a full disk, an error, the end of the process or of the power), the
target is the old file or the new one, and of several writers the last one's answer stands. A
process that is killed may leave its temporary file behind, `.maskseq-<16 hex digits>.tmp`.

Where the target is a link, the file that it leads to is replaced. The new file has the mode of the
old one, and its owner where the system allows it; extended attributes and other hard links are not
kept.
"""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# O_EXCL: the file is new, and no link is followed. The others are not on every system.
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_NEW |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_FOLDER = getattr(os, "O_DIRECTORY", None)  # None: folders cannot be opened, as on Windows


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """A file to write into, which becomes `path` at the end of the `with`.

    After an exception `path` is as it was and the temporary file is gone. If only the folder could
    not be written to the disk, which is an OSError too, `path` is already the new file.
    Raises: as `check`; OSError.
    """
    target, before = _target(path)
    temporary = target.with_name(f".maskseq-{secrets.token_hex(8)}.tmp")
    try:
        descriptor = os.open(temporary, _NEW, 0o666 if before is None else 0o600)
    except OSError as error:  # which names the temporary file
        raise _error(error.errno or errno.EIO, path) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            if before is not None:
                _take_over(descriptor, before)
            yield file
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync(target.parent)


def check(path: str | os.PathLike) -> None:
    """Raises the OSError that says why `path` cannot be written, as far as is known beforehand."""
    target, _ = _target(path)
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise _error(errno.EACCES, path)


def _target(path: str | os.PathLike) -> tuple[Path, os.stat_result | None]:
    """The file that `path` leads to, and what is known of it; None where there is none yet."""
    target = Path(os.path.realpath(path))
    try:
        before = os.stat(target)
    except FileNotFoundError:
        if not target.parent.is_dir():
            raise FileNotFoundError(f"{path}: the folder does not exist") from None
        return target, None
    if stat.S_ISDIR(before.st_mode):
        raise _error(errno.EISDIR, path)
    if not stat.S_ISREG(before.st_mode):
        raise OSError(f"{path}: it is a device, pipe or socket, expected a file")
    if not os.access(target, os.W_OK):
        raise _error(errno.EACCES, path)
    return target, before


def _take_over(descriptor: int, before: os.stat_result) -> None:
    """Give the new file the owner and the mode of the old one, before anything is in it."""
    if not hasattr(os, "fchmod"):
        return
    for owner in (before.st_uid, -1):  # if not ours to give away, the group may be
        with contextlib.suppress(OSError):
            os.fchown(descriptor, owner, before.st_gid)
            break
    mode = stat.S_IMODE(before.st_mode) & 0o777
    if os.fstat(descriptor).st_gid != before.st_gid:
        mode &= ~0o070  # what another group was allowed is not for this one
    os.fchmod(descriptor, mode)


def _sync(folder: Path) -> None:
    """Have the new name on the disk, where the system can do that."""
    if _FOLDER is None:
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | _FOLDER)
    except PermissionError:  # a folder may be writable and not readable
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # not on this file system
            raise
    finally:
        os.close(descriptor)


def _error(number: int, path: str | os.PathLike) -> OSError:
    return OSError(number, os.strerror(number), os.fspath(path))
