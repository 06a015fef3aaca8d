"""Sequences from JSON: lists of numbers, or of a list of numbers for each step.

Rows become arrays some at a time, as Python's lists of them can take 50 times the room of their
text.
"""

import re
from collections.abc import Iterable, Iterator

import numpy as np

from ..storage import json
from .ragged import Ragged

_BLOCK = 1 << 18  # bytes of text whose rows are lists at the same time
_WINDOW = 1 << 20  # bytes whose brackets are counted at once
_ROOM, _GROWTH = 48 << 20, 7  # memory that lists may take: so much, and so many times the file
_COMMA = re.compile(rb"[ \t\r\n]*,")


def from_lines(lines: Iterable[bytes], size: int) -> Ragged:
    """The sequences in JSON lines, `size` bytes in all, one list in each line.

    Raises: ValueError that names the line, or the position of the sequence, at fault.
    """
    return _joined(_parsed_lines(lines, _ROOM + _GROWTH * size))


def from_text(raw: bytes) -> Ragged:
    """The sequences in one JSON list of lists. Raises: as `from_lines`."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n")
    if not raw.startswith(b"[") or b'"' in raw or b"{" in raw:
        raise ValueError("expected a list for each sequence, and numbers in it")
    if not raw.endswith(b"]"):
        raise ValueError("not JSON: cut short, as it does not end with ]")
    return _joined(_parsed_blocks(raw, _ROOM + _GROWTH * len(raw)))


def _parsed_lines(lines: Iterable[bytes], room: int) -> Iterator[list]:
    rows, taken = [], 0
    for number, line in enumerate(lines, 1):
        try:
            rows.append(json.numbers(line, room))
        except ValueError as error:
            raise ValueError(f"line {number} is not JSON: {error}") from error
        taken += len(line)
        if taken > _BLOCK:
            yield rows
            rows, taken = [], 0
    yield rows


def _parsed_blocks(raw: bytes, room: int) -> Iterator[list]:
    for start, end in _blocks(raw):
        try:
            yield json.numbers(b"[" + raw[start:end] + b"]", room)
        except ValueError as error:
            raise ValueError(f"not JSON in its bytes {start} to {end}: {error}") from error


def _blocks(raw: bytes) -> Iterator[tuple[int, int]]:
    """Where the text of some rows begins and ends, inside the outer brackets."""
    start, last = 1, len(raw) - 1
    for end in _row_ends(raw):
        if end - start < _BLOCK:
            continue
        yield start, end
        comma = _COMMA.match(raw, end)
        start = comma.end() if comma else end
        if comma is None and raw[end:last].strip():
            raise ValueError(f"not JSON at byte {end}: no comma between two lists")
        if comma is not None and not raw[start : start + 100].strip(b" \t\r\n]"):
            raise ValueError(f"not JSON at byte {end}: nothing follows the comma")
    if start == 1 or raw[start:last].strip():
        yield start, last


def _row_ends(raw: bytes) -> Iterator[int]:
    """Where each list inside the outer one ends."""
    depth = 0
    for start in range(1, len(raw) - 1, _WINDOW):
        part = np.frombuffer(raw, np.uint8, min(_WINDOW, len(raw) - 1 - start), start)
        closes = part == ord("]")
        depths = depth + np.cumsum((part == ord("[")).astype(np.int8) - closes, dtype=np.int64)
        yield from (np.flatnonzero(closes & (depths == 0)) + start + 1).tolist()
        depth = depths[-1]


def _joined(blocks: Iterable[list]) -> Ragged:
    """All rows as one Ragged, as `Ragged.from_list` makes it of all at once."""
    parts, count = [], 0
    shape = None
    for rows in blocks:
        if not all(isinstance(row, list) for row in rows):
            raise ValueError("expected a list for each sequence")
        try:
            part = Ragged.from_list(rows)
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise ValueError(_moved(str(error), count)) from error
        if len(part.values):
            shape = part.values.shape[1:] if shape is None else shape
            if part.values.shape[1:] != shape:
                raise ValueError(
                    f"steps of shape {part.values.shape[1:]} from the sequence at position {count} "
                    f"on, expected shape {shape} as before"
                )
        parts.append(part)
        count += len(rows)
    filled = [part.values for part in parts if len(part.values)]
    if not filled:
        return Ragged.from_lengths(parts[0].values, np.zeros(count, np.int64))
    dtype = _common(filled)
    values = np.concatenate([part.astype(dtype, copy=False) for part in filled])
    return Ragged.from_lengths(values, np.concatenate([part.lengths for part in parts]))


def _common(parts: list[np.ndarray]) -> np.dtype:
    """The dtype that `Ragged.from_list` gives to lists that alone would be of these."""
    kinds = {part.dtype.kind for part in parts}
    return np.dtype(np.float32) if "f" in kinds else np.result_type(*{p.dtype for p in parts})


def _moved(message: str, by: int) -> str:
    """A message about a block's rows, with positions counted from the first row of all."""
    return re.sub(r"position (\d+)", lambda found: f"position {int(found[1]) + by}", message)
