"""Arrow columns to arrays, or to values and offsets, and back, without a copy where none is needed.

A column of lists (list, large_list, fixed_size_list, and views of lists) is sequences. A column of
numbers, a table of such columns and a column of the extension type arrow.fixed_shape_tensor are
arrays. Slices and chunks are fine. Source: arrow.apache.org/docs/format: Columnar.html (layouts),
CDataInterface.html (formats), CanonicalExtensions.html (tensors).
"""

from typing import Any

import numpy as np

from . import _arrow
from .arrow_entries import (
    NUMBERS,
    entries,
    first_null,
    joined,
    read_lists,
    tensor_shape,
    what_is_null,
)

_FORMATS = {np.dtype(dtype): format.encode() for format, dtype in NUMBERS.items()}


def read(column: Any) -> tuple[np.ndarray, np.ndarray]:
    """values (n, *features) and offsets (batch + 1,) of a column of lists; a null list is empty.

    Also of a column of tensors, the first axis of which is time. Offsets start at 0. Values are
    views unless there are several chunks, packed bools, or lists that do not follow each other.
    Raises: ValueError for what is no list of numbers, and naming the position of a null in a list.
    """
    chunks = _arrow.open_column(column)
    if tensor_shape(chunks[0]) is not None:
        return _as_sequences(_array(chunks))
    return _sequences(chunks)


def read_batch(column: Any) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """As `read`; but numbers (batch,), a table of them (batch, columns) and tensors are arrays.

    Raises: as `read`; ValueError naming the row, and the column, of a null in an array.
    """
    chunks = _arrow.open_column(column)
    format = chunks[0].format
    if format in NUMBERS or format == "+s" or tensor_shape(chunks[0]) is not None:
        return _array(chunks)
    return _sequences(chunks)


def capsules(values: np.ndarray, offsets: np.ndarray) -> tuple[Any, Any]:
    """Schema and array capsules of a large_list column; bools are packed, all else is shared."""
    steps, features = len(values), values.shape[1:]
    native = values.dtype.newbyteorder("=")
    if native not in _FORMATS:
        raise TypeError(f"Arrow has no type for {native}")
    data = np.ascontiguousarray(values, native)
    if native.kind == "b":
        data = np.packbits(data, bitorder="little")
    length = steps * int(np.prod(features))
    level = (_FORMATS[native], length, data, None)
    for size in reversed(features):
        length //= max(size, 1)
        level = (b"+w:%d" % size, length, None, level)
    return _arrow.export_column((b"+L", len(offsets) - 1, offsets, level))


# --- columns


def _sequences(chunks: list[_arrow.Column]) -> tuple[np.ndarray, np.ndarray]:
    parts, position = [], 0
    for chunk in chunks:
        parts.append(read_lists(chunk, 0, chunk.length, position))
        position += chunk.length
    if len(parts) == 1:
        return parts[0]
    lengths = np.concatenate([np.diff(offsets) for _, offsets in parts])
    return joined([values for values, _ in parts]), np.concatenate([[0], np.cumsum(lengths)])


def _array(chunks: list[_arrow.Column]) -> np.ndarray:
    """(batch, ...) of columns of which no entry may be null."""
    parts, position = [], 0
    for chunk in chunks:
        null = first_null(chunk, 0, chunk.length)
        if null is not None:
            raise ValueError(f"row {position + null} {what_is_null(chunk, null)}")
        parts.append(entries(chunk, 0, chunk.length))
        position += chunk.length
    return parts[0] if len(parts) == 1 else joined(parts)


def _as_sequences(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if array.ndim < 2:
        raise ValueError(f"tensors must have a time axis, got shape {array.shape[1:]}")
    batch, time = array.shape[:2]
    return array.reshape(batch * time, *array.shape[2:]), np.arange(batch + 1) * time
