"""Arrow list columns to values and offsets, and back, without a copy wherever there can be none.

Knows list, large_list and fixed_size_list of numbers or of fixed_size_lists of them, in slices and
chunks. Source: arrow.apache.org/docs/format/Columnar.html (layouts), CDataInterface.html (formats).
"""

from typing import Any

import numpy as np

from . import _arrow

_NUMBERS = {"c": "i1", "C": "u1", "s": "i2", "S": "u2", "i": "i4", "I": "u4", "l": "i8", "L": "u8"}
_NUMBERS |= {"e": "f2", "f": "f4", "g": "f8", "b": "?"}
_FORMATS = {np.dtype(dtype): format.encode() for format, dtype in _NUMBERS.items()}


def read(column: Any) -> tuple[np.ndarray, np.ndarray]:
    """values (n, *features) and offsets (batch + 1,) of a list column; a null list is empty.

    Offsets may start above 0. Values are views unless there are several chunks, packed bools, or
    null lists with something in them.
    Raises: ValueError for what is no list of numbers, and naming the position of a null in a list.
    """
    chunks = []
    position = 0
    for chunk in _arrow.open_column(column):
        chunks.append(_read_chunk(chunk, position))
        position += chunk.length
    if len(chunks) == 1:
        return chunks[0]
    parts = [values[offsets[0] : offsets[-1]] for values, offsets in chunks]
    lengths = np.concatenate([np.diff(offsets) for _, offsets in chunks])
    return np.concatenate(parts), np.concatenate([[0], np.cumsum(lengths)])


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


def _read_chunk(chunk: _arrow.Column, position: int) -> tuple[np.ndarray, np.ndarray]:
    """values, offsets of one array, whose first list is at `position` of the column."""
    offsets = _offsets(chunk)
    steps = chunk.child()
    valid = _valid(chunk, 0, chunk.length)
    if valid is None or not np.diff(offsets)[~valid].any():
        return _values(steps, offsets, position), offsets - offsets[0]
    parts = [_values(steps, offsets[:1], position)]  # null lists may hold anything, nulls included
    parts += [_values(steps, offsets[i : i + 2], position + i) for i in np.flatnonzero(valid)]
    lengths = np.where(valid, np.diff(offsets), 0)
    return np.concatenate(parts), np.concatenate([[0], np.cumsum(lengths)])


def _offsets(chunk: _arrow.Column) -> np.ndarray:
    """int64 (length + 1,): where the lists start in the child, and where the last one ends."""
    first, count = chunk.offset, chunk.length + 1
    if chunk.format.startswith("+w:"):
        return np.arange(first, first + count) * int(chunk.format[3:])
    if chunk.format not in ("+l", "+L"):
        hint = ": pass one column of a table" if chunk.format == "+s" else ""
        raise ValueError(
            "expected an Arrow list, large_list or fixed_size_list column, "
            f"got format {chunk.format!r}{hint}"
        )
    if chunk.length == 0:
        return np.zeros(1, np.int64)  # there may be no buffer then
    dtype = np.dtype(np.int32 if chunk.format == "+l" else np.int64)
    offsets = _buffer(chunk, 1, dtype, first + count)[first:].astype(np.int64)
    if offsets[0] < 0 or (offsets[1:] < offsets[:-1]).any():
        raise ValueError("Arrow data is malformed: offsets fall or are negative")
    return offsets


def _values(steps: _arrow.Column, offsets: np.ndarray, position: int) -> np.ndarray:
    """(n, *features): what the lists from `position` on hold, all of `offsets`."""
    start, stop = int(offsets[0]), int(offsets[-1])
    null = _first_null(steps, start, stop)
    if null is not None:
        i = int(np.searchsorted(offsets, null, "right")) - 1
        raise ValueError(
            f"the sequence at position {position + i} has a null at step {null - offsets[i]}: "
            "a list may be null, that is empty, but its steps may not"
        )
    return _numbers(steps, start, stop)


def _numbers(column: _arrow.Column, start: int, stop: int) -> np.ndarray:
    """Entries start:stop, (stop - start, *features)."""
    _check_holds(column, stop)
    start, stop = start + column.offset, stop + column.offset
    if column.format.startswith("+w:"):
        size = int(column.format[3:])
        inner = _numbers(column.child(), start * size, stop * size)
        return inner.reshape(stop - start, size, *inner.shape[1:])
    if column.format not in _NUMBERS:
        raise ValueError(f"expected Arrow lists of numbers, got format {column.format!r} in them")
    if column.format == "b":
        return _bits(column, 1, start, stop)
    return _buffer(column, 1, np.dtype(_NUMBERS[column.format]), stop)[start:]


def _first_null(column: _arrow.Column, start: int, stop: int) -> int | None:
    """The first of the entries start:stop that is null or has a null inside."""
    _check_holds(column, stop)
    valid = _valid(column, start, stop)
    if valid is not None and not valid.all():
        return start + int(np.argmin(valid))
    if column.format.startswith("+w:") and (size := int(column.format[3:])):
        start, stop = start + column.offset, stop + column.offset
        null = _first_null(column.child(), start * size, stop * size)
        return None if null is None else null // size - column.offset
    return None


def _valid(column: _arrow.Column, start: int, stop: int) -> np.ndarray | None:
    """bool (stop - start,), False = null; None if there is no null."""
    if column.null_count == 0 or column.buffer(0, 0) is None:
        return None
    return _bits(column, 0, start + column.offset, stop + column.offset)


def _check_holds(column: _arrow.Column, stop: int) -> None:
    if stop > column.length:
        raise ValueError(
            f"Arrow data is malformed: {column.length} entries where {stop} are referred to"
        )


def _bits(column: _arrow.Column, index: int, start: int, stop: int) -> np.ndarray:
    """Bits start:stop of a buffer, as bool."""
    packed = _buffer(column, index, np.dtype(np.uint8), (stop + 7) // 8)[start // 8 :]
    bits = np.unpackbits(packed, bitorder="little")
    return bits[start % 8 : start % 8 + stop - start].view(bool)


def _buffer(column: _arrow.Column, index: int, dtype: np.dtype, count: int) -> np.ndarray:
    """The first `count` numbers of a buffer, in place."""
    memory = column.buffer(index, count * dtype.itemsize)
    if memory is None:
        if count:
            raise ValueError(f"Arrow data is malformed: {column.format!r} lacks buffer {index}")
        return np.empty(0, dtype)
    return np.frombuffer(memory, dtype, count)
