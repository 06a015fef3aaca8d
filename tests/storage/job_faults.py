"""Runs whole jobs while system calls fail: `python -m tests.storage.job_faults LIBRARY FOLDER`.

As tests/storage/faults.py, for `maskseq predict`: its parts, what it says of itself, its result.
After each fault the result is the old one or the new one, and the same job, resumed, makes the new.
"""

import ctypes
import errno
import json
import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from maskseq import Input, Sequential, layers, set_num_threads
from maskseq.scoring import job, score
from tests.storage.faults import (
    FAIL_EVER,
    FAIL_ONCE,
    KILL_AFTER,
    KILL_BEFORE,
    LEFT_BEHIND,
    attempt,
)

# Over an old result every call fails; where there is none, fewer kinds show the same.
FAULTS = {
    b"old" * 100: [(FAIL_ONCE, errno.EIO), (FAIL_EVER, errno.ENOSPC), (KILL_AFTER, 0)],
    None: [(FAIL_EVER, errno.ENOSPC), (KILL_BEFORE, 0)],
}


def read(path):
    return path.read_bytes() if path.exists() else None


def clean(folder, target, old):
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if old is not None:
        target.write_bytes(old)


def try_all(write, resume, library, folder, target):
    """Each fault at each call of a job."""
    clean(folder, target, None)
    write(target)
    new, hits = read(target), Counter()
    for old, faults in FAULTS.items():
        for mode, error in faults:
            for nth in range(1, 1000):
                clean(folder, target, old)
                call, how = attempt(write, library, folder, target, mode, error, nth)
                hits[call] += 1
                assert read(target) in (old, new), (call, how)
                if how == "written":
                    assert read(target) == new and [*folder.iterdir()] == [target], call
                else:
                    resume(target)
                    left = [x for x in folder.iterdir() if not LEFT_BEHIND.fullmatch(x.name)]
                    assert read(target) == new and left == [target], (call, how, left)
                if not call:
                    break
    return hits


def main():
    library = ctypes.CDLL(sys.argv[1])
    library.fault_last.restype = ctypes.c_char_p
    folder = Path(sys.argv[2])
    data = folder.with_name("data.jsonl")
    rng, lengths = np.random.default_rng(0), (1, 3, 0, 2, 4, 1, 2)
    data.write_text("".join(f"{rng.normal(size=(n, 3)).tolist()}\n" for n in lengths))
    set_num_threads(1)
    job.PART_SEQUENCES = 3
    model = Sequential([Input((None, 3)), layers.LSTM(2)])
    write, resume = (
        lambda path, on=on: score(model, data, path, batch_steps=3, resume=on)
        for on in (False, True)
    )
    hits = try_all(write, resume, library, folder, folder / "out.jsonl")
    print(json.dumps(hits))


if __name__ == "__main__":
    main()
