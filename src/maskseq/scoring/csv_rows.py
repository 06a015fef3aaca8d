"""CSV as tables, some MB of text at a time: plain numbers are read in C, all else by pyarrow."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..data import _lists
from ..given.extras import need
from . import lines
from .standard import standard_input

_BYTES = 2 << 20  # of text in a table
_EXACT = 2**53  # below it float64 tells all whole numbers apart


def tables(path: str, exact: tuple[str, ...] = ()) -> Iterator[tuple[Any, float | None]]:
    """The rows of a file, and the share of it that is read by then, if known.

    They are of the types that pyarrow's reader finds in the first piece, but columns of `exact`
    whose whole numbers are too large for float64 are text.
    Raises: ValueError for what is of another type.
    """
    for number, (table, share) in enumerate(_as_found(path)):
        if wide := _wide(table, exact):
            if number or path == "-":
                raise ValueError(
                    f"column {wide[0]!r} has whole numbers too large for float64, as which it is "
                    "read: give a file that begins with one of them"
                )
            yield from _streamed(path, wide)
            return
        yield table, share


def _wide(table: Any, names: Iterable[str]) -> list[str]:
    """The columns of float64 that have numbers which are not told from the next ones."""
    floats = [n for n in names if n in table.column_names and str(table[n].type) == "double"]
    return [n for n in floats if np.any(np.abs(table[n].to_numpy()) >= _EXACT)]


def _as_found(path: str) -> Iterator[tuple[Any, float | None]]:
    pyarrow = need("pyarrow", "reading CSV", "frames")
    if path != "-":
        pieces = lines.pieces(path, _BYTES)
        first, share = next(pieces, (b"", None))
        head, _, text = first.partition(b"\n")
        names = _names(head)
        columns = _lists.csv_numbers(text, len(names))
        if columns is not None:
            real = [x.dtype.kind == "f" for x in columns]
            table = pyarrow.Table.from_arrays([pyarrow.array(x) for x in columns], names)
            yield table, share
            for text, share in pieces:
                yield _table(head, text, real, table.schema), share
            return
    yield from _streamed(path)


def _streamed(path: str, texts: Iterable[str] = ()) -> Iterator[tuple[Any, None]]:
    """The rows as pyarrow reads them, with the columns `texts` as text."""
    csv, pyarrow = need("pyarrow.csv", "reading CSV", "frames"), need("pyarrow", "", "frames")
    source = standard_input() if path == "-" else pyarrow.input_stream(path)
    read = csv.ReadOptions(block_size=_BYTES)
    types = csv.ConvertOptions(column_types=dict.fromkeys(texts, "string"))
    for batch in csv.open_csv(source, read_options=read, convert_options=types):
        yield pyarrow.Table.from_batches([batch]), None


def _names(head: bytes) -> list[str]:
    """The names of the columns; none if the first line does not say it."""
    if not head.strip() or head.count(b'"') % 2:
        return []
    csv = need("pyarrow.csv", "reading CSV", "frames")
    return csv.read_csv(io.BytesIO(head + b"\n")).column_names


def _table(head: bytes, text: bytes, real: list[bool], schema: Any) -> Any:
    """A piece that is not the first."""
    csv, pyarrow = need("pyarrow.csv", "reading CSV", "frames"), need("pyarrow", "", "frames")
    columns = _lists.csv_numbers(text, len(real), real)
    if columns is not None:
        return pyarrow.Table.from_arrays([pyarrow.array(x) for x in columns], schema=schema)
    types = csv.ConvertOptions(column_types=schema)
    return csv.read_csv(io.BytesIO(head + b"\n" + text), convert_options=types)
