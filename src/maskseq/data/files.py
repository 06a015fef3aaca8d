"""Sequences from files, and results into files. Order is kept; nothing in a file is ever executed.

.npy          a padded array (batch, time, ...)
.npz          `values` and `offsets`; or `x`, padded, with `lengths` or `mask` or neither
.jsonl .json  one list a line, or one list of lists: ids, or a list of numbers for each step
"""

import json
import math
import os
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from .. import Ragged

# Whatever the readers of zip, NumPy and JSON files raise on damaged input.
_DAMAGE = (
    ValueError, TypeError, LookupError, ArithmeticError, SyntaxError, RuntimeError, MemoryError,
    EOFError, OSError, struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def read(path: Path) -> Ragged | np.ndarray:
    """The sequences in a file: Ragged, or the padded array where the file tells no lengths.

    Raises: ValueError that names the file, and what is wrong with it; OSError if it cannot be
        opened. A header that claims more than the file holds is refused before any array is made.
    """
    reader = _choose(path, READERS)
    with path.open("rb") as file:
        try:
            return reader(file)
        except _DAMAGE as error:
            raise ValueError(f"{path}: {error or type(error).__name__}") from error


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


def _read_npy(file: BinaryIO) -> np.ndarray:
    return _array(file, os.fstat(file.fileno()).st_size)


def _read_npz(file: BinaryIO) -> Ragged | np.ndarray:
    with zipfile.ZipFile(file) as archive:
        found = [name.removesuffix(".npy") for name in archive.namelist()]

        def array(name: str) -> np.ndarray:
            member = archive.getinfo(f"{name}.npy")
            with archive.open(member) as stream:
                return _array(stream, member.file_size)

        if "values" in found and "offsets" in found:
            return Ragged(array("values"), array("offsets"))
        if "x" not in found:
            raise ValueError(
                f"expected `x`, or `values` and `offsets`, got {', '.join(found[:10])}"
            )
        if "lengths" in found:
            return Ragged.from_padded(array("x"), lengths=array("lengths"))
        if "mask" in found:
            return Ragged.from_padded(array("x"), mask=array("mask"))
        return array("x")


def _array(stream: BinaryIO, size: int) -> np.ndarray:
    """The array in .npy form that the stream holds, in `size` bytes as it claims."""
    version = np.lib.format.read_magic(stream)
    if version not in _NPY_HEADERS:
        raise ValueError(f"version {version} of the .npy form, expected 1.0 or 2.0")
    shape, fortran_order, dtype = _NPY_HEADERS[version](stream)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, expected numbers")
    nbytes = math.prod(shape) * dtype.itemsize
    if not 0 <= nbytes <= size:
        raise ValueError(f"{dtype} of shape {shape} is more than it holds")
    values = stream.read(nbytes + 1)  # at the end of a zip's member this checks its CRC-32
    if len(values) != nbytes:
        raise ValueError(f"{dtype} of shape {shape} needs {nbytes} bytes, it holds others")
    return np.frombuffer(values, dtype).reshape(shape, order="F" if fortran_order else "C")


_NPY_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def _read_json(file: BinaryIO) -> Ragged:
    return _from_lists(json.load(file))


def _read_jsonl(file: BinaryIO) -> Ragged:
    rows = []
    for number, line in enumerate(file, 1):
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            raise ValueError(f"line {number} is not JSON: {error}") from error
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
