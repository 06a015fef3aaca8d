"""The functions of the C API, called through the table that other modules get."""

import ctypes
import re
from pathlib import Path

import numpy as np

import maskseq
from maskseq import _kernels

INCLUDE = Path(maskseq.get_include())
HEADER = "".join((INCLUDE / name).read_text() for name in ("maskseq.h", "maskseq_training.h"))
NAMES = re.findall(r"\(\*(\w+)\)\(", (INCLUDE / "maskseq_api.h").read_text())
_CODE = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.S)
_TYPES = {
    "float": ctypes.c_float,
    "double": ctypes.c_double,
    "int": ctypes.c_int,
    "size_t": ctypes.c_size_t,
    "int64_t": ctypes.c_int64,
    "uint64_t": ctypes.c_uint64,
}
STATUS = {
    name: int(value)
    for name, value in re.findall(
        r"MSQ_(\w+) = (\d+)", re.search(r"enum msq_status \{(.*?)\}", _CODE, re.S)[1]
    )
}


def _type_of(declared):
    """That of an argument or a field: `const float *x`."""
    kind = declared.replace("const ", "").split()[0]
    return ctypes.c_void_p if "*" in declared else _TYPES[kind]


def choices(enum):
    """{name without MSQ_: value} of an enum without values of its own."""
    names = re.findall(r"MSQ_(\w+)", re.search(rf"enum {enum} \{{(.*?)\}}", _CODE, re.S)[1])
    return {name: number for number, name in enumerate(names)}


def _pointer(value):
    """The address of an array or a structure; numbers, addresses and None are as they are."""
    if isinstance(value, np.ndarray):
        return value.ctypes.data
    return ctypes.addressof(value) if isinstance(value, ctypes.Structure) else value


def struct(name, /, **values):
    """A struct with its size and some values; arrays are named by where they are, so hold them."""
    body = re.search(rf"typedef struct {name} \{{(.*?)\}} {name};", _CODE, re.S)[1]
    fields = []
    for declared in body.split(";")[:-1]:
        first, *more = " ".join(declared.split()).split(", ")
        kind = first.rpartition(" ")[0]
        for text in (first, *(f"{kind} {one}" for one in more)):
            fields.append((re.search(r"(\w+)$", text)[1], _type_of(text)))
    kind = type(name, (ctypes.Structure,), {"_fields_": fields})
    made = kind(size=ctypes.sizeof(kind))
    for field, value in values.items():
        setattr(made, field, _pointer(value))
    return made


def call(name, *values):
    """What a function of the table returns, by its name without msq_."""
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = get(_kernels._C_API, b"maskseq._kernels._C_API")
    head = 2 * 4 + ctypes.sizeof(ctypes.c_size_t) + 8  # versions, size, features
    place = table + head + NAMES.index(name) * ctypes.sizeof(ctypes.c_void_p)
    result, declared = re.search(rf"^(\w+) msq_{name}\(([^;]*)\);", _CODE, re.M).groups()
    types = [_type_of(" ".join(text.split())) for text in declared.split(",")]
    assert len(values) == len(types), declared
    kind = ctypes.CFUNCTYPE(None if result == "void" else _TYPES[result], *types)
    return kind(ctypes.c_void_p.from_address(place).value)(*map(_pointer, values))
