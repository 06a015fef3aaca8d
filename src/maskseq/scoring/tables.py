"""Parquet, Arrow IPC and CSV, read piece by piece with pyarrow, as blocks."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from ..data import frames, grouping
from ..given.extras import need
from ..given.places import placed, rows_of
from ..models import asked
from . import csv_rows
from .block import Block, Reading, columns_in, of_file
from .keys import Keys
from .standard import standard_input

_BYTES = 8 << 20  # about what a piece of a Parquet file takes
_ROWS = 1 << 16  # at most so many rows a piece


def count_of(path: str, kind: str) -> int | None:
    """How many rows a file has, if it says so."""
    if kind == "parquet":
        return (
            need("pyarrow.parquet", "reading Parquet", "frames").ParquetFile(path).metadata.num_rows
        )
    return None


def pieces(
    path: str, kind: str, skip: int, exact: tuple[str, ...] = ()
) -> Iterator[tuple[Any, float | None]]:
    """The rows of a file from number `skip` on, as tables, and how much is read by then.

    exact: columns of CSV whose numbers are text where float64 does not tell them apart.
    Raises: ValueError naming the file.
    """
    reader = {"parquet": _parquet, "arrow": _ipc, "csv": partial(csv_rows.tables, exact=exact)}[
        kind
    ]
    seen = 0
    with _of_file(path, 0):
        for table, share in reader(path):
            start = max(skip - seen, 0)
            seen += table.num_rows
            if start < table.num_rows:
                yield (table.slice(start) if start else table), share


@contextmanager
def _of_file(path: str, first: int) -> Iterator[None]:
    """An error of what is read in the body names the file, and a row as counted from `first` on."""
    try:
        with rows_of(lambda row: row + first):
            yield
    except ValueError as error:
        named = of_file(error, path)
        raise named from (None if named is error else error)


def _parquet(path: str) -> Iterator[tuple[Any, float | None]]:
    parquet, pyarrow = (
        need("pyarrow.parquet", "reading Parquet", "frames"),
        need("pyarrow", "", "frames"),
    )
    file = parquet.ParquetFile(path, pre_buffer=False)
    facts = file.metadata
    size = sum(facts.row_group(i).total_byte_size for i in range(facts.num_row_groups))
    rows = int(np.clip(_BYTES * facts.num_rows // max(size, 1), 64, _ROWS))
    seen = 0
    for batch in file.iter_batches(batch_size=rows):
        seen += batch.num_rows
        yield pyarrow.Table.from_batches([batch]), seen / facts.num_rows


def _ipc(path: str) -> Iterator[tuple[Any, float | None]]:
    pyarrow = need("pyarrow", "reading Arrow IPC", "frames")
    if path == "-":
        batches, count = pyarrow.ipc.open_stream(standard_input()), None
    else:
        try:
            file = pyarrow.ipc.open_file(pyarrow.OSFile(path))
        except pyarrow.ArrowInvalid:
            batches, count = pyarrow.ipc.open_stream(pyarrow.input_stream(path)), None
        else:
            count = file.num_record_batches
            batches = (file.get_batch(i) for i in range(count))
    for number, batch in enumerate(batches, 1):
        for start in range(0, batch.num_rows, _ROWS):
            share = None if count is None else number / count
            yield pyarrow.Table.from_batches([batch.slice(start, _ROWS)]), share


def blocks(path: str, kind: str, how: Reading, skip: int) -> Iterator[Block]:
    """The sequences of a file from row `skip` on.

    Raises: ValueError naming the file, the column, the row.
    """
    tables = pieces(path, kind, skip, _carried_names(how))
    if how.by is not None:
        yield from _long(path, tables, how, skip)
        return
    first = skip
    for table, share in tables:
        with _of_file(path, first):
            taken = _inputs(table, how)
            kept = _kept(table, how, taken)
            cuts = _cuts(table, taken, how.steps)
        for start, stop in cuts:
            part, count = table.slice(start, stop - start), stop - start
            with _of_file(path, first + start):
                x = asked.read(part, None, None, how.columns, how.nulls)[0]
            x = part[taken[0]] if how.columns is None and not how.inputs else x
            carried = {name: part[name] for name in kept}
            yield Block(x, carried, count, count, first + start, {}, share, path=path)
        first += table.num_rows


def _carried_names(how: Reading) -> tuple[str, ...]:
    """The columns that are named as keys, or to go along."""
    keys = [] if how.by is None else grouping.names_of_keys(how.by)
    return (*keys, *(how.keep or ()))


def _inputs(table: Any, how: Reading) -> list[str]:
    """The names of the columns that a model reads."""
    if how.columns is not None:
        return columns_in(how.columns)
    if how.inputs:
        return list(how.inputs)
    kinds = {name: frames.kind_of(column) for name, column in _columns(table).items()}
    for wanted in ("lists", "text"):
        found = [name for name, kind in kinds.items() if kind == wanted]
        if len(found) == 1:
            return found
    frames.sole_column(table)
    raise AssertionError("sole_column raises where there is no such column")


def _kept(table: Any, how: Reading, taken: list[str]) -> list[str]:
    if how.keep is not None:
        for name in how.keep:
            frames.column_of(table, name)
        return list(how.keep)
    columns = {name: x for name, x in _columns(table).items() if name not in taken}
    return [name for name, column in columns.items() if frames.kind_of(column) != "lists"]


def _columns(table: Any) -> dict[str, Any]:
    """All columns by their names. Raises: ValueError naming one that another has too."""
    columns = dict(zip(table.column_names, table.columns, strict=True))
    if len(columns) < table.num_columns:
        for name in table.column_names:
            frames.column_of(table, name)
    return columns


def _cuts(table: Any, taken: list[str], steps: int) -> list[tuple[int, int]]:
    """Where blocks begin and end: by the steps of the first column that has lists."""
    column = next((table[n] for n in taken if frames.kind_of(table[n]) == "lists"), None)
    if column is None:
        return [(0, table.num_rows)]
    pyarrow = need("pyarrow.compute", "scoring", "frames")
    lengths = pyarrow.fill_null(pyarrow.list_value_length(column), 0).to_numpy()
    return cuts_of(lengths, steps)


def cuts_of(lengths: np.ndarray, steps: int) -> list[tuple[int, int]]:
    """Where blocks of at most `steps` steps begin and end."""
    ends, found, start = np.cumsum(lengths, dtype=np.int64), [], 0
    while start < len(ends):
        before = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, before + steps, "right")), start + 1)
        found.append((start, stop))
        start = stop
    return found


# --- long format: rows of one key follow each other


def _long(
    path: str, tables: Iterator[tuple[Any, float | None]], how: Reading, skip: int
) -> Iterator[Block]:
    pyarrow = need("pyarrow", "scoring", "frames")
    names = grouping.names_of_keys(how.by)
    pool = pyarrow.system_memory_pool()  # Arrow's own gives memory back between two blocks
    held, first, seen = None, skip, Keys()
    for table, share in tables:
        table = table if held is None else pyarrow.concat_tables([held, table])
        table = table.combine_chunks(pool)
        with _of_file(path, first):
            keys = grouping.keys_of(table, names)
        starts = grouping.starts_of(keys)
        last = int(starts[-1])  # its key may go on in the next table
        held = table.slice(last)
        if last:
            table, keys = table.slice(0, last), [key[:last] for key in keys]
            with _of_file(path, first):
                block = _sequences(path, table, how, keys, starts[:-1], first, share, seen)
            yield block
            first += last
    if held is not None and held.num_rows:
        with _of_file(path, first):
            keys = grouping.keys_of(held, names)
            block = _sequences(path, held, how, keys, np.zeros(1, np.int64), first, 1.0, seen)
        yield block


def _sequences(
    path: str,
    table: Any,
    how: Reading,
    keys: list[np.ndarray],
    starts: np.ndarray,
    first: int,
    share: float | None,
    seen: Keys,
) -> Block:
    """The groups of a table whose `keys` change at the rows `starts`."""
    names = grouping.names_of_keys(how.by)
    groups = grouping.group(keys, grouping.times_of(table, how.sorted_by), starts)
    back = groups.comes_back()
    if back is None:
        at = seen.first_seen([key[groups.heads] for key in keys])
        back = None if at is None else int(groups.heads[at])
    if back is not None:
        said = f"a key comes back after others, in row {back}: sort the file by {', '.join(names)}"
        raise placed(ValueError(said), back)
    columns = how.columns
    if columns is None:
        columns = grouping.features_of(table, how.by, how.sorted_by)
    x = grouping.sequences_of(table, groups, columns, how.nulls)
    kept = names if how.keep is None else list(how.keep)
    carried = {name: frames.taken(frames.column_of(table, name), groups.heads) for name in kept}
    count = len(groups.heads)
    return Block(x, carried, count, table.num_rows, first, {}, share, groups.heads, path)
