"""Reads safetensors files: named arrays, mapped into memory.

8 bytes with the length of a header, the header in JSON, then the bytes of all arrays, one after the
other without a gap. All of it is checked before an array is made, and an array is a view of the
mapped file: nothing is allocated but for types that NumPy does not have. Source: the format's
description in huggingface/safetensors, version 0.8.
"""

import math
from struct import Struct
from typing import Any, NamedTuple

import numpy as np

from ..numerics.bfloat16 import widened
from ..storage import json
from ..storage.source import Given, Source
from .budget import Budget
from .errors import FormatError

DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "F16": "<f2", "BF16": "<u2",
    "U32": "<u4", "I32": "<i4", "F32": "<f4", "U64": "<u8", "I64": "<i8", "F64": "<f8",
}  # fmt: skip
"""The names of types in a header -> NumPy's; BF16 is the upper half of a float32."""
MAX_RANK = 32
_LENGTH = Struct("<Q")
_METADATA = "__metadata__"
_ARRAYS, _BYTES_OF_ONE = 60_000, 64  # in a file of any size, and of a file for one array more
_ROOM, _GROWTH = 32 << 20, 6  # memory that the header may take: so much, and times the file


class Safetensors(NamedTuple):
    """What a file holds. The arrays are read-only."""

    metadata: dict[str, str]
    arrays: dict[str, np.ndarray]


class _Entry(NamedTuple):
    name: str
    kind: str
    shape: tuple[int, ...]
    start: int
    end: int


def read_safetensors(given: Given) -> Safetensors:
    """The arrays of a safetensors file, in the order of their bytes, and its metadata.

    given: a path, or a file opened in binary mode. The arrays are views of the file, which stays
    mapped until the last of them is gone. It may be replaced meanwhile, but not written to. BF16
    becomes float32, which is exact; the other types stay. Types of 8 bits and less that NumPy lacks
    (F8_E4M3 and the like) are refused.
    Raises: FormatError (a ValueError) with path and reason.
    """
    source = Source.of(given)
    name, mapped = source.name, source.mapped()
    size = len(mapped)
    if size < _LENGTH.size + 2:
        raise FormatError(name, "cut short, expected a safetensors file")
    (length,) = _LENGTH.unpack_from(mapped)
    first = _LENGTH.size + length
    if first > size:
        raise FormatError(name, f"a header of {length} bytes in a file of {size}")
    metadata, entries = _header(bytes(mapped[_LENGTH.size : first]), size, name)
    data = mapped[first:]
    _check_places(entries, len(data), name)
    return Safetensors(metadata, {entry.name: _array(data, entry) for entry in entries})


def _header(raw: bytes, size: int, path: str) -> tuple[dict[str, str], list[_Entry]]:
    """The metadata and the arrays, sorted by their places."""
    try:
        header = json.strict(raw, _ROOM + _GROWTH * size)
    except ValueError as error:
        raise FormatError(path, f"its header is not readable: {error}") from error
    if not isinstance(header, dict):
        raise FormatError(path, "its header is no JSON object")
    metadata = header.pop(_METADATA, {})
    if not isinstance(metadata, dict) or any(type(x) is not str for x in metadata.values()):
        raise FormatError(path, f"{_METADATA} must hold texts")
    budget = Budget(path, _ARRAYS + size // _BYTES_OF_ONE, "too many arrays")
    budget.spend(len(header))
    entries = [_entry(name, value, path) for name, value in header.items()]
    return metadata, sorted(entries, key=lambda entry: (entry.start, entry.end))


def _entry(name: str, value: Any, path: str) -> _Entry:
    """One array of the header. Raises: FormatError unless its type, shape and size agree."""
    if not isinstance(value, dict) or value.keys() != {"dtype", "shape", "data_offsets"}:
        raise FormatError(path, f"{name!r} must have dtype, shape and data_offsets")
    kind, shape, places = value["dtype"], value["shape"], value["data_offsets"]
    if type(kind) is not str or kind not in DTYPES:
        raise FormatError(
            path,
            f"{name!r} is of type {str(kind)[:20]}, which NumPy does not have; save it as F32 or "
            f"another of {', '.join(DTYPES)}",
        )
    if not (_sizes(shape) and len(shape) <= MAX_RANK and _sizes(places) and len(places) == 2):
        raise FormatError(path, f"{name!r} has shape {shape!s:.60} at {places!s:.60}")
    item, (start, end) = np.dtype(DTYPES[kind]).itemsize, places
    if end - start != math.prod(shape) * item:
        raise FormatError(
            path,
            f"{name!r} has {end - start} bytes, but {kind} of shape {tuple(shape)} needs "
            f"{math.prod(shape) * item}",
        )
    return _Entry(name, kind, tuple(shape), start, end)


def _sizes(value: Any) -> bool:
    """True for a list of sizes whose product is an index, even if some of them are 0."""
    if not isinstance(value, list) or not all(type(x) is int and 0 <= x < 2**48 for x in value):
        return False
    return len(value) <= MAX_RANK and math.prod(x or 1 for x in value) < 2**59


def _check_places(entries: list[_Entry], size: int, path: str) -> None:
    """The arrays lie one after the other, from the first byte to the last."""
    end = 0
    for entry in entries:
        if entry.start != end:
            raise FormatError(path, f"{entry.name!r} begins at byte {entry.start}, expected {end}")
        end = entry.end
    if end != size:
        raise FormatError(path, f"arrays of {end} bytes, but it has {size}")


def _array(data: memoryview, entry: _Entry) -> np.ndarray:
    dtype = np.dtype("u1" if entry.kind == "BOOL" else DTYPES[entry.kind])
    found = np.frombuffer(data[entry.start : entry.end], dtype).reshape(entry.shape)
    if entry.kind == "BOOL":
        found = found != 0  # a bool of NumPy must be 0 or 1
    elif entry.kind == "BF16":
        found = widened(found)
    found.flags.writeable = False
    return found
