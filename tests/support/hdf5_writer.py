"""HDF5 by hand, as h5py never writes it: every structure can be shared, repeated or wrong.

Source: HDF5 File Format Specification, version 3.
"""

from struct import pack

NOWHERE = 2**64 - 1
LEAF, INTERNAL = 4, 16  # half of the entries that a node has room for
DATASPACE, DATATYPE, LAYOUT, ATTRIBUTE, CONTINUATION, SYMBOL_TABLE = 1, 3, 8, 12, 16, 17
FLOAT32 = pack("<4BI2H4BI", 0x11, 0x20, 31, 0, 4, 0, 32, 23, 8, 0, 23, 127)
HEAP_STRING = pack("<4BI4BI2H", 0x19, 1, 0, 0, 16, 0x10, 0, 0, 0, 1, 0, 8)


def fixed_string(size: int) -> bytes:
    return pack("<4BI", 0x13, 0, 0, 0, size)


def space(*shape: int) -> bytes:
    return pack(f"<4B4x{len(shape)}Q", 1, len(shape), 0, 0, *shape)


def attribute(name: str, kind: bytes, shape: bytes, raw: bytes) -> tuple[int, bytes]:
    """A message for `Writer.header`."""
    parts = [name.encode() + b"\0", kind, shape]
    padded = b"".join(part + bytes(-len(part) % 8) for part in parts)
    return ATTRIBUTE, pack("<BBHHH", 1, 0, *map(len, parts)) + padded + raw


def text(name: str, value: bytes) -> tuple[int, bytes]:
    """A string as attribute."""
    return attribute(name, fixed_string(len(value)), space(), value)


def texts(name: str, values: list[bytes]) -> tuple[int, bytes]:
    """A list of strings as attribute."""
    size = max(map(len, values), default=1)
    raw = b"".join(value.ljust(size, b"\0") for value in values)
    return attribute(name, fixed_string(size), space(len(values)), raw)


class Writer:
    """Bytes that grow: what is put gets an address. `finish(root)` gives the file."""

    def __init__(self) -> None:
        self.bytes = bytearray(96)

    def put(self, data: bytes) -> int:
        self.bytes += bytes(-len(self.bytes) % 8)
        self.bytes += data
        return len(self.bytes) - len(data)

    def messages(self, messages) -> bytes:
        padded = [(kind, body + bytes(-len(body) % 8)) for kind, body in messages]
        return b"".join(pack("<HHB3x", kind, len(body), 0) + body for kind, body in padded)

    def header(self, messages, count: int | None = None) -> int:
        """An object header. count: of messages, where it differs as blocks follow elsewhere."""
        body = self.messages(messages)
        count = len(messages) if count is None else count
        return self.put(pack("<BxHII4x", 1, count, 1, len(body)) + body)

    def dataset(self, shape, raw: bytes | None = None, more=()) -> int:
        """Of float32. more: messages that follow."""
        size = 4
        for n in shape:
            size *= n
        raw = bytes(size) if raw is None else raw
        at = self.put(raw)
        layout = (LAYOUT, pack("<BBQQ", 3, 1, at, len(raw)))
        return self.header([(DATASPACE, space(*shape)), (DATATYPE, FLOAT32), layout, *more])

    def names(self, names) -> tuple[int, list[int]]:
        """A local heap: its address, and where in it each name stands."""
        data, at = bytearray(8), []
        for name in names:
            at.append(len(data))
            data += name.encode() + b"\0"
        return self.heap_of_names(bytes(data)), at

    def heap_of_names(self, data: bytes) -> int:
        return self.put(pack("<4sB3xQQQ", b"HEAP", 0, len(data), 1, self.put(data)))

    def leaf(self, entries) -> int:
        """A symbol node. entries: (place of the name in the heap, address of the object)."""
        entries = list(entries)
        body = b"".join(pack("<QQI20x", *entry, 0) for entry in entries)
        room = bytes(max(0, 2 * LEAF - len(entries)) * 40)
        return self.put(pack("<4sBxH", b"SNOD", 1, len(entries)) + body + room)

    def tree(self, children, level: int = 0, keys=None) -> int:
        """A node of the tree of names. keys: places of the last name of each child, for h5py."""
        keys = keys or [0] * len(children)
        pairs = zip(children, keys, strict=True)
        body = bytes(8) + b"".join(pack("<QQ", *pair) for pair in pairs)
        room = bytes(max(0, 2 * INTERNAL - len(children)) * 16)
        head = pack("<4sBBHQQ", b"TREE", 0, level, len(children), NOWHERE, NOWHERE)
        return self.put(head + body + room)

    def table(self, members: dict[str, int]) -> bytes:
        """A symbol table message. members: names and the addresses where they lead."""
        members = dict(sorted(members.items()))
        heap, at = self.names(members)
        entries = list(zip(at, members.values(), strict=True))
        parts = [entries[i : i + 2 * LEAF] for i in range(0, len(entries), 2 * LEAF)]
        nodes = [(self.leaf(part), part[-1][0]) for part in parts]
        level = 0
        while len(nodes) > 2 * INTERNAL:
            parts = [nodes[i : i + 2 * INTERNAL] for i in range(0, len(nodes), 2 * INTERNAL)]
            nodes = [(self.tree(*self._split(part, level)), part[-1][1]) for part in parts]
            level += 1
        return pack("<QQ", self.tree(*self._split(nodes, level)), heap)

    @staticmethod
    def _split(nodes, level: int):
        return [child for child, _ in nodes], level, [key for _, key in nodes]

    def group(self, members: dict[str, int], attributes=()) -> int:
        return self.header([(SYMBOL_TABLE, self.table(members)), *attributes])

    def strings(self, values) -> list[bytes]:
        """Pointers to strings in a global heap."""
        body = b"".join(
            pack("<HH4xQ", number, 0, len(value)) + value + bytes(-len(value) % 8)
            for number, value in enumerate(values, 1)
        )
        free = max(4096 - 16 - len(body), 16)  # an object of number 0
        body += pack("<HH4xQ", 0, 0, free) + bytes(free - 16)
        heap = self.put(pack("<4sB3xQ", b"GCOL", 1, 16 + len(body)) + body)
        return [pack("<IQI", len(value), heap, i) for i, value in enumerate(values, 1)]

    def finish(self, root: int) -> bytes:
        self.bytes[:96] = pack(
            "<8sB4xBBxHH4x4QQQI20x",
            *(b"\x89HDF\r\n\x1a\n", 0, 8, 8, LEAF, INTERNAL),
            *(0, NOWHERE, len(self.bytes), NOWHERE, 0, root, 0),
        )
        return bytes(self.bytes)
