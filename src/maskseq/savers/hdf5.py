"""Writes HDF5 files: groups, arrays of numbers, attributes of text. What h5py and Keras read.

The oldest form of everything, as h5py writes it by default: superblock version 0; a group is a
symbol table, which is a B-tree over nodes of sorted names, and a local heap that holds the names;
an array is in one piece. Source: HDF5 File Format Specification, version 1.1.
"""

import math
from struct import pack
from typing import Any

import numpy as np

_UNDEFINED = (1 << 64) - 1  # the address of what does not exist
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_SUPERBLOCK_SIZE = 96
_NODE_K = 16  # a node of a B-tree has room for twice as many children
_LEAST_LEAF_K = 4  # a node of names likewise
_DATASPACE, _DATATYPE, _FILL, _LAYOUT, _ATTRIBUTE, _SYMBOL_TABLE = 1, 3, 5, 8, 12, 17
_LEAST_HEAP = 4096  # bytes
MOST_IN_HEADER = 64_000
"""Bytes of one attribute with a list in it: a message has 16 bits for its size."""

# Of a text of any length, in UTF-8: a length, the address of a heap, the number of an object there.
_TEXT = pack("<BBBBI", 0x19, 1, 1, 0, 16) + pack("<BBBBIHH", 0x10, 0, 0, 0, 1, 0, 8)
# Bits of the sign, of the exponent and of the mantissa, and the exponent's bias.
_FLOATS = {2: (15, 5, 10, 15), 4: (31, 8, 23, 127), 8: (63, 11, 52, 1023)}


class Group:
    """A group to be written: `attributes` (str or a list of str) and `members` by name.

    A member is a Group or an array of numbers.
    """

    def __init__(self) -> None:
        self.attributes: dict[str, str | list[str]] = {}
        self.members: dict[str, Any] = {}

    def group(self, path: str) -> "Group":
        """The group at a path of names with / in between, made if it is not there."""
        found = self
        for name in filter(None, path.split("/")):
            found = found.members.setdefault(name, Group())
        return found


def hdf5_bytes(root: Group) -> bytes:
    """The file of a tree of groups.

    Raises: ValueError for an attribute that is longer than a header holds; TypeError for an array
        of something else than numbers.
    """
    file = _File(max(_LEAST_LEAF_K, math.ceil(_widest(root) / (4 * _NODE_K))))
    address, table = file.group(root)
    head = _SIGNATURE + pack("<BBBxBBBxHHI", 0, 0, 0, 0, 8, 8, file.leaf_k, _NODE_K, 0)
    head += pack("<QQQQ", 0, _UNDEFINED, file.end, _UNDEFINED)
    head += pack("<QQII", 0, address, 1, 0) + pack("<QQ", *table)
    return b"".join([head, *file.pieces])


def _widest(group: Group) -> int:
    """The most members that a group has, so that one node of a B-tree leads to all."""
    inner = [x for x in group.members.values() if isinstance(x, Group)]
    return max([len(group.members), *map(_widest, inner)])


