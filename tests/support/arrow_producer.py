"""A producer of the Arrow C data interface, in ctypes: also of columns no library would make."""

import ctypes
import sys

import numpy as np

PRODUCED = []  # structs and buffers, kept for the life of the tests


class Schema(ctypes.Structure):
    pass


class Array(ctypes.Structure):
    pass


class Stream(ctypes.Structure):
    pass


RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
GET = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
LAST_ERROR = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
pointers, number = ctypes.POINTER(ctypes.c_void_p), ctypes.c_int64

Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", number),
    ("n_children", number),
    ("children", pointers),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]
Array._fields_ = [
    ("length", number),
    ("null_count", number),
    ("offset", number),
    ("n_buffers", number),
    ("n_children", number),
    ("buffers", pointers),
    ("children", pointers),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]
Stream._fields_ = [
    ("get_schema", GET),
    ("get_next", GET),
    ("get_last_error", LAST_ERROR),
    ("release", RELEASE),
    ("private_data", ctypes.c_void_p),
]


class Level:
    """One level of a column.

    valid: bools, None = no bitmap.  data: the buffer after the bitmap, or a list of them.  child:
    the level below, or a list of them.  name, metadata: of the schema; metadata a dict of bytes.
    schema_lies, array_lies: fields of the structs that are set to other values in the end.
    """

    def __init__(
        self, format, length, data=None, child=None, *, offset=0, valid=None, name="", metadata=None
    ):
        self.format, self.length, self.offset, self.name = format, length, offset, name
        bitmap = None if valid is None else np.packbits(valid, bitorder="little")
        self.null_count = 0 if valid is None else -1  # -1: not counted
        data = data if isinstance(data, list) else [data]
        self.buffers = [bitmap] if format.startswith(("+w", "+s")) else [bitmap, *data]
        self.children = child if isinstance(child, list) else [child] if child else []
        self.metadata = metadata and _encoded(metadata)
        self.schema_lies, self.array_lies = {}, {}

    @property
    def child(self):
        return self.children[0]

    def all(self):
        """This level and all below."""
        return [self, *(level for child in self.children for level in child.all())]


def _encoded(metadata):
    """Pairs as the C data interface has them: numbers and texts, each with its size before it."""
    texts = [text for pair in metadata.items() for text in pair]
    sized = b"".join(len(text).to_bytes(4, sys.byteorder) + text for text in texts)
    return ctypes.create_string_buffer(len(metadata).to_bytes(4, sys.byteorder) + sized)


def _table(addresses):
    """Pointers, and some NULL ones behind them for counts that are too high."""
    return (ctypes.c_void_p * (len(addresses) + 8))(*addresses)


def _keep(made):
    PRODUCED.append(made)
    return ctypes.addressof(made)


def _tell(struct, lies):
    for field, value in lies.items():
        setattr(struct, field, value)
    return struct


def schema_of(level, release=None):
    children = _table([_keep(schema_of(child)) for child in level.children])
    made = Schema(level.format.encode(), level.name.encode(), release=release)
    made.n_children, made.children = len(level.children), ctypes.cast(children, pointers)
    made.metadata = level.metadata and ctypes.addressof(level.metadata)
    PRODUCED.extend((children, level))
    return _tell(made, level.schema_lies)


def array_of(level, release=None):
    children = _table([_keep(array_of(child)) for child in level.children])
    buffers = _table([None if b is None else b.ctypes.data for b in level.buffers])
    made = Array(level.length, level.null_count, level.offset, len(level.buffers))
    made.n_children, made.release = len(level.children), release
    made.children, made.buffers = ctypes.cast(children, pointers), ctypes.cast(buffers, pointers)
    PRODUCED.extend((children, buffers, level))
    return _tell(made, level.array_lies)


def _capsule(struct, name):
    kinds = ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p
    new = ctypes.PYFUNCTYPE(*kinds)(("PyCapsule_New", ctypes.pythonapi))
    return new(_keep(struct), name, None)


@RELEASE
def _nothing(struct):
    pass


class ArrayExporter:
    """Has __arrow_c_array__ of one Level, or of what `give` makes of its two capsules."""

    def __init__(self, level, released=False, give=lambda schema, array: (schema, array)):
        self.level, self.give = level, give
        self.release = None if released else ctypes.cast(_nothing, ctypes.c_void_p).value

    def __arrow_c_array__(self, requested_schema=None):
        return self.give(
            _capsule(schema_of(self.level, self.release), b"arrow_schema"),
            _capsule(array_of(self.level, self.release), b"arrow_array"),
        )


class StreamExporter:
    """Has __arrow_c_stream__ of Levels of one format; `released` counts the arrays given back.

    lies: fields of the stream that are set to other values in the end.
    """

    FIELDS = Stream._fields_

    def __init__(self, schema, levels, error=None, lies=()):
        self.schema, self.levels, self.released, self.lies = schema, levels, 0, dict(lies)
        self.error = error and ctypes.create_string_buffer(error.encode())

    def __arrow_c_stream__(self, requested_schema=None):
        coming = iter(self.levels)

        @RELEASE
        def release(address):
            self.released += 1
            Array.from_address(address).release = None

        @RELEASE
        def release_schema(address):
            Schema.from_address(address).release = None

        @GET
        def get_schema(_, address):
            schema = schema_of(self.schema, ctypes.cast(release_schema, ctypes.c_void_p).value)
            ctypes.memmove(address, _keep(schema), ctypes.sizeof(Schema))
            return 0

        @GET
        def get_next(_, address):
            level = next(coming, None)
            if level is None and self.error:
                return 5
            made = Array() if level is None else array_of(level)
            if level is not None:
                made.release = ctypes.cast(release, ctypes.c_void_p).value
            ctypes.memmove(address, ctypes.addressof(made), ctypes.sizeof(Array))
            return 0

        @LAST_ERROR
        def get_last_error(_):
            return self.error and ctypes.addressof(self.error)

        PRODUCED.extend((release, release_schema, get_schema, get_next, get_last_error, self))
        stream = Stream(get_schema, get_next, get_last_error, _nothing)
        return _capsule(_tell(stream, self.lies), b"arrow_array_stream")
