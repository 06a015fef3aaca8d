"""Sequences from files, and results into files. Order is kept; nothing in a file is ever executed.

.npy          a padded array (batch, time, ...)
.npz          `values` and `offsets`; or `x`, padded, with `lengths` or `mask` or neither
.jsonl .json  one list a line, or one list of lists: ids, or a list of numbers for each step
"""

import json
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np

from .. import Ragged
from ..storage import atomic, npy
from ..storage.text import printable
from ..storage.zip import Zip
from . import json_lists

_ROOM = 24 << 20  # bytes of arrays in a small .npz; they may be in memory twice


def read(path: Path) -> Ragged | np.ndarray:
    """The sequences in a file: Ragged, or the padded array where the file tells no lengths.

    Raises: ValueError that names the file, and what is wrong with it; OSError if it cannot be
        opened. Time and memory are bounded by the size of the file: a header that claims more than
        the file holds is refused, and so is a .npz that grows beyond the limits of storage.zip.
    """
    reader = _choose(path, READERS)
    with path.open("rb") as file:
        try:
            return reader(file)
        except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
            said = printable(error) or type(error).__name__
            raise ValueError(f"{printable(path)}: {said}") from error


def read_labels(path: Path) -> np.ndarray:
    """The array `labels` of a .npz. Raises: ValueError naming the file, if there is none."""
    if path.suffix != ".npz":
        raise ValueError(
            f"{printable(path)}: labels are `labels` in a .npz, or a file of their own"
        )
    with path.open("rb") as file:
        try:
            return npy.from_bytes(Zip(file, _ROOM).read("labels.npy"))
        except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
            raise ValueError(f"{printable(path)}: {printable(error)}") from error


def write(path: Path, result: Ragged | np.ndarray) -> None:
    """Writes what `read` would give back; .npy pads a Ragged with zeros, .jsonl has null for NaN
    and infinity. The file is written whole or not at all: see storage.atomic.

    Raises: as `check_target`; OSError.
    """
    writer = _choose(path, WRITERS)
    with atomic.replacing(path) as file:
        writer(file, result)


def check_target(path: Path) -> None:
    """Raises what `write` would for such a path, ValueError or OSError: before the work."""
    _choose(path, WRITERS)
    atomic.check(path)


def _choose(path: Path, table: dict):
    if path.suffix not in table:
        raise ValueError(f"{path}: expected a file ending in {' '.join(table)}")
    return table[path.suffix]


def _read_npy(file: BinaryIO) -> np.ndarray:
    return npy.from_bytes(file.read())


def _read_npz(file: BinaryIO) -> Ragged | np.ndarray:
    archive = Zip(file, _ROOM)
    found = [name.removesuffix(".npy") for name in archive.names]

    def array(name: str) -> np.ndarray:
        return npy.from_bytes(archive.read(f"{name}.npy"))

    if "values" in found and "offsets" in found:
        return Ragged(array("values"), array("offsets"))
    if "x" not in found:
        raise ValueError(f"expected `x`, or `values` and `offsets`, got {', '.join(found[:10])}")
    if "lengths" in found:
        return Ragged.from_padded(array("x"), lengths=array("lengths"))
    if "mask" in found:
        return Ragged.from_padded(array("x"), mask=array("mask"))
    return array("x")


def _read_json(file: BinaryIO) -> Ragged:
    return json_lists.from_text(file.read())


def _read_jsonl(file: BinaryIO) -> Ragged:
    return json_lists.from_lines(file, os.fstat(file.fileno()).st_size)


class _Bytes:
    """A file that NumPy does not know for one: it writes through Python, where errors are seen.

    Into a real file NumPy writes with C's stdio, and takes no notice of what fclose returns.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write


def _write_npy(file: BinaryIO, result: Ragged | np.ndarray) -> None:
    array = result.to_padded() if isinstance(result, Ragged) else result
    np.lib.format.write_array(_Bytes(file), array, allow_pickle=False)


def _write_npz(file: BinaryIO, result: Ragged | np.ndarray) -> None:
    if isinstance(result, Ragged):
        np.savez(file, values=result.values, offsets=result.offsets)
    else:
        np.savez(file, x=result)


def _write_jsonl(file: BinaryIO, result: Ragged | np.ndarray) -> None:
    for row in result:
        file.write(json.dumps(_as_json(row), allow_nan=False).encode() + b"\n")


def _as_json(row: np.ndarray) -> list:
    """Nested lists of numbers; None for those that JSON has not."""
    if row.dtype.kind != "f":
        return row.tolist()
    shortest = row.astype(str).astype(float)  # 0.1 is written 0.1, not 0.10000000149011612
    finite = np.isfinite(shortest)
    numbers = shortest.astype(object)
    numbers[~finite] = None
    return numbers.tolist()


READERS = {".npy": _read_npy, ".npz": _read_npz, ".json": _read_json, ".jsonl": _read_jsonl}
WRITERS = {".npy": _write_npy, ".npz": _write_npz, ".jsonl": _write_jsonl}
