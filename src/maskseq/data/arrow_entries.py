"""The entries of an Arrow column: numbers, bools, lists, structs and tensors of them; nulls.

An entry of a list may be a number, a list or a struct of numbers, always as many, or a tensor.
"""

import json
import math
import sys

import numpy as np

from ..given.places import placed
from . import _arrow

NUMBERS = {"c": "i1", "C": "u1", "s": "i2", "S": "u2", "i": "i4", "I": "u4", "l": "i8", "L": "u8"}
NUMBERS |= {"e": "f2", "f": "f4", "g": "f8", "b": "?"}
_LISTS = {"+l": np.int32, "+L": np.int64}
_VIEWS = {"+vl": np.int32, "+vL": np.int64}
_KINDS = {"u": "text", "U": "text", "vu": "text", "z": "bytes", "n": "nulls", "+s": "structs"}
_KINDS |= {"t": "dates or times", "d": "decimals", "+m": "maps", "dictionary": "categories"}
_EXTENSION = b"ARROW:extension:name", b"ARROW:extension:metadata"


def read_lists(
    column: _arrow.Column, start: int, stop: int, position: int
) -> tuple[np.ndarray, np.ndarray]:
    """values, offsets from 0 of the entries start:stop, the first at `position` of all."""
    starts, lengths = _lists(column, start, stop)
    steps, valid = column.child(), _valid(column, start, stop)
    if valid is not None:
        lengths = np.where(valid, lengths, 0)  # a null list may hold anything, nulls included
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    if len(starts) and (starts[1:] == starts[:-1] + lengths[:-1]).all():
        return _values(steps, starts[0] + offsets, position), offsets
    some = np.flatnonzero(lengths)
    if not len(some):
        return entries(steps, 0, 0), offsets
    first, ends = starts[some], starts[some] + lengths[some]
    if (first[1:] == ends[:-1]).all():
        return _values(steps, first[0] + offsets, position), offsets
    low, high = int(first.min()), int(ends.max())
    if first_null(steps, low, high) is None:
        index = np.arange(offsets[-1]) + np.repeat(starts - low - offsets[:-1], lengths)
        return entries(steps, low, high)[index], offsets
    parts = [
        _values(steps, starts[i] + np.array([0, lengths[i]]), position + i) for i in some.tolist()
    ]
    return joined(parts), offsets


def joined(parts: list[np.ndarray]) -> np.ndarray:
    """One array of the parts; empty ones may not know the shape of an entry."""
    parts = [part for part in parts if len(part)] or parts[:1]
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) > 1:
        raise ValueError(f"steps must have one shape, got {sorted(shapes)} in different chunks")
    return np.concatenate(parts)


def _lists(column: _arrow.Column, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """int64 (stop - start,) each: where lists start in the child, and how long they are."""
    first, count, format = column.offset + start, stop - start, column.format
    if format.startswith("+w:"):
        size = _size_of(column)
        _check_holds(column.child().length, (first + count) * size)
        return np.arange(first, first + count) * size, np.full(count, size)
    if format not in _LISTS and format not in _VIEWS:
        hint = ": pass one column of a table" if format == "+s" else ""
        raise ValueError(
            "expected an Arrow list, large_list or fixed_size_list column, "
            f"got {_described(format)}{hint}"
        )
    if count == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)  # there may be no buffers then
    if format in _VIEWS:
        starts, lengths = (_part(column, i, _VIEWS[format], first, count) for i in (1, 2))
    else:
        offsets = _part(column, 1, _LISTS[format], first, count + 1)
        starts, lengths = offsets[:-1], np.diff(offsets)
    _check_lists(starts, lengths, column.child().length)
    return starts, lengths


def _check_lists(starts: np.ndarray, lengths: np.ndarray, held: int) -> None:
    """Lists must be inside the `held` entries of the child, and not of more steps than memory."""
    if starts.min() < 0 or lengths.min() < 0:
        raise ValueError("Arrow data is malformed: offsets fall or are negative")
    beyond = lengths > held - starts
    if beyond.any():
        i = int(np.argmax(beyond))
        _check_holds(held, int(starts[i]) + int(lengths[i]))
    if int(lengths.max()) * len(lengths) > sys.maxsize:
        raise ValueError("Arrow data is malformed: lists of more steps than memory holds")