class _File:
    """Pieces of a file, one after the other, each at a multiple of 8 bytes.

    end: where the next one goes.
    """

    def __init__(self, leaf_k: int) -> None:
        self.pieces: list[bytes] = []
        self.end, self.leaf_k = _SUPERBLOCK_SIZE, leaf_k

    def put(self, piece: bytes) -> int:
        """Add a piece; returns its address."""
        address, piece = self.end, _filled(piece)
        self.pieces.append(piece)
        self.end += len(piece)
        return address

    def array(self, array: np.ndarray) -> int:
        """Add an array; returns the address of its header."""
        array = np.ascontiguousarray(array).reshape(array.shape)
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        place = self.put(little.tobytes()) if array.size else _UNDEFINED
        messages = [
            _message(_DATASPACE, _dataspace(array.shape)),
            _message(_DATATYPE, _datatype(array.dtype)),
            _message(_FILL, pack("<BBBB", 2, 2, 2, 0)),  # version 2, no value is written
            _message(_LAYOUT, pack("<BBQQ", 3, 1, place, array.nbytes)),  # in one piece
        ]
        return self.put(_header(messages))

    def group(self, group: Group) -> tuple[int, tuple[int, int]]:
        """Add a group; returns the address of its header, and those of its B-tree and heap."""
        names = sorted(group.members, key=str.encode)
        tables = [self._member(group.members[name]) for name in names]
        text, starts = bytearray(8), []
        for name in names:
            starts.append(len(text))
            text += _filled(name.encode() + b"\0")
        segment = self.put(bytes(text))
        heap = self.put(b"HEAP" + pack("<B3xQQQ", 0, len(text), 1, segment))  # 1: nothing is free
        tree = self._tree(starts, tables)
        messages = [_message(_SYMBOL_TABLE, pack("<QQ", tree, heap))]
        messages += [self._attribute(name, value) for name, value in group.attributes.items()]
        return self.put(_header(messages)), (tree, heap)

    def _attribute(self, name: str, value: str | list[str]) -> bytes:
        """The message of an attribute. A text is in a heap, so that it may be of any length."""
        if isinstance(value, str):
            text = value.encode()
            place = pack("<IQI", len(text), self._heap(text), 1)
            return _attribute_message(name, _TEXT, (), place)
        data = np.array([text.encode() for text in value] or [], "S")
        return _attribute_message(name, _datatype(data.dtype), data.shape, data.tobytes())

    def _heap(self, text: bytes) -> int:
        """Add a heap with one object, number 1; returns its address."""
        item = pack("<HHIQ", 1, 1, 0, len(text)) + _filled(text)
        size = max(_LEAST_HEAP, 16 + len(item) + 16)
        free = size - 16 - len(item)
        heap = b"GCOL" + pack("<B3xQ", 1, size) + item + pack("<HHIQ", 0, 0, 0, free)
        return self.put(heap.ljust(size, b"\0"))

    def _member(self, member: Any) -> tuple[int, tuple[int, int] | None]:
        return self.group(member) if isinstance(member, Group) else (self.array(member), None)

    def _tree(self, starts: list[int], tables: list[Any]) -> int:
        """Add the nodes of names and the B-tree over them; returns its address."""
        children, size = [], 2 * self.leaf_k
        for first in range(0, len(starts), size):
            last = min(first + size, len(starts))
            node = b"SNOD" + pack("<BxH", 1, last - first)
            for start, (address, table) in zip(starts[first:last], tables[first:last], strict=True):
                node += pack("<QQII", start, address, table is not None, 0)
                node += pack("<QQ", *(table or (0, 0)))
            room = 8 + 40 * size
            children.append((self.put(node.ljust(room, b"\0")), starts[last - 1]))
        tree = b"TREE" + pack("<BBHQQ", 0, 0, len(children), _UNDEFINED, _UNDEFINED)
        tree += pack("<Q", 0) + b"".join(pack("<QQ", *child) for child in children)
        return self.put(tree.ljust(24 + 8 + 32 * _NODE_K, b"\0"))


def _filled(piece: bytes) -> bytes:
    """`piece` with zeros up to a multiple of 8 bytes."""
    return piece + bytes(-len(piece) % 8)


def _header(messages: list[bytes]) -> bytes:
    body = b"".join(messages)
    return pack("<BxHII4x", 1, len(messages), 1, len(body)) + body


def _message(kind: int, body: bytes) -> bytes:
    body = _filled(body)
    return pack("<HHB3x", kind, len(body), 0) + body


def _dataspace(shape: tuple[int, ...]) -> bytes:
    return pack("<BBB5x", 1, len(shape), 0) + b"".join(pack("<Q", size) for size in shape)


def _datatype(dtype: np.dtype) -> bytes:
    size = dtype.itemsize
    if dtype.kind == "S":
        return pack("<BBBBI", 0x13, 1, 0, 0, size)  # padded with zeros
    if dtype.kind == "f" and size in _FLOATS:
        sign, exponent, mantissa, bias = _FLOATS[size]
        head = pack("<BBBBI", 0x11, 0x20, sign, 0, size)
        return head + pack("<HHBBBBI", 0, 8 * size, mantissa, exponent, 0, mantissa, bias)
    if dtype.kind in "iu":
        signed = 8 if dtype.kind == "i" else 0
        return pack("<BBBBI", 0x10, signed, 0, 0, size) + pack("<HH", 0, 8 * size)
    raise TypeError(f"an array to be written must hold numbers, got {dtype}")


def _attribute_message(name: str, kind: bytes, shape: tuple[int, ...], data: bytes) -> bytes:
    key, space = name.encode() + b"\0", _dataspace(shape)
    head = pack("<BxHHH", 1, len(key), len(kind), len(space))
    body = head + _filled(key) + _filled(kind) + _filled(space) + data
    if len(body) > MOST_IN_HEADER:
        raise ValueError(f"attribute {name} has {len(body)} bytes, which no header holds")
    return _message(_ATTRIBUTE, body)
