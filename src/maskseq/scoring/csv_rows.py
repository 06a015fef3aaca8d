"""CSV as tables, some MB of text at a time: plain numbers are read in C, all else by pyarrow."""

import io
import sys
from collections.abc import Iterator
from typing import Any

from ..data import _lists
from ..given.extras import need
from . import lines

_BYTES = 2 << 20  # of text in a table


def tables(path: str) -> Iterator[tuple[Any, float | None]]:
    """The rows of a file, and the share of it that is read by then, if known.

    They are of the types that pyarrow's reader finds in the first piece.
    Raises: ValueError for what is of another type.
    """
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


def _streamed(path: str) -> Iterator[tuple[Any, None]]:
    csv, pyarrow = need("pyarrow.csv", "reading CSV", "frames"), need("pyarrow", "", "frames")
    source = sys.stdin.buffer if path == "-" else pyarrow.input_stream(path)
    for batch in csv.open_csv(source, read_options=csv.ReadOptions(block_size=_BYTES)):
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
