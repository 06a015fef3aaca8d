"""A producer of the Arrow C data interface, in ctypes: also of columns no library would make."""

import ctypes

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
    ("metadata", ctypes.c_char_p),
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

    valid: bools, None = no bitmap.  data: the buffer after the bitmap.  child: the level below.
    """

    def __init__(self, format, length, data=None, child=None, *, offset=0, valid=None):
        self.format, self.length, self.offset = format, length, offset
        bitmap = None if valid is None else np.packbits(valid, bitorder="little")
        self.null_count = 0 if valid is None else -1  # -1: not counted
        self.buffers = [bitmap] if format.startswith("+w") else [bitmap, data]
        self.child = child


def _table(addresses):
    return (ctypes.c_void_p * max(len(addresses), 1))(*addresses)


def _keep(made):
    PRODUCED.append(made)
    return ctypes.addressof(made)


def schema_of(level, release=None):
    children = _table([_keep(schema_of(level.child))] if level.child else [])
    made = Schema(level.format.encode(), b"", n_children=bool(level.child), release=release)
    made.children = ctypes.cast(children, pointers)
    PRODUCED.append(children)
    return made


def array_of(level, release=None):
    children = _table([_keep(array_of(level.child))] if level.child else [])
    buffers = _table([None if b is None else b.ctypes.data for b in level.buffers])
    made = Array(level.length, level.null_count, level.offset, len(level.buffers))
    made.n_children, made.release = bool(level.child), release
    made.children, made.buffers = ctypes.cast(children, pointers), ctypes.cast(buffers, pointers)
    PRODUCED.extend((children, buffers, level))
    return made


def _capsule(struct, name):
    kinds = ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p
    new = ctypes.PYFUNCTYPE(*kinds)(("PyCapsule_New", ctypes.pythonapi))
    return new(_keep(struct), name, None)


@RELEASE
def _nothing(struct):
    pass


class ArrayExporter:
    """Has __arrow_c_array__ of one Level."""

    def __init__(self, level, released=False):
        self.level = level
        self.release = None if released else ctypes.cast(_nothing, ctypes.c_void_p).value

    def __arrow_c_array__(self, requested_schema=None):
        return (
            _capsule(schema_of(self.level, self.release), b"arrow_schema"),
            _capsule(array_of(self.level, self.release), b"arrow_array"),
        )


class StreamExporter:
    """Has __arrow_c_stream__ of Levels of one format; `released` counts the arrays given back."""

    def __init__(self, schema, levels, error=None):
        self.schema, self.levels, self.released = schema, levels, 0
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
        return _capsule(
            Stream(get_schema, get_next, get_last_error, _nothing), b"arrow_array_stream"
        )