def _values(steps: _arrow.Column, offsets: np.ndarray, position: int) -> np.ndarray:
    """(n, *features): what the lists from `position` on hold, all of `offsets`."""
    start, stop = int(offsets[0]), int(offsets[-1])
    null = first_null(steps, start, stop)
    if null is not None:
        i = int(np.searchsorted(offsets, null, "right")) - 1
        row, step = position + i, int(null - offsets[i])
        said = f"the sequence at position {row} has a null at step {step}: "
        raise placed(
            ValueError(f"{said}a list may be null, that is empty, but its steps may not"), row, step
        )
    return entries(steps, start, stop)


# --- entries of a column


def entries(column: _arrow.Column, start: int, stop: int) -> np.ndarray:
    """Entries start:stop, of which none is null, (stop - start, *features)."""
    _check_holds(column.length, stop)
    format, first, last = column.format, start + column.offset, stop + column.offset
    if format.startswith("+w:"):
        size = _size_of(column)
        inner = entries(column.child(), first * size, last * size)
        return _shaped(column, inner.reshape(stop - start, size, *inner.shape[1:]))
    if format == "+s":
        return _fields(column, first, last)
    if format in _LISTS or format in _VIEWS:
        return _inner_lists(column, start, stop)
    if format == "n" and start == stop:
        return np.empty(0, np.int32)  # of lists that are all empty
    if format not in NUMBERS:
        raise ValueError(f"expected Arrow lists of numbers, got {_described(format)} in them")
    if format == "b":
        return _bits(column, 1, first, last)
    return _buffer(column, 1, np.dtype(NUMBERS[format]), last)[first:]


def _fields(column: _arrow.Column, first: int, last: int) -> np.ndarray:
    """Entries of a struct of numbers: (n, fields)."""
    found = []
    for index in range(column.children):
        field = column.field(index)
        if field.format not in NUMBERS:
            what = f"column {field.name!r} holds {_described(field.format)}"
            raise ValueError(f"expected a table of numbers, or one of its columns; {what}")
        found.append(entries(field, first, last))
    if not found:
        raise ValueError("expected a table of numbers, got one without columns")
    return np.stack(found, axis=1)


def _inner_lists(column: _arrow.Column, start: int, stop: int) -> np.ndarray:
    """Entries that are lists, all of one length."""
    values, offsets = read_lists(column, start, stop, start)
    lengths = np.diff(offsets)
    if not len(lengths):
        return values
    if (lengths != lengths[0]).any():
        i = int(np.argmax(lengths != lengths[0]))
        raise ValueError(
            "every step must have as many numbers, "
            f"got {lengths[0]} in the first one and {lengths[i]} in another"
        )
    return values.reshape(len(lengths), lengths[0], *values.shape[1:])


def _shaped(column: _arrow.Column, values: np.ndarray) -> np.ndarray:
    """Fixed-size lists (n, size, ...) as the tensors they stand for, if they do."""
    shape = tensor_shape(column)
    if shape is None:
        return values
    sizes, order = shape
    tensors = values.reshape(len(values), *sizes, *values.shape[2:])
    rest = range(1 + len(sizes), tensors.ndim)
    return tensors.transpose(0, *[1 + axis for axis in order], *rest)


def tensor_shape(column: _arrow.Column) -> tuple[list[int], list[int]] | None:
    """The shape in memory and the order of axes of a fixed_shape_tensor; None if it is none."""
    if not column.format.startswith("+w:"):
        return None
    metadata = column.metadata()
    name, text = (metadata.get(key, b"") for key in _EXTENSION)
    if name != b"arrow.fixed_shape_tensor":
        return None
    try:
        said = json.loads(text)
        sizes = said["shape"]
        order = said.get("permutation") or list(range(len(sizes)))
        fits = all(type(n) is int and n >= 0 for n in sizes) and len(sizes) < 32
        fits = fits and math.prod(sizes) == _size_of(column)
        if fits and sorted(order) == list(range(len(sizes))):
            return sizes, order
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        pass
    raise ValueError(
        f"Arrow data is malformed: a tensor of {_size_of(column)} numbers of shape {text[:80]!r}"
    )


