"""Files that make every structure of the formats large: few bytes that ask for much work.

usage: python -m tests.fuzz.bombs [-n PIECES] [NAME ...]

Reads each in a process of its own, prints size, CPU time and memory, and ends with status 1 if one
took more than 1 s and 20 ns a byte, or more than 64 MB and 8 bytes a byte.
"""

import io
import json
import os
import resource
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from maskseq import Sequential, callbacks, layers, load_model
from maskseq.callbacks.backup_and_restore import FILE
from maskseq.data import files as datafiles
from maskseq.importers import load_weights, read_weights
from maskseq.training import command
from tests.fuzz import (
    bombs_archive,
    bombs_config,
    bombs_data,
    bombs_hdf5,
    bombs_tables,
    bombs_torch,
    bombs_training,
)

PIECES = 100_000
SECONDS, SECONDS_A_BYTE = 1.0, 20e-9
BYTES, BYTES_A_BYTE = 64e6, 8
ARRAYS = "arrays.h5"  # the name of a file whose weights are read without a model
TENSORS = "arrays.pt"
OURS = {"layers", "inputs", "operations", "lists in lists", "keys", "long name", "blanks"}
"""Configs that are tried in our own format too, in the metadata of a safetensors file."""


class Cost(NamedTuple):
    outcome: str
    seconds: float
    megabytes: float


def bombs(pieces: int = PIECES) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """(name, suffix of the file, its bytes) of each."""
    for name, make in bombs_hdf5.BOMBS.items():
        yield f"hdf5 {name}", ".weights.h5", lambda make=make: make(pieces)
        yield f"arrays of hdf5 {name}", ARRAYS, lambda make=make: make(pieces)
        yield f"hdf5 {name} in a model", ".keras", lambda make=make: keras(weights=make(pieces))
    for kind, make in bombs_hdf5.ZEROS.items():
        config = bombs_config.dense(bombs_hdf5.units(pieces))
        yield f"zeros of {kind}", ".keras", lambda c=config, make=make: keras(c, make(pieces))
    for name, make in bombs_hdf5.LEGACY.items():
        yield f"legacy {name}", ".h5", lambda make=make: make(pieces)
        yield f"arrays of legacy {name}", ARRAYS, lambda make=make: make(pieces)
    for name, make in bombs_config.BOMBS.items():
        yield f"config {name}", ".keras", lambda make=make: keras(make(pieces))
        yield f"config {name} of a legacy file", ".h5", lambda make=make: legacy(make(pieces))
        if name in OURS:
            yield f"config {name} of ours", ".safetensors", lambda make=make: ours(make(pieces))
    for name, make in bombs_archive.ARCHIVES.items():
        yield f"archive {name}", ".keras", lambda make=make: make(pieces)
    for name, make in bombs_tables.TABLES.items():
        yield f"vocabulary {name}", ".keras", lambda make=make: make(pieces)
    for name, make in bombs_torch.SAFETENSORS.items():
        yield f"safetensors {name}", TENSORS, lambda make=make: make(pieces)
    for name, make in bombs_torch.TORCH.items():
        yield f"torch {name}", TENSORS, lambda make=make: make(pieces)
    for name, (suffix, make) in bombs_data.BOMBS.items():
        yield f"data {name}", suffix, lambda make=make: make(pieces)
    for name, (suffix, make) in bombs_training.BOMBS.items():
        yield f"training {name}", suffix, lambda make=make: make(pieces)


def keras(config: bytes | None = None, weights: bytes | None = None) -> bytes:
    """A `.keras` file, as small as zlib makes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.15.1"}')
        archive.writestr("config.json", config or json.dumps(bombs_config.DENSE))
        archive.writestr("model.weights.h5", weights or bombs_hdf5.dense())
    return buffer.getvalue()


def ours(config: bytes) -> bytes:
    """A file of maskseq's own format."""
    about = {"format": "maskseq", "format_version": "1", "keras_version": "3.15.1"}
    return bombs_torch.with_header({"__metadata__": about | {"config": config.decode("latin-1")}})


