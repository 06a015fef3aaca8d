"""JSON lines as blocks: a list in each line, or an object with a list among its values."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..data import _lists
from ..data.ragged import Ragged
from ..given.places import in_file
from ..storage import json
from ..storage.text import printable
from . import lines
from .block import Block, Reading, columns_in
from .json_text import Texts

_ROOM, _GROWTH = 48 << 20, 7  # memory that a line may take: so much, and so many times its size
_BYTES = 1 << 20  # of text in a block
_NUMBER = 4  # bytes of text a step has at least, about


def blocks(path: str, how: Reading, skip: int) -> Iterator[Block]:
    """The sequences of a file from line `skip` on, counted from 0.

    Raises: ValueError naming the file and the line.
    """
    limit = -1 if how.whole else min(_BYTES, how.steps * _NUMBER)
    for text, share in lines.pieces(path, limit, skip):
        block = _of_lists(path, text, skip, how, share)
        if block is None:
            block = _of_any(path, io.BytesIO(text).readlines(), skip, how, share)
        yield block
        skip += block.rows


def _of_lists(
    path: str, text: bytes, first: int, how: Reading, share: float | None
) -> Block | None:
    """A block of what C reads: lists of numbers, in objects that have one; None: it is not that."""
    carried: dict[str, Any] = {}
    key, kept = None, []
    if how.inputs and how.columns is None:
        return None
    if text.lstrip(b" \t\r")[:1] == b"{":
        line = text.partition(b"\n")[0]
        try:
            sample = json.numbers(line, _ROOM + _GROWTH * len(line))
            key = how.columns if how.columns is not None else _sole(path, sample)
        except ValueError:
            return None
        if not isinstance(key, str) or (how.keep is not None and key in how.keep):
            return None
        kept = list(how.keep) if how.keep is not None else _others(sample, [key])
    elif how.columns is not None:
        return None
    names = [name.encode() for name in kept]
    found = _lists.json_lists(text, None if key is None else key.encode(), names)
    if found is None:
        return None
    values, lengths, *members = found
    if key is not None:
        try:
            carried = _carried(text, kept, *members)
        except ValueError:
            return None
    x, count = Ragged.from_lengths(values, lengths), len(lengths)
    return Block(x, carried, count, count, first, {}, share, path=path, lines=True)


def _carried(
    text: bytes, names: list[str], spans: np.ndarray, plain: np.ndarray, others: bytes
) -> dict[str, Any]:
    """The columns that are kept of objects. Raises: ValueError for what is no JSON."""
    if not text.isascii():
        text.decode()
    room = _ROOM + _GROWTH * len(text)
    json.numbers(others, room)
    columns = [Texts(text, places) for places in spans]
    return {
        name: column if as_written else json.numbers(column.as_list(), room)
        for name, column, as_written in zip(names, columns, plain, strict=True)
    }


def _row(path: str, line: bytes, number: int, how: Reading, bad: dict[int, str], at: int) -> Any:
    try:
        row = json.numbers(line, _ROOM + _GROWTH * len(line))
        if not isinstance(row, list | dict):
            raise TypeError("expected a list for each sequence")
        return row
    except ValueError as error:
        said = f"line {number + 1} is not JSON: {error}"
    except TypeError as error:
        said = f"line {number + 1}: {error}"
    _refuse(path, said, number, how, bad, at)
    return None


def _of_any(path: str, given: list[bytes], first: int, how: Reading, share: float | None) -> Block:
    """A block of lines of any JSON."""
    rows: list[Any] = []
    bad: dict[int, str] = {}
    for i, line in enumerate(given):
        rows.append(_row(path, line, first + i, how, bad, i))
    sample = next((row for row in rows if row is not None), [])
    carried: dict[str, Any] = {}
    if isinstance(sample, list):
        x = _checked(path, rows, list, bad, first, how, [])
        if how.columns is not None or how.inputs:
            raise ValueError(f"{printable(path)}: lists have no columns: write objects")
    else:
        taken = how.columns if how.columns is not None else how.inputs or _sole(path, sample)
        columns = {name: name for name in taken} if isinstance(taken, tuple) else taken
        found = _checked(path, rows, dict, bad, first, how, {})
        names = columns_in(columns)
        for i, row in enumerate(found):
            missing = [name for name in names if name not in row]
            if missing and i not in bad:
                _note(path, f"it has no {missing[0]!r}", first, i, bad, how)
        x = _values(found, columns)
        kept = how.keep if how.keep is not None else _others(sample, names)
        carried = {name: [row.get(name) for row in found] for name in kept}
    return Block(x, carried, len(rows), len(rows), first, bad, share, path=path, lines=True)


def _checked(
    path: str,
    rows: list[Any],
    kind: type,
    bad: dict[int, str],
    first: int,
    how: Reading,
    empty: Any,
) -> list[Any]:
    """The rows, with `empty` in place of what is of another kind or bad."""
    word = "a list" if kind is list else "an object"
    for i, row in enumerate(rows):
        if row is not None and not isinstance(row, kind):
            _note(path, f"expected {word}, as in the lines before", first, i, bad, how)
    return [row if isinstance(row, kind) else empty for row in rows]


def _note(path: str, said: str, first: int, i: int, bad: dict[int, str], how: Reading) -> None:
    _refuse(path, f"line {first + i + 1}: {said}", first + i, how, bad, i)


def _refuse(path: str, said: str, line: int, how: Reading, bad: dict[int, str], at: int) -> None:
    """Raise what is wrong with a line, or note it as that of sequence `at` of a block."""
    said = f"{printable(path)}: {printable(said)}"
    if not how.skip:
        raise in_file(ValueError(said), path, line)
    bad[at] = said


def _sole(path: str, sample: dict[str, Any]) -> str:
    """The key of the one list in an object, or of its one text."""
    for kind in (list, str):
        found = [name for name, value in sample.items() if isinstance(value, kind)]
        if len(found) == 1:
            return found[0]
        if found:
            break
    raise ValueError(f"{printable(path)}: say which of {', '.join(sample)} is the input: columns=")


def _others(sample: dict[str, Any], taken: list[str]) -> list[str]:
    return [n for n, v in sample.items() if n not in taken and not isinstance(v, list | dict)]


def _values(rows: list[dict[str, Any]], columns: Any) -> Any:
    """What a model is given: null is an empty sequence."""
    if isinstance(columns, dict):
        return {key: _values(rows, part) for key, part in columns.items()}
    if not isinstance(columns, list):
        return [[] if (value := row.get(columns)) is None else value for row in rows]
    return [list(zip(*(row.get(name) or [] for name in columns), strict=True)) for row in rows]