# --- nulls


def first_null(column: _arrow.Column, start: int, stop: int) -> int | None:
    """The first of the entries start:stop that is null or has a null inside."""
    _check_holds(column.length, stop)
    format = column.format
    if start == stop:
        return None
    if format == "n":
        return start
    valid = _valid(column, start, stop)
    if valid is not None and not valid.all():
        return start + int(np.argmin(valid))
    first, last = start + column.offset, stop + column.offset
    if format.startswith("+w:") and (size := _size_of(column)):
        null = first_null(column.child(), first * size, last * size)
        return None if null is None else null // size - column.offset
    if format == "+s":
        nulls = [first_null(column.field(i), first, last) for i in range(column.children)]
        known = [null - column.offset for null in nulls if null is not None]
        return min(known, default=None)
    if format in _LISTS or format in _VIEWS:
        return _first_with_null(column, start, stop)
    return None


def _first_with_null(column: _arrow.Column, start: int, stop: int) -> int | None:
    """The first of the lists start:stop that has a null inside."""
    starts, lengths = _lists(column, start, stop)
    some = np.flatnonzero(lengths)
    steps = column.child()
    if len(some):
        first, ends = starts[some], starts[some] + lengths[some]
        if first_null(steps, int(first.min()), int(ends.max())) is not None:
            for i, low, high in zip(some.tolist(), first.tolist(), ends.tolist(), strict=True):
                if first_null(steps, low, high) is not None:
                    return start + i
    return None


def what_is_null(chunk: _arrow.Column, row: int) -> str:
    """What is null in a row: the row, or one of its columns."""
    for index in range(chunk.children if chunk.format == "+s" else 0):
        field, at = chunk.field(index), row + chunk.offset
        if first_null(field, at, at + 1) is not None:
            return f"has a null in column {field.name!r}"
    return "is null, or holds a null"


def _valid(column: _arrow.Column, start: int, stop: int) -> np.ndarray | None:
    """bool (stop - start,), False = null; None if there is no null."""
    if column.null_count == 0:
        return None
    if column.buffer(0, 0) is None:
        if column.null_count > 0:
            raise ValueError(f"Arrow data is malformed: {column.null_count} nulls without a bitmap")
        return None
    return _bits(column, 0, start + column.offset, stop + column.offset)


# --- buffers


def _size_of(column: _arrow.Column) -> int:
    """How many entries a list of "+w:size" has."""
    text = column.format[3:]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError(f"Arrow data is malformed: format {column.format!r}")
    return int(text)


def _described(format: str) -> str:
    kind = _KINDS.get(format) or _KINDS.get(format[:2]) or _KINDS.get(format[:1])
    return f"format {format!r}" + (f" ({kind})" if kind else "")


def _check_holds(held: int, stop: int) -> None:
    if stop > held:
        raise ValueError(f"Arrow data is malformed: {held} entries where {stop} are referred to")


def _bits(column: _arrow.Column, index: int, start: int, stop: int) -> np.ndarray:
    """Bits start:stop of a buffer, as bool."""
    packed = _buffer(column, index, np.dtype(np.uint8), (stop + 7) // 8)[start // 8 :]
    bits = np.unpackbits(packed, bitorder="little")
    return bits[start % 8 : start % 8 + stop - start].view(bool)


def _part(column: _arrow.Column, index: int, dtype: type, first: int, count: int) -> np.ndarray:
    """Integers first:first + count of a buffer, as int64."""
    return _buffer(column, index, np.dtype(dtype), first + count)[first:].astype(np.int64)


def _buffer(column: _arrow.Column, index: int, dtype: np.dtype, count: int) -> np.ndarray:
    """The first `count` numbers of a buffer, in place."""
    size = count * dtype.itemsize
    memory = column.buffer(index, size) if size <= sys.maxsize else None
    if memory is None:
        if count:
            raise ValueError(f"Arrow data is malformed: {column.format!r} lacks buffer {index}")
        return np.empty(0, dtype)
    return np.frombuffer(memory, dtype, count)
