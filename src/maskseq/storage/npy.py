"""Reads the .npy form of an array: a header that is checked first, then as many bytes as it says.

Source: numpy.lib.format, versions 1.0 and 2.0 of the form.
"""

import io
import math
import struct
import tokenize

import numpy as np

_MAX_HEADER = 10_000  # characters, as in NumPy: a dtype and a shape take some 80
_HEADERS = {
    (1, 0): ("<H", np.lib.format.read_array_header_1_0),
    (2, 0): ("<I", np.lib.format.read_array_header_2_0),
}
# What NumPy raises on a damaged header besides ValueError; it reads it as a literal of Python.
_DAMAGE = (
    TypeError, LookupError, ArithmeticError, SyntaxError, RecursionError, MemoryError,
    tokenize.TokenError,
)  # fmt: skip


def from_bytes(raw: bytes) -> np.ndarray:
    """The array in `raw`, a read-only view of it.

    Raises: ValueError for a damaged header, objects of Python, another number of bytes than the
        shape needs, and more rows of nothing than there are bytes.
    """
    stream = io.BytesIO(raw)
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"version {version} of the .npy form, expected 1.0 or 2.0")
    layout, read_header = _HEADERS[version]
    length = int.from_bytes(raw[8 : 8 + struct.calcsize(layout)], "little")
    if length > min(_MAX_HEADER, len(raw)):
        raise ValueError(f"a header of {length} bytes")
    try:
        shape, fortran_order, dtype = read_header(stream, max_header_size=_MAX_HEADER)
    except _DAMAGE as error:
        raise ValueError(f"a damaged header: {error or type(error).__name__}") from error
    if dtype.hasobject:
        raise ValueError("it holds Python objects, expected numbers")
    if any(n < 0 for n in shape) or math.prod(n or 1 for n in shape) > max(len(raw), 1 << 20):
        raise ValueError(f"{dtype} of shape {shape} is more than it holds")
    needed, start = math.prod(shape) * dtype.itemsize, stream.tell()
    if needed != len(raw) - start:
        raise ValueError(
            f"{dtype} of shape {shape} needs {needed} bytes, it holds {len(raw) - start}"
        )
    order = "F" if fortran_order else "C"
    return np.frombuffer(raw, dtype, offset=start).reshape(shape, order=order)
