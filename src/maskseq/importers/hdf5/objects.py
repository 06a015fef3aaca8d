"""The tree of an HDF5 file: object headers, groups and datasets."""

import functools
import math
from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

import numpy as np

from ...numerics.bfloat16 import widened
from .values import (
    TWO_SIZES,
    VARIABLE_STRING,
    Reader,
    Source,
    attribute_name,
    attribute_value,
    dtype_of,
    shape_of,
)

_UNDEFINED = (1 << 64) - 1  # the address of what does not exist

# Message types of an object header.
_DATASPACE, _LINK_INFO, _DATATYPE, _LINK, _EXTERNAL_FILES, _LAYOUT = 1, 2, 3, 6, 7, 8
_FILTERS, _ATTRIBUTE, _CONTINUATION, _SYMBOL_TABLE, _ATTRIBUTE_INFO = 11, 12, 16, 17, 21
_SHARED = 2  # flag of a message whose body is kept elsewhere

_SUPERBLOCK = Struct("<8sB4xBB9x")  # signature, version, size of offsets, size of lengths
_OBJECT_HEADER = Struct("<BxHII4x")  # version, messages, references, size
_MESSAGE = Struct("<HHB3x")  # type, size, flags
_TREE_NODE = Struct("<4sBBHQQ")  # "TREE", kind, level, entries, left, right
_SYMBOL_NODE = Struct("<4sBxH")  # "SNOD", version, entries
_SYMBOL = Struct("<QQI20x")  # name, object header, cache type
_SOFT_LINK = 2  # cache type
_LOCAL_HEAP = Struct("<4sB3xQQQ")  # "HEAP", version, size, free list, address

_KEPT = (
    _DATASPACE, _LINK_INFO, _DATATYPE, _LINK, _EXTERNAL_FILES, _LAYOUT, _FILTERS, _SYMBOL_TABLE,
    _ATTRIBUTE_INFO,
)  # fmt: skip


class _Messages(NamedTuple):
    """What an object header says: the first message of each kind, and all attributes."""

    bodies: dict[int, memoryview]
    attributes: list[memoryview]


class _Object:
    """An object header: what groups and datasets have in common.

    name: the path by which the object was reached first; others may lead to it too.
    """

    def __init__(self, reader: Reader, messages: _Messages, name: str) -> None:
        self._reader, self._messages, self.name = reader, messages, name
        self._values: dict[str, object] | None = None  # of the attributes that were asked for

    @property
    def file_size(self) -> int:
        """Bytes of the whole file."""
        return len(self._reader)

    def spend(self, steps: int, text: int = 0) -> None:
        """Pay for work with what is in the file: see values.Source. Raises: FormatError."""
        self._reader.spend(steps, text)

    def _find(self, kind: int) -> memoryview | None:
        return self._messages.bodies.get(kind)

    def _need(self, kind: int, what: str) -> Reader:
        body = self._find(kind)
        if body is None:
            raise self._reader.error(f"{self.name} has no {what}")
        return self._reader.part(body, f"{what} of {self.name}")

    @functools.cached_property
    def _attributes(self) -> dict[str, memoryview]:
        if self._find(_ATTRIBUTE_INFO) is not None:
            raise self._reader.error(f"{self.name} keeps its attributes in the newer format")
        bodies = self._messages.attributes
        return {attribute_name(self._reader, body): body for body in bodies}

    def attribute(self, name: str, default: object = None) -> object:
        """The attribute as str, number, or list of them; `default` if there is none."""
        if self._values is None:
            self._values = {}
        if name not in self._values:
            body = self._attributes.get(name)
            if body is None:
                return default
            self._values[name] = attribute_value(self._reader, body, f"{name} of {self.name}")
        return self._values[name]