def legacy(config: bytes) -> bytes:
    return bombs_hdf5.legacy(config)


def read(path: Path) -> str:
    """Reads a file in all the ways there are for it; how it went."""
    try:
        if path.name.startswith("arrays"):
            return f"read {len(read_weights(path))} arrays"
        if path.suffix in (".keras", ".safetensors") or path.name == "bomb.h5":
            model = load_model(path)
            model.summary(print_fn=str)
            model.compiled  # noqa: B018 - which compiles it as the file says
        elif path.name == "bomb.train.json":
            command.read_config(path)
        elif path.name == "bomb.labels.npz":
            datafiles.read_labels(path)
        elif path.name == "bomb.backup.npz":
            restored(path)
        elif path.suffix == ".h5":
            load_weights(Sequential([layers.Input((2,)), layers.Dense(1, name="dense")]), path)
        else:
            datafiles.read(path)
    except ValueError as error:
        return f"refused: {str(error).partition(': ')[2]}"
    return "read"


def restored(path: Path) -> None:
    """A training that goes on with a backup, which has a name of its own."""
    backup = callbacks.BackupAndRestore(path.parent)
    (path.parent / FILE).unlink(missing_ok=True)
    (path.parent / FILE).hardlink_to(path)
    model = Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile("adam", "mse")
    backup.set_model(model)
    backup.on_train_begin()


def cost(path: Path) -> Cost:
    """What `read` costs, in a child."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            before = resource.getrusage(resource.RUSAGE_SELF)
            start = time.process_time()
            said = read(path)
            seconds = time.process_time() - start
        except BaseException as error:
            said, seconds = f"FAILED: {type(error).__name__}: {error}", time.process_time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before.ru_maxrss
        os.write(into, json.dumps([said[:120], seconds, peak * 1024 / 1e6]).encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        raw = pipe.read()
    _, status = os.waitpid(child, 0)
    return Cost(*json.loads(raw)) if raw else Cost(f"FAILED: status {status}", 0, 0)


def too_much(found: Cost, size: int) -> bool:
    return (
        found.outcome.startswith("FAILED")
        or found.seconds > SECONDS + SECONDS_A_BYTE * size
        or found.megabytes * 1e6 > BYTES + BYTES_A_BYTE * size
    )


def warm(folder: Path) -> None:
    """Imports and caches are no part of what a file costs."""
    config = json.dumps({"model": bombs_config.DENSE, **bombs_training.COMPILED}).encode()
    trained = bombs_training.with_state(bombs_hdf5.dense())
    files = [(".keras", keras()), (".keras", trained), (".h5", bombs_hdf5.legacy(None))]
    for suffix, raw in (*files, (".json", b"[[1]]"), (".train.json", config)):
        path = folder / f"bomb{suffix}"
        path.write_bytes(raw)
        said = read(path)
        assert said == "read", (suffix, said)


def main(wanted: list[str]) -> int:
    pieces = int(wanted[1]) if wanted[:1] == ["-n"] else PIECES
    wanted = wanted[2:] if wanted[:1] == ["-n"] else wanted
    warnings.simplefilter("ignore")
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        warm(folder)
        for name, suffix, make in bombs(pieces):
            if wanted and not any(word in name for word in wanted):
                continue
            raw = make()
            path = folder / (suffix if suffix in (ARRAYS, TENSORS) else f"bomb{suffix}")
            path.write_bytes(raw)
            found = cost(path)
            if too_much(found, len(raw)):  # busy neighbours take of its caches: once more
                found = cost(path)
            bad = too_much(found, len(raw))
            failures += bad
            print(
                f"{'FAIL' if bad else 'ok  '} {name:40} {len(raw):9} bytes {found.seconds:6.2f} s "
                f"{found.megabytes:6.0f} MB  {found.outcome}",
                flush=True,
            )
            path.unlink()
    print(f"{failures} of them cost too much")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
