"""Sequences from files, and results into files. Order is kept; nothing in a file is ever executed.

.npy          a padded array (batch, time, ...)
.npz          `values` and `offsets`; or `x`, padded, with `lengths` or `mask` or neither
.jsonl .json  one list a line, or one list of lists: ids, or a list of numbers for each step
"""

import json
import zipfile
from pathlib import Path

import numpy as np

from . import Ragged


def read(path: Path) -> Ragged | np.ndarray:
    """The sequences in a file: Ragged, or the padded array where the file tells no lengths.

    Raises: ValueError that names the file, and what is wrong with it; OSError.
    """
    reader = _choose(path, READERS)
    try:
        return reader(path)
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: {error}") from error


def write(path: Path, result: Ragged | np.ndarray) -> None:
    """Writes what `read` would give back; .npy pads a Ragged with zeros. No file is left half done.

    Raises: as `check_target`; OSError.
    """
    check_target(path)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            WRITERS[path.suffix](file, result)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def check_target(path: Path) -> None:
    """Raises what `write` would for such a path, ValueError or OSError: before the work."""
    _choose(path, WRITERS)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: the folder does not exist")


def _choose(path: Path, table: dict):
    if path.suffix not in table:
        raise ValueError(f"{path}: expected a file ending in {' '.join(table)}")
    return table[path.suffix]


def _read_npy(path: Path) -> np.ndarray:
    with path.open("rb") as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _read_npz(path: Path) -> Ragged | np.ndarray:
    with np.load(path, allow_pickle=False) as file:
        if "values" in file and "offsets" in file:
            return Ragged(file["values"], file["offsets"])
        if "x" not in file:
            found = ", ".join(file.files)
            raise ValueError(f"expected `x`, or `values` and `offsets`, got {found}")
        if "lengths" in file:
            return Ragged.from_padded(file["x"], lengths=file["lengths"])
        if "mask" in file:
            return Ragged.from_padded(file["x"], mask=file["mask"])
        return file["x"]


def _read_json(path: Path) -> Ragged:
    return _from_lists(json.loads(path.read_text("utf-8")))


def _read_jsonl(path: Path) -> Ragged:
    rows = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise ValueError(f"line {number} is not JSON: {error.msg}") from error
    return _from_lists(rows)


def _from_lists(rows: object) -> Ragged:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ValueError("expected a list for each sequence")
    return Ragged.from_list(rows)


def _write_npy(file, result: Ragged | np.ndarray) -> None:
    np.save(file, result.to_padded() if isinstance(result, Ragged) else result)


def _write_npz(file, result: Ragged | np.ndarray) -> None:
    if isinstance(result, Ragged):
        np.savez(file, values=result.values, offsets=result.offsets)
    else:
        np.savez(file, x=result)


def _write_jsonl(file, result: Ragged | np.ndarray) -> None:
    for row in result:
        shortest = row.astype(str).astype(float)  # 0.1 is written 0.1, not 0.10000000149011612
        file.write(json.dumps(shortest.tolist()).encode() + b"\n")


READERS = {".npy": _read_npy, ".npz": _read_npz, ".json": _read_json, ".jsonl": _read_jsonl}
WRITERS = {".npy": _write_npy, ".npz": _write_npz, ".jsonl": _write_jsonl}