class Dataset(_Object):
    """An array of numbers, in one piece of the file."""

    def __init__(self, reader: Reader, messages: _Messages, name: str) -> None:
        super().__init__(reader, messages, name)
        for kind, how in ((_EXTERNAL_FILES, "in other files"), (_FILTERS, "compressed")):
            if self._find(kind) is not None:
                raise reader.error(f"{name} is stored {how}; save the model again with Keras")
        self.shape = shape_of(self._need(_DATASPACE, "shape"), len(reader))
        self.dtype = dtype_of(self._need(_DATATYPE, "type"))
        self.nbytes = math.prod(self.shape) * self.dtype.itemsize
        for kind in (_DATASPACE, _DATATYPE):
            del messages.bodies[kind]
        if self.dtype.kind == "S" or self.dtype is VARIABLE_STRING:
            raise reader.error(f"{name} holds strings, expected numbers")

    def read(self) -> np.ndarray:
        """The values as a read-only view of the file; bfloat16 widened to float32."""
        values = np.frombuffer(self._raw(), self.dtype).reshape(self.shape)
        if self.dtype.kind != "V":
            return values
        if self.attribute("dtype") != "bfloat16":
            raise self._reader.error(f"{self.name} holds opaque values, expected numbers")
        return widened(values.view("<u2"))

    def _raw(self) -> memoryview:
        layout = self._need(_LAYOUT, "storage layout")
        version, kind = layout.unpack(Struct("<BB"), 0, "version")
        if version != 3 or kind > 1:
            raise layout.error("chunked or virtual; save the model again with Keras")
        if kind == 0:
            (size,) = layout.unpack(Struct("<H"), 2, "size")
            raw = layout.take(4, size, "values")
        else:
            address, size = layout.unpack(TWO_SIZES, 2, "address")
            if self.nbytes == 0 and address == _UNDEFINED:
                return memoryview(b"")
            raw = self._reader.take(address, size, self.name)
        if size != self.nbytes:
            raise layout.error(f"{size} bytes, but the shape needs {self.nbytes}")
        return raw


class Group(_Object):
    """Named groups and datasets; a path with / reaches into groups inside."""

    def __init__(self, reader: Reader, messages: _Messages, name: str) -> None:
        super().__init__(reader, messages, name)
        if self._find(_LINK) is not None or self._find(_LINK_INFO) is not None:
            raise reader.error(
                f"{name} has external links or the newer format; save the model again with Keras"
            )
        tree, heap = self._need(_SYMBOL_TABLE, "table of names").unpack(TWO_SIZES, 0, "addresses")
        self._members = _members(reader, tree, heap, name)
        self._opened: dict[str, Group | Dataset] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __contains__(self, path: str) -> bool:
        return self.get(path) is not None

    def __getitem__(self, path: str) -> "Group | Dataset":
        found = self.get(path)
        if found is None:
            raise self._reader.error(f"{self.name} has no {path}")
        return found

    def get(self, path: str) -> "Group | Dataset | None":
        """The object at `path`, None where there is none."""
        self._reader.spend(1, len(path))
        here: Group | Dataset | None = self
        for part in path.split("/"):
            here = here._open(part) if isinstance(here, Group) else None
        return here

    def _open(self, name: str) -> "Group | Dataset | None":
        """The member of that name. However many names an object has, it is read once."""
        if name not in self._opened:
            if name not in self._members:
                return None
            address, objects = self._members[name], self._reader.source.objects
            found = objects.get(address)
            if found is None:
                found = objects[address] = self._read(address, f"{self.name}/{name}".lstrip("/"))
            self._opened[name] = found
        return self._opened[name]

    def _read(self, address: int, path: str) -> "Group | Dataset":
        self._reader.spend(1, len(path))
        messages = _messages(self._reader, address, path)
        kind = Dataset if _LAYOUT in messages.bodies else Group
        return kind(self._reader, messages, path)


def read_hdf5(data: bytes | memoryview, path: str) -> Group:
    """The root group of the HDF5 file held in `data`; `path` is its name in errors."""
    reader = Reader(data, Source(path, len(data)))
    signature, version, *sizes = reader.unpack(_SUPERBLOCK, 0, "superblock")
    if signature != b"\x89HDF\r\n\x1a\n":
        raise reader.error("it does not begin with the HDF5 signature")
    if version > 1:
        raise reader.error(f"superblock version {version} (libver='latest'), expected 0 or 1")
    if sizes != [8, 8]:
        raise reader.error(f"addresses and lengths of {sizes} bytes, expected [8, 8]")
    start = _SUPERBLOCK.size + 4 * version
    base, _, end, _ = reader.unpack(Struct("<4Q"), start, "superblock")
    if base != 0 or end > len(reader):
        raise reader.error(f"it claims bytes {base} to {base + end} of {len(reader)}")
    _, root, _ = reader.unpack(_SYMBOL, start + 32, "root entry")
    return Group(reader, _messages(reader, root, "/"), "/")


