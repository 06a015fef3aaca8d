"""Writes files while system calls fail: `python -m tests.storage.faults LIBRARY FOLDER`.

Run with LIBRARY (faults.c) preloaded. In a process of its own for each, every call that concerns
FOLDER fails once, fails and leaves the disk full, or ends the process; so for all that maskseq
writes. Prints, as JSON, for each kind of file the calls that were made to fail, with how often; an
AssertionError says what did not hold.
"""

import ctypes
import errno
import io
import json
import os
import re
import signal
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from maskseq import Input, Ragged, Sequential, callbacks, layers, plot
from tests.scoring.results import result_in

FAIL_ONCE, FAIL_EVER, KILL_BEFORE, KILL_AFTER = range(4)
FAULTS = [
    (FAIL_ONCE, errno.EIO),
    (FAIL_EVER, errno.ENOSPC),
    (KILL_BEFORE, 0),
    (KILL_AFTER, 0),
]
RESULT = Ragged(np.arange(30_000, dtype=np.float32).reshape(-1, 3), [0, 4000, 4001, 10_000])
LOGS = {"loss": 0.5, "accuracy": 0.25}
LEFT_BEHIND = re.compile(r"\.maskseq-[0-9a-f]{16}\.tmp")


def writers() -> dict[str, Callable[[Path], None]]:
    """What writes a file, by the file's name."""
    model = Sequential([Input((None, 3)), layers.LSTM(24), layers.Dense(2)])
    model.compile("adam", "mse")
    model.fit(np.ones((2, 2, 3), np.float32), np.ones((2, 2), np.float32), verbose=0)

    def logged(target: Path) -> None:
        logger = callbacks.CSVLogger(target)
        logger.on_train_begin()
        for epoch in range(2):
            logger.on_epoch_end(epoch, LOGS)

    def checkpoint(target: Path) -> None:
        keeper = callbacks.ModelCheckpoint(target, save_weights_only=True)
        keeper.set_model(model)
        keeper.on_epoch_end(0, LOGS)

    def backup(target: Path) -> None:
        keeper = callbacks.BackupAndRestore(target.parent)
        keeper.set_model(model)
        keeper.on_epoch_end(0, LOGS)

    results = {f"out{x}": lambda path: result_in(path, RESULT) for x in (".npy", ".npz", ".jsonl")}
    models = {"model.keras": model.save, "model.h5": model.save}
    ours = {"log.csv": logged, "model.weights.h5": checkpoint, "training.npz": backup}
    more = {"model.safetensors": model.save, "masks.svg": lambda path: plot.mask_flow(model, path)}
    return {**results, **models, **ours, **more}


def attempt(write, library, folder, target, mode, error, nth):
    """(the call that failed or "", "ended" | "raised" | "written") of a write in a child."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        library.fault_arm(str(folder).encode(), mode, error, nth)
        try:
            write(target)
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


def content(raw: bytes | None):
    """What is in a file, whenever it was written, and whether a zip could go back in it or not."""
    if not raw or not raw.startswith(b"PK"):
        return raw
    with zipfile.ZipFile(io.BytesIO(raw)) as file:
        return {name: file.read(name) for name in file.namelist() if name != "metadata.json"}


def try_all(write, library, folder, name, old):
    """Each fault at each call of a write over `old` (bytes, or None: there is no file yet)."""
    target, hits = folder / name, Counter()
    write(target)
    new = content(target.read_bytes())
    states = [old, new]
    if name == "log.csv":  # a file for each epoch
        states = [old, b"".join(new.splitlines(keepends=True)[:2]), new]
    for mode, error in FAULTS:
        for nth in range(1, 1000):
            target.unlink(missing_ok=True)
            if old is not None:
                target.write_bytes(old)
            call, how = attempt(write, library, folder, target, mode, error, nth)
            found = content(target.read_bytes() if target.exists() else None)
            others = [x.name for x in folder.iterdir() if x != target]
            assert found in states, f"{name}, {call}: {found}, neither old nor new"
            if how == "ended":
                assert len(others) <= 1 and all(map(LEFT_BEHIND.fullmatch, others)), others
                for other in others:
                    (folder / other).unlink()
            else:
                assert not others, (call, others)
                # The folder is written to the disk once the new file is in its place.
                after = how == "raised" and call in ("open64", "fsync", "close") and found == new
                assert after or found in ([new] if how == "written" else states[:-1]), (call, how)
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
    hits = {}
    for name, write in writers().items():
        for old in (b"old" * 5000, None):
            hits[f"{name} {'over' if old else 'new'}"] = try_all(write, library, folder, name, old)
    print(json.dumps(hits))


if __name__ == "__main__":
    main()
