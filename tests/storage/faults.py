"""Writes a file while system calls fail: `python -m tests.storage.faults LIBRARY FOLDER`.

Run with LIBRARY (faults.c) preloaded. In a process of its own for each, every call that concerns
FOLDER fails once, fails and leaves the disk full, or ends the process. Prints, as JSON, the calls
that were made to fail, with how often; an AssertionError says what did not hold.
"""

import ctypes
import errno
import io
import json
import os
import re
import signal
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from maskseq import Ragged
from maskseq.data import files

FAIL_ONCE, FAIL_EVER, KILL_BEFORE, KILL_AFTER = range(4)
FAULTS = [
    (FAIL_ONCE, errno.EIO),
    (FAIL_EVER, errno.ENOSPC),
    (KILL_BEFORE, 0),
    (KILL_AFTER, 0),
]
RESULT = Ragged(np.arange(30_000, dtype=np.float32).reshape(-1, 3), [0, 4000, 4001, 10_000])
LEFT_BEHIND = re.compile(r"\.maskseq-[0-9a-f]{16}\.tmp")


def attempt(library, folder, target, mode, error, nth):
    """(the call that failed or "", "ended" | "raised" | "written") of a write in a child."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        library.fault_arm(str(folder).encode(), mode, error, nth)
        try:
            files.write(target, RESULT)
        except OSError:
            said = b"raised"
        else:
            said = b"written"
        os.write(into, said + b" " + library.fault_last())
        os._exit(0)
    os.close(into)
    _, status = os.waitpid(child, 0)
    with os.fdopen(out, "rb") as pipe:
        how, _, call = pipe.read().decode().partition(" ")
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return "?", "ended"
    assert os.waitstatus_to_exitcode(status) == 0, "the child failed otherwise"
    return call, how


def arrays(npz):
    """The names and values in the bytes of an .npz file."""
    with np.load(io.BytesIO(npz)) as file:
        return {name: file[name].tolist() for name in file}


def try_all(library, folder, name, old):
    """Each fault at each call of a write over `old` (bytes, or None: there is no file yet)."""
    target, hits = folder / name, Counter()
    files.write(target, RESULT)
    new = target.read_bytes()
    for mode, error in FAULTS:
        for nth in range(1, 1000):
            target.unlink(missing_ok=True)
            if old is not None:
                target.write_bytes(old)
            call, how = attempt(library, folder, target, mode, error, nth)
            found = target.read_bytes() if target.exists() else None
            if call == "lseek64" and found not in (old, new) and arrays(found) == arrays(new):
                found = new  # a zip as for a pipe, with sizes after the members: whole, other bytes
            others = [x.name for x in folder.iterdir() if x != target]
            assert found in (old, new), f"{call}: {found and len(found)} bytes, neither old nor new"
            if how == "ended":
                assert len(others) <= 1 and all(map(LEFT_BEHIND.fullmatch, others)), others
                for other in others:
                    (folder / other).unlink()
            else:
                assert not others, (call, others)
                # The folder is written to the disk once the new file is in its place.
                after = how == "raised" and call in ("open64", "fsync", "close") and found == new
                assert after or found == (new if how == "written" else old), (call, how)
            hits[call] += 1
            if not call:
                assert how == "written" and nth > 5, (mode, nth)
                break
    target.unlink()
    return hits


def main():
    library = ctypes.CDLL(sys.argv[1])
    library.fault_last.restype = ctypes.c_char_p
    folder = Path(sys.argv[2])
    hits = Counter()
    for suffix in files.WRITERS:
        for old in (b"old" * 5000, None):
            hits += try_all(library, folder, f"out{suffix}", old)
    print(json.dumps(hits))


if __name__ == "__main__":
    main()
