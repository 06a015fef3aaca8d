"""Sequences from files. Order is kept; nothing in a file is ever executed.

.npy          a padded array (batch, time, ...)
.npz          `values` and `offsets`; or `x`, padded, with `lengths` or `mask` or neither
.jsonl .json  one list a line, or one list of lists: ids, or a list of numbers for each step
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from .. import Ragged
from ..storage import npy
from ..storage.text import printable
from ..storage.zip import Zip
from . import json_lists

_NUMBERS = {".json": rb"\s*\[\s*[-\d]", ".jsonl": rb"\s*[-\d]"}  # how a file of numbers begins
_HEAD = 1 << 12
_ROOM = 24 << 20  # bytes of arrays in a small .npz; they may be in memory twice


def read(path: Path, labels: bool = False) -> Ragged | np.ndarray:
    """The sequences in a file: Ragged, or the padded array where the file tells no lengths.

    labels: .json and .jsonl may hold a number for each sequence in place of a list: then an array.

    Raises: ValueError that names the file, and what is wrong with it; OSError if it cannot be
        opened. Time and memory are bounded by the size of the file: a header that claims more than
        the file holds is refused, and so is a .npz that grows beyond the limits of storage.zip.
    """
    reader = _reader_of(path)
    numbers = _NUMBERS.get(path.suffix) if labels else None
    with path.open("rb") as file:
        try:
            if numbers is not None and re.match(numbers, file.read(_HEAD)):
                file.seek(0)
                return json_lists.from_text(_one_list(path.suffix, file.read())).values
            file.seek(0)
            return reader(file)
        except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
            said = printable(error) or type(error).__name__
            raise ValueError(f"{printable(path)}: {said}") from error


def _one_list(suffix: str, text: bytes) -> bytes:
    """Numbers as a list with one list in it."""
    return b"[%s]" % text if suffix == ".json" else b"[[%s]]" % b",".join(text.split())


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


def _reader_of(path: Path) -> Callable[[BinaryIO], Ragged | np.ndarray]:
    if path.suffix not in READERS:
        raise ValueError(f"{path}: expected a file ending in {' '.join(READERS)}")
    return READERS[path.suffix]


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


READERS = {".npy": _read_npy, ".npz": _read_npz, ".json": _read_json, ".jsonl": _read_jsonl}
