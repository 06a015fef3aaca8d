"""The leaves of an HDF5 file: bounded bytes, and the shapes, types and attributes made of them."""

import math
from struct import Struct

import numpy as np

from ..errors import FormatError

TWO_SIZES = Struct("<QQ")
VARIABLE_STRING = np.dtype("V16")  # a pointer into a heap, see _strings
_MAX_RANK = 32  # H5S_MAX_RANK

_GLOBAL_HEAP = Struct("<4sB3xQ")  # "GCOL", version, size
_HEAP_OBJECT = Struct("<HH4xQ")  # index, references, size
_HEAP_POINTER = Struct("<IQI")  # length, collection, index

# IEEE layouts by size: bit offset, precision, exponent at, exponent bits, mantissa at, bits, bias
_FLOATS = {
    2: (0, 16, 10, 5, 0, 10, 15),
    4: (0, 32, 23, 8, 0, 23, 127),
    8: (0, 64, 52, 11, 0, 52, 1023),
}


class Reader:
    """Bytes that can only be read inside their bounds. `path` and `where` are for errors."""

    def __init__(self, data: bytes | memoryview, path: str, where: str = "") -> None:
        self.data, self.path, self.where = memoryview(data), path, where

    def __len__(self) -> int:
        return len(self.data)

    def error(self, reason: str) -> FormatError:
        where = f"{self.where}: " if self.where else ""
        return FormatError(self.path, f"not a readable HDF5 file: {where}{reason}")

    def take(self, start: int, size: int, what: str) -> memoryview:
        if start > len(self.data) or size > len(self.data) - start:
            raise self.error(f"{what} at {start} with {size} bytes lies outside")
        return self.data[start : start + size]

    def unpack(self, layout: Struct, start: int, what: str) -> tuple:
        return layout.unpack(self.take(start, layout.size, what))

    def part(self, body: memoryview, where: str) -> "Reader":
        """A reader of some of the bytes, for offsets counted from their own start."""
        return Reader(body, self.path, where)

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


class Attribute:
    """A named value kept inside an object header; decoded when asked for."""

    def __init__(self, reader: Reader, body: memoryview, owner: str) -> None:
        self._file, self._message = reader, reader.part(body, f"attribute of {owner}")
        version, flags, *sizes = self._message.unpack(Struct("<BB3H"), 0, "version")
        if version not in (1, 2, 3) or (version > 1 and flags):
            raise self._message.error(f"version {version}, flags {flags}")
        at, parts = 9 if version == 3 else 8, []
        for size in sizes:  # name, type, shape; version 1 pads each to 8 bytes
            parts.append(self._message.take(at, size, "head"))
            at += -(-size // 8) * 8 if version == 1 else size
        self.name = reader.text(bytes(parts[0]).partition(b"\0")[0])
        self._type, self._space = (self._message.part(part, self.name) for part in parts[1:])
        self._start = at

    def value(self) -> object:
        """str, number, or (nested) lists of them."""
        dtype, shape = dtype_of(self._type), shape_of(self._space, len(self._message))
        raw = self._message.take(self._start, math.prod(shape) * dtype.itemsize, "values")
        if dtype is VARIABLE_STRING:
            values = np.array(_strings(self._file, raw), object)
        elif dtype.kind == "S":
            texts = np.frombuffer(raw, dtype).tolist()
            values = np.array([self._message.text(text) for text in texts], object)
        else:
            values = np.frombuffer(raw, dtype)
        return values.reshape(shape).tolist()


def _strings(file: Reader, pointers: memoryview) -> list[str]:
    """Strings of the global heap; all together no longer than the file."""
    strings, budget = [], len(file)
    for length, collection, index in _HEAP_POINTER.iter_unpack(pointers):
        budget -= length
        if budget < 0:
            raise file.error("strings that are longer than the file")
        raw = _heap_object(file, collection, index)[:length] if length else b""
        if len(raw) != length:
            raise file.error("a string that is longer than its place in the heap")
        strings.append(file.text(raw).rstrip("\0"))
    return strings


def _heap_object(file: Reader, collection: int, wanted: int) -> memoryview:
    signature, version, size = file.unpack(_GLOBAL_HEAP, collection, "heap of strings")
    if (signature, version) != (b"GCOL", 1):
        raise file.error(f"no heap of strings at {collection}")
    heap = file.part(file.take(collection, size, "heap of strings"), "heap of strings")
    at = _GLOBAL_HEAP.size
    while at + _HEAP_OBJECT.size <= size:
        index, _, length = heap.unpack(_HEAP_OBJECT, at, "string")
        if index == wanted and index:
            return heap.take(at + _HEAP_OBJECT.size, length, "string")
        if index == 0:  # the free rest of the collection
            break
        at += _HEAP_OBJECT.size + -(-length // 8) * 8
    raise heap.error(f"no string {wanted}")