def _messages(reader: Reader, address: int, name: str) -> _Messages:
    """The messages of an object header and of its continuation blocks."""
    header = f"object header of {name}"
    version, count, _, size = reader.unpack(_OBJECT_HEADER, address, header)
    if version != 1:
        newer = ", the newer format" if version == ord("O") else ""  # which begins with "OHDR"
        raise reader.error(f"{header} has version {version}{newer}, expected 1")
    reader.spend(count)
    found, left = _Messages({}, []), count
    blocks = [(address + _OBJECT_HEADER.size, size)]
    while blocks:
        start, size = blocks.pop()
        block, at = reader.take(start, size, header), 0
        while at < size and left >= 0:  # so no circle of blocks goes on for ever
            if at + _MESSAGE.size > size:
                raise reader.error(f"{header} is cut short at {start + at}")
            kind, length, flags = _MESSAGE.unpack_from(block, at)
            at += _MESSAGE.size + length
            if at > size:
                raise reader.error(f"{header} has a message of {length} bytes, beyond its end")
            if flags & _SHARED:
                raise reader.error(f"{header} shares a message with another object")
            left -= 1
            if kind == _ATTRIBUTE:
                found.attributes.append(block[at - length : at])
            elif kind in _KEPT and kind not in found.bodies:
                found.bodies[kind] = block[at - length : at]
            elif kind == _CONTINUATION:
                body = reader.part(block[at - length : at], header)
                blocks.append(body.unpack(TWO_SIZES, 0, "continuation"))
    if left != 0:
        raise reader.error(f"{header} has not the {count} messages it claims")
    return found


def _members(reader: Reader, tree: int, heap: int, name: str) -> dict[str, int]:
    """Name -> address of the object header, for each hard link of a symbol-table group."""
    signature, version, size, _, start = reader.unpack(_LOCAL_HEAP, heap, f"names of {name}")
    if (signature, version) != (b"HEAP", 0):
        raise reader.error(f"{name} has no heap of names")
    reader.spend(0, size)
    names = bytes(reader.take(start, size, f"names of {name}"))
    members: dict[str, int] = {}
    room = size  # each name has its own place, so all together are no longer than the heap
    for offset, address, cache in _symbols(reader, tree, name):
        end = names.find(b"\0", offset)
        if end < 0:
            raise reader.error(f"{name} has an entry whose name lies outside its heap")
        room -= end - offset
        if room < 0:
            raise reader.error(f"{name} has names that overlap")
        key = reader.text(names[offset:end])
        if cache == _SOFT_LINK or address == _UNDEFINED:
            raise reader.error(f"{name} has a link to elsewhere, {key!r}")
        if not key or "/" in key or key in members:
            raise reader.error(f"{name} has an empty, double or nested name, {key!r}")
        members[key] = address
    return members


def _symbols(reader: Reader, tree: int, name: str) -> Iterator[tuple[int, int, int]]:
    """(name offset, object header, cache type) of each entry in a group's tree, in order."""
    todo: list[tuple[int, int | None]] = [(tree, None)]  # address, level (None: as it says)
    seen: set[int] = set()
    while todo:
        address, expected = todo.pop()
        if address in seen:
            raise reader.error(f"the names of {name} run in a circle")
        seen.add(address)
        if expected == -1:
            signature, version, entries = reader.unpack(_SYMBOL_NODE, address, f"names of {name}")
            if (signature, version) != (b"SNOD", 1):
                raise reader.error(f"{name} has a damaged leaf at {address}")
            start, size = address + _SYMBOL_NODE.size, entries * _SYMBOL.size
            reader.spend(1 + entries)
            yield from _SYMBOL.iter_unpack(reader.take(start, size, f"names of {name}"))
            continue
        node = reader.unpack(_TREE_NODE, address, f"names of {name}")
        signature, kind, level, entries, _, _ = node
        if (signature, kind) != (b"TREE", 0) or expected not in (None, level):
            raise reader.error(f"{name} has a damaged tree node at {address}")
        # After the head: key, child, key, child ... key. To list everything no key is needed.
        start, size = address + _TREE_NODE.size, entries * TWO_SIZES.size
        reader.spend(1 + entries)
        pairs = TWO_SIZES.iter_unpack(reader.take(start, size, f"names of {name}"))
        todo += [(child, level - 1) for _, child in reversed(list(pairs))]
