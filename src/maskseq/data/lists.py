"""Rows of a batch to one array: lists and arrays of numbers in C (_lists), the rest by NumPy.

NumPy takes what C leaves, one row at a time, so that results and errors are its own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..given import as_array
from ..given.numbers import is_no_number
from ..given.numpy_ma import is_masked_array, real_part
from ..given.places import placed
from ..tensor import to_float32, warn_of_overflow
from . import _lists

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

_FAST = frozenset("bhilqBHILQfd")  # dtype.char of the numbers that _lists writes
_INT32 = np.iinfo(np.int32)
_NUMBERS = (int, float)


def measure(rows: tuple) -> tuple[tuple, np.ndarray, tuple[int, ...]]:
    """The rows to read, numpy.ma arrays as what is real of them; int64 (batch,) lengths; and the
    shape of the first step there is: () if there is none."""
    rows, lengths, _, head = _measure(rows)
    return rows, lengths, head.shape[1:]


def pack(
    rows: tuple,
    lengths: np.ndarray,
    out: np.ndarray,
    dtype: DTypeLike | None,
    *,
    pad_row: np.ndarray | None = None,
    pad_before: bool = False,
    cut_before: bool = False,
) -> None:
    """Writes the steps of all rows, one after another, into out (steps, *features).

    dtype: what NumPy shall make of a row; None raises _TooNarrow where `out` does not hold it.
    pad_row: (width, *features): each row is cut or padded to `width` steps.
    """

    def put(i: int, first: int, count: int, position: int) -> None:
        steps = _by_numpy(rows, i, first, count, dtype)
        if steps.shape[1:] != out.shape[1:]:
            said = f"Shape of sample {steps.shape[1:]} of sequence at position {i} "
            said += f"is different from expected shape {out.shape[1:]}"
            raise placed(ValueError(said), i)
        if dtype is None:
            _check_holds(out.dtype, steps, rows[i], i)
        _write(out[position : position + count], steps, i)

    if _is_plain(out):
        sides = {"pad_before": pad_before, "cut_before": cut_before}
        _lists.pack(rows, lengths, out, put, pad_row=pad_row, exact=dtype is None, **sides)
        return
    if pad_row is None:
        counts, positions = lengths, offsets_of(lengths)
    else:
        width = len(pad_row)
        out.reshape(len(rows), *pad_row.shape)[...] = pad_row
        counts = np.minimum(lengths, width)
        positions = np.arange(len(rows)) * width + (width - counts) * pad_before
    firsts = (lengths - counts) * cut_before
    for i in np.flatnonzero(counts).tolist():
        put(i, int(firsts[i]), int(counts[i]), int(positions[i]))


def spread(
    values: np.ndarray,
    offsets: np.ndarray,
    out: np.ndarray,
    pad_row: np.ndarray,
    *,
    pad_before: bool,
    cut_before: bool,
) -> None:
    """As pack() of rows values[offsets[i]:offsets[i + 1]], into out (batch, width, *features)."""
    batch, width = out.shape[:2]
    if not _is_plain(out) or not out.size:
        rows = tuple(np.split(values, offsets[1:-1]))
        out = out.reshape(batch * width, *values.shape[1:])
        sides = {"pad_before": pad_before, "cut_before": cut_before}
        return pack(rows, np.diff(offsets), out, out.dtype, pad_row=pad_row, **sides)
    if values.dtype.kind == "f" and out.dtype == np.float32:
        values = to_float32(values, "steps")
    values, size = np.ascontiguousarray(values, out.dtype), math.prod(values.shape[1:])
    _lists.spread(
        values.reshape(len(values), size).view(np.uint8),
        offsets,
        out.reshape(batch, width, size).view(np.uint8),
        pad_row.reshape(width, size).view(np.uint8),
        pad_before=pad_before,
        cut_before=cut_before,
    )


def concatenate(rows: tuple, dtype: DTypeLike | None) -> tuple[np.ndarray, np.ndarray]:
    """values (n, *features), offsets int64 (batch + 1,) of all rows; dtype None = by content."""
    if dtype is None and (found := _lists.join_ints(rows)):
        return found
    rows, lengths, first, head = _measure(rows)
    row = rows[max(first, 0)] if rows else []
    if first < 0 and isinstance(row, np.ndarray):
        head = row  # all are empty, but the first one says what a step would be
    offsets = offsets_of(lengths)
    found = _natural_dtype(head[:0], row, first) if dtype is None else np.dtype(dtype)
    while True:  # once, or a few times: each further round has a wider type
        values = np.empty((offsets[-1], *head.shape[1:]), found)
        try:
            pack(rows, lengths, values, dtype)
        except _TooNarrow as error:
            found = error.needed
        else:
            return values, offsets


def offsets_of(lengths: np.ndarray) -> np.ndarray:
    """int64 (batch + 1,): where each sequence starts, and the end."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def native(dtype: np.dtype) -> np.dtype:
    """The same type in the machine's own byte order."""
    return dtype.newbyteorder("=")


