"""The leaves of an HDF5 file: bounded bytes, and the shapes, types and attributes made of them."""

import math
import weakref
from struct import Struct
from typing import Any

import numpy as np

from ..budget import Budget
from ..errors import FormatError

TWO_SIZES = Struct("<QQ")
VARIABLE_STRING = np.dtype("V16")  # a pointer into a heap, see _strings
_MAX_RANK = 32  # H5S_MAX_RANK

_ATTRIBUTE_HEAD = Struct("<BB3H")  # version, flags, sizes of name, type and shape
_GLOBAL_HEAP = Struct("<4sB3xQ")  # "GCOL", version, size
_HEAP_OBJECT = Struct("<HH4xQ")  # index, references, size
_HEAP_POINTER = Struct("<IQI")  # length, collection, index

# IEEE layouts by size: bit offset, precision, exponent at, exponent bits, mantissa at, bits, bias
_FLOATS = {
    2: (0, 16, 10, 5, 0, 10, 15),
    4: (0, 32, 23, 8, 0, 23, 127),
    8: (0, 64, 52, 11, 0, 52, 1023),
}


# Steps that a file may cost: one for each message, name, look-up, object of a heap, or 64 bytes of
# text.
# So time and memory stay in proportion to the file: a step takes up to 3 us and 300 bytes. What
# h5py writes for Keras takes a step for 60 bytes of structure, if it has next to no weights.
_STEPS, _BYTES_OF_A_STEP = 150_000, 96
_TEXT_OF_A_STEP = 64


class Source:
    """What all readers of one file share: the budget, and what has been read once for all."""

    def __init__(self, path: str, size: int) -> None:
        self.path = path
        self.budget = Budget(path, _STEPS + size // _BYTES_OF_A_STEP, "HDF5 with too many pieces")
        self.objects: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self.heaps: dict[int, dict[int, int]] = {}  # address -> number of a string -> its place


class Reader:
    """Bytes that can only be read inside their bounds; `where` is for errors."""

    __slots__ = ("data", "source", "where")

    def __init__(self, data: bytes | memoryview, source: Source, where: str = "") -> None:
        self.data, self.source, self.where = memoryview(data), source, where

    def __len__(self) -> int:
        return len(self.data)

    def error(self, reason: str) -> FormatError:
        where = f"{self.where}: " if self.where else ""
        return FormatError(self.source.path, f"not a readable HDF5 file: {where}{reason}")

    def spend(self, steps: int, text: int = 0) -> None:
        """Pay for so many pieces, and bytes of text that are copied."""
        self.source.budget.spend(steps + text // _TEXT_OF_A_STEP)

    def take(self, start: int, size: int, what: str) -> memoryview:
        if start > len(self.data) or size > len(self.data) - start:
            raise self.error(f"{what} at {start} with {size} bytes lies outside")
        return self.data[start : start + size]

    def unpack(self, layout: Struct, start: int, what: str) -> tuple:
        return layout.unpack(self.take(start, layout.size, what))

    def part(self, body: memoryview, where: str) -> "Reader":
        """A reader of some of the bytes, for offsets counted from their own start."""
        return Reader(body, self.source, where)

    def text(self, raw: bytes | memoryview) -> str:
        try:
            return bytes(raw).decode("utf-8")
        except UnicodeDecodeError:
            raise self.error(f"text that is not UTF-8: {bytes(raw[:40])!r}") from None


def shape_of(space: Reader, room: int) -> tuple[int, ...]:
    """The sizes in a dataspace message, () for a scalar, for values that lie in `room` bytes."""
    version, rank, _, kind = space.unpack(Struct("<4B"), 0, "version")
    if version not in (1, 2) or rank > _MAX_RANK or (version == 2 and kind == 2):
        raise space.error(f"version {version}, rank {rank}, kind {kind} is no plain shape")
    shape = space.unpack(Struct(f"<{rank}Q"), 8 if version == 1 else 4, "sizes")
    if math.prod(size or 1 for size in shape) > room:  # an absurd size next to a 0 as well
        raise space.error(f"{shape} is more than the file holds")
    return shape


def dtype_of(type_: Reader) -> np.dtype:
    """The type in a datatype message, from the few that weights and their attributes have."""
    head, bits, size = type_.unpack(Struct("<BBxxI"), 0, "version")
    kind, version = head & 15, head >> 4
    order = ">" if bits & 1 else "<"
    if version not in (1, 2, 3) or size == 0:
        raise type_.error(f"version {version}, size {size}")
    if kind == 0 and size in (1, 2, 4, 8):
        if type_.unpack(Struct("<HH"), 8, "precision") == (0, 8 * size):
            return np.dtype(f"{order}{'i' if bits & 8 else 'u'}{size}")
    elif kind == 1 and size in _FLOATS and not bits & 64:
        if type_.unpack(Struct("<HH4BI"), 8, "precision") == _FLOATS[size]:
            return np.dtype(f"{order}f{size}")
    elif kind == 3 and size <= 0xFFFF:  # strings are in attributes only, so inside one message
        return np.dtype(f"S{size}")
    elif kind == 5 and size == 2:
        return np.dtype("V2")  # bfloat16, which NumPy lacks
    elif kind == 9 and bits & 15 == 1 and size == VARIABLE_STRING.itemsize:
        return VARIABLE_STRING
    raise type_.error(f"class {kind} of {size} bytes is none that Keras writes for weights")


def attribute_name(reader: Reader, body: memoryview) -> str:
    """The name in an attribute message."""
    return reader.text(bytes(_attribute_parts(reader, body)[0]).partition(b"\0")[0])


def attribute_value(reader: Reader, body: memoryview, where: str) -> object:
    """The value of an attribute message: str, number, or (nested) lists of them."""
    _, type_, space, raw = _attribute_parts(reader, body)
    dtype = dtype_of(reader.part(type_, where))
    shape = shape_of(reader.part(space, where), len(body))
    reader.spend(math.prod(size or 1 for size in shape), len(body))
    raw = reader.part(raw, where).take(0, math.prod(shape) * dtype.itemsize, "values")
    if dtype is VARIABLE_STRING:
        values = np.array(_strings(reader, raw), object)
    elif dtype.kind == "S":
        texts = np.frombuffer(raw, dtype).tolist()
        values = np.array([reader.text(text) for text in texts], object)
    else:
        values = np.frombuffer(raw, dtype)
    return values.reshape(shape).tolist()


def _attribute_parts(reader: Reader, body: memoryview) -> list[memoryview]:
    """Name, type, shape and values of an attribute message."""
    message = reader.part(body, "attribute")
    version, flags, *sizes = message.unpack(_ATTRIBUTE_HEAD, 0, "version")
    if version not in (1, 2, 3) or (version > 1 and flags):
        raise message.error(f"version {version}, flags {flags}")
    at, parts = 9 if version == 3 else 8, []
    for size in sizes:  # name, type, shape; version 1 pads each to 8 bytes
        parts.append(message.take(at, size, "head"))
        at += -(-size // 8) * 8 if version == 1 else size
    return [*parts, body[at:]]


def _strings(file: Reader, pointers: memoryview) -> list[str]:
    """Strings of the global heap; all together no longer than the file."""
    strings, left = [], len(file)
    for length, collection, index in _HEAP_POINTER.iter_unpack(pointers):
        left -= length
        if left < 0:
            raise file.error("strings that are longer than the file")
        raw = _heap_object(file, collection, index)[:length] if length else b""
        if len(raw) != length:
            raise file.error("a string that is longer than its place in the heap")
        file.spend(0, length)
        strings.append(file.text(raw).rstrip("\0"))
    return strings


def _heap_object(file: Reader, collection: int, wanted: int) -> memoryview:
    heap = file.source.heaps.get(collection)
    if heap is None:
        heap = file.source.heaps[collection] = _heap(file, collection)
    at = heap.get(wanted)
    if at is None:
        raise file.error(f"heap of strings: no string {wanted}")
    _, _, length = file.unpack(_HEAP_OBJECT, at, "string")
    return file.take(at + _HEAP_OBJECT.size, length, "string")


def _heap(file: Reader, collection: int) -> dict[int, int]:
    """Where each object of a collection stands, the first of each number."""
    signature, version, size = file.unpack(_GLOBAL_HEAP, collection, "heap of strings")
    if (signature, version) != (b"GCOL", 1):
        raise file.error(f"no heap of strings at {collection}")
    heap = file.part(file.take(collection, size, "heap of strings"), "heap of strings")
    found: dict[int, int] = {}
    at = _GLOBAL_HEAP.size
    while at + _HEAP_OBJECT.size <= size:
        index, _, length = _HEAP_OBJECT.unpack_from(heap.data, at)
        if index == 0:  # the free rest of the collection
            break
        file.spend(1)
        heap.take(at + _HEAP_OBJECT.size, length, "string")
        found.setdefault(index, collection + at)
        at += _HEAP_OBJECT.size + -(-length // 8) * 8
    return found