class _TooNarrow(Exception):
    """The values need the dtype `needed`."""

    def __init__(self, needed: np.dtype):
        self.needed = needed


def _is_plain(out: np.ndarray) -> bool:
    """True for the arrays that _lists writes."""
    return out.dtype.char in _FAST and out.dtype.isnative


def _measure(rows: tuple) -> tuple[tuple, np.ndarray, int, np.ndarray]:
    """As `measure`; the first row not empty, or -1, and its first step (1, *features)."""
    lengths = np.empty(len(rows), np.int64)
    first, other = _lists.measure(rows, lengths)
    if any(map(is_masked_array, rows[other:])):
        rows = tuple(real_part(x, i) if is_masked_array(x) else x for i, x in enumerate(rows))
        first, _ = _lists.measure(rows, lengths)
    head = np.empty(0, np.int32) if first < 0 else _by_numpy(rows, first, 0, 1, None)
    return rows, lengths, first, head


def _by_numpy(rows: tuple, i: int, first: int, count: int, dtype: DTypeLike | None) -> np.ndarray:
    """Steps first:first + count of row i as NumPy makes an array of them."""
    try:
        steps = _converted(rows[i][first : first + count], dtype)
    except (TypeError, ValueError, OverflowError) as error:
        kinds = (OverflowError, TypeError, ValueError)
        kind = next(kind for kind in kinds if isinstance(error, kind))
        raise placed(kind(f"`sequences` at position {i}: {error}"), i) from error
    if steps.ndim == 0:
        said = f"`sequences` must hold sequences, got {type(rows[i]).__name__} at position {i}"
        raise placed(TypeError(said), i)
    if len(steps) != count:
        said = f"`sequences` at position {i} changed while it was being read"
        raise placed(RuntimeError(said), i)
    return steps


def _converted(steps: Any, dtype: DTypeLike | None) -> np.ndarray:
    """As NumPy does it; but floats in lists keep their width, for `_write` to see what is lost."""
    given, floats = isinstance(steps, np.ndarray), dtype is not None and np.dtype(dtype).kind == "f"
    if dtype is not None and floats and not given:
        dtype = np.promote_types(dtype, np.float64)
    elif floats and steps.dtype.kind == "f":
        dtype = steps.dtype
    if dtype is not None and np.dtype(dtype).kind in "biuf" and given and is_no_number(steps.dtype):
        raise TypeError(f"{steps.dtype} is no {np.dtype(dtype)}")
    found = as_array(steps, "steps", dtype)
    if found.dtype == object and dtype is None and not given:
        if all(isinstance(x, _NUMBERS) for x in found.flat):
            return found.astype(np.float64)  # with an int that no integer type holds
    return found


def _write(out: np.ndarray, steps: np.ndarray, i: int) -> None:
    """out[...] = steps of the sequence i; says if a finite number becomes infinite."""
    try:
        with np.errstate(over="raise"):
            out[...] = steps
    except FloatingPointError:
        with np.errstate(over="ignore"):
            out[...] = steps
        for number in steps[np.isinf(out) & np.isfinite(steps)][:1]:
            warn_of_overflow(f"`sequences` at position {i}", number, out)


def _natural_dtype(steps: np.ndarray, row: Any, i: int) -> np.dtype:
    """The least dtype for `steps`, which NumPy made of (a part of) `row`, at position i."""
    kind = steps.dtype.kind
    if kind == "f":
        return np.dtype(np.float32)
    if kind not in "biu":
        said = f"`sequences` must hold numbers, got {steps.dtype} at position {i}"
        raise placed(TypeError(said), i)
    if kind != "b" and not isinstance(row, np.ndarray):
        if not steps.size or (_INT32.min <= steps.min() and steps.max() <= _INT32.max):
            return np.dtype(np.int32)
    return native(steps.dtype)


def _check_holds(dtype: np.dtype, steps: np.ndarray, row: Any, i: int) -> None:
    """Raises _TooNarrow if `dtype`, of the values so far, does not hold `steps` as well."""
    found = _natural_dtype(steps, row, i)
    needed = np.promote_types(dtype, found)
    if needed.kind == "f":
        if dtype.kind != "f" and found.kind != "f":
            said = f"`sequences` at position {i}: nothing holds {dtype} and {found}"
            raise placed(OverflowError(said), i)
        needed = np.dtype(np.float32)
    if needed != dtype:
        raise _TooNarrow(needed)
