"""Answers as bytes: a part of a result at a time, and the result made of its parts."""

import gzip
import json
import shutil
import zlib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from ..data import _lists
from ..data.ragged import Ragged
from ..given.extras import need
from ..models.answers import as_numbers
from ..storage import atomic
from . import array_sink
from .block import Answers
from .json_text import Texts, texts_of, values_as_text

_PIECE = 1 << 20  # bytes copied at a time
_ROWS = 1 << 13  # of CSV written at a time


class Format(Protocol):
    """How a result is written: in parts of some answers each, then all of them in order."""

    def part(self, answers: list[Answers], file: BinaryIO) -> None:
        """Write a part of answers, of at least one block."""
        ...

    def join(self, parts: list[Path], file: BinaryIO) -> None:
        """Write the result of at least one part."""
        ...


def format_of(kind: str, path: str, plain: bool) -> Format:
    """The format of a result of that kind. plain: JSON lines may be lists for a single output.

    Raises: ImportError naming what is not installed; ValueError for a kind that is not written.
    """
    packed = path.endswith(".gz")
    if kind == "jsonl":
        return JsonLines(plain, packed)
    if kind == "csv":
        return Csv(packed)
    if kind in ("parquet", "arrow"):
        if packed:
            raise ValueError(f"{path}: Parquet and Arrow files are not packed by gzip")
        return Tables(kind)
    if path.endswith((".npy", ".npz")):
        return array_sink.Arrays(path.endswith(".npz"))
    raise ValueError(f"{path}: expected a file ending in .npy .npz .jsonl .parquet .arrow .csv")


def replace(path: str | Path, made: Format, parts: list[Path]) -> None:
    """Write the result of parts to `path`, whole or not at all: see storage.atomic."""
    with atomic.replacing(path) as file:
        made.join(parts, file)


class _Text:
    """Lines: a result is its parts one after the other, packed ones too."""

    def __init__(self, packed: bool):
        self._packed = packed

    def part(self, answers: list[Answers], file: BinaryIO) -> None:
        pieces = (piece for part in answers for piece in self.pieces(part))
        if not self._packed:
            file.writelines(pieces)
            return
        with gzip.GzipFile(
            filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0
        ) as packed:
            for piece in pieces:
                packed.write(piece)

    def pieces(self, answers: Answers) -> Iterator[bytes]:
        raise NotImplementedError

    def join(self, parts: list[Path], file: BinaryIO) -> None:
        for path in parts:
            with path.open("rb") as part:
                shutil.copyfileobj(part, file, _PIECE)


class JsonLines(_Text):
    """A line for each sequence: an object, or a list if `plain`; null where there is no answer."""

    def __init__(self, plain: bool, packed: bool):
        super().__init__(packed)
        self._plain = plain

    def pieces(self, answers: Answers) -> Iterator[bytes]:
        plain = self._plain and not answers.carried and len(answers.scores) == 1
        scores = [texts_of(y if plain else as_numbers(y)) for y in answers.scores.values()]
        if not answers.valid.all():  # a piece of no bytes is null
            real = answers.valid[:, None]
            scores = [texts._replace(spans=texts.spans * real) for texts in scores]
        if plain:
            yield _lists.lines_of(scores, [b"", b"\n"])
            return
        carried = [_as_text(*named) for named in answers.carried.items()]
        keys = [json.dumps(name).encode() for name in (*answers.carried, *answers.scores)]
        between = [b", " + key + b": " for key in keys]
        between[0] = b"{" + between[0][2:]
        yield _lists.lines_of([*carried, *scores], [*between, b"}\n"])


def _as_text(name: str, column: Any) -> Texts:
    if isinstance(column, Texts):
        return column
    try:
        return values_as_text(column.to_pylist() if hasattr(column, "to_pylist") else column)
    except UnicodeDecodeError as error:
        raise _not_written(name, "JSON", error) from error


def _not_written(name: str, form: str, why: object) -> ValueError:
    return ValueError(f"column {name!r} cannot be written as {form}, leave it out (keep): {why}")


def table_of(answers: Answers, mixed_as_text: bool = False) -> Any:
    """Columns and answers as a pyarrow Table; null where there is no answer.

    mixed_as_text: lists of values that no column holds, as numbers beside text, are text.
    Raises: ValueError naming a column of such values.
    """
    pyarrow = need("pyarrow", "writing columns", "frames")
    columns = {
        name: pyarrow.chunked_array([_arrow(name, column, mixed_as_text)])
        for name, column in answers.carried.items()
    }
    missing = None if answers.valid.all() else ~answers.valid
    for name, y in answers.scores.items():
        y = as_numbers(y)
        if isinstance(y, Ragged):
            column = pyarrow.array(y)
        else:
            column = pyarrow.array(Ragged(y, [0, len(y)])).flatten()
        if missing is not None:
            column = pyarrow.compute.if_else(pyarrow.array(~missing), column, None)
        columns[name] = column
    return pyarrow.table(columns)


def _arrow(name: str, column: Any, mixed_as_text: bool) -> Any:
    pyarrow = need("pyarrow", "", "frames")
    if hasattr(column, "combine_chunks"):
        return pyarrow.array(column.combine_chunks())
    values = column.to_pylist() if isinstance(column, Texts) else column
    try:
        return pyarrow.array(values)
    except (ValueError, TypeError, OverflowError) as error:
        if not mixed_as_text or isinstance(error, UnicodeError):
            raise _not_written(name, "a column of one type", error) from error
    texts = [x if x is None or type(x) is str else values_as_text([x]).text for x in values]
    return pyarrow.array(texts, "string")


class Tables:
    """Parquet or Arrow IPC; parts are Arrow IPC."""

    def __init__(self, kind: str):
        self._kind = kind
        self._pyarrow = need("pyarrow", f"writing {kind}", "frames")
        need("pyarrow.compute", f"writing {kind}", "frames")

    def part(self, answers: list[Answers], file: BinaryIO) -> None:
        table = self._pyarrow.concat_tables(
            [table_of(part) for part in answers], promote_options="permissive"
        )
        with self._pyarrow.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)

    def join(self, parts: list[Path], file: BinaryIO) -> None:
        schema = self._pyarrow.unify_schemas(
            [self._read(path).schema for path in parts], promote_options="permissive"
        )
        if self._kind == "parquet":
            make = need("pyarrow.parquet", "writing Parquet", "frames").ParquetWriter
            writer = make(file, schema, use_dictionary=_repeating(schema))
        else:
            writer = self._pyarrow.ipc.new_file(file, schema)
        with writer:
            for path in parts:
                reader = self._read(path)
                for number in range(reader.num_record_batches):
                    table = self._pyarrow.Table.from_batches([reader.get_batch(number)])
                    writer.write_table(table.cast(schema))

    def _read(self, path: Path) -> Any:
        return self._pyarrow.ipc.open_file(self._pyarrow.OSFile(str(path)))


def _repeating(schema: Any) -> list[str]:
    """The columns whose values may occur often: not the answers, for which a dictionary is slow."""
    kinds = ("string", "large_string", "int", "dictionary")
    return [field.name for field in schema if str(field.type).startswith(kinds)]


class Csv(_Text):
    """A row for each sequence, or for each step where answers are of steps: `step` counts them.

    An answer of several numbers has a column for each, `score_0` and so on.
    """

    def __init__(self, packed: bool):
        super().__init__(packed)
        need("pyarrow.csv", "writing CSV", "frames")

    def pieces(self, answers: Answers) -> Iterator[bytes]:
        yield self._text(flat_table(answers))

    def _text(self, table: Any) -> bytes:
        pyarrow, csv = need("pyarrow", "", "frames"), need("pyarrow.csv", "", "frames")
        out = pyarrow.BufferOutputStream()
        try:
            csv.write_csv(table, out, csv.WriteOptions(batch_size=_ROWS))
        except ValueError as error:
            if table.num_columns > 1:
                for name in table.column_names:
                    self._text(table.select([name]))
            raise _not_written(table.column_names[0], "CSV", error) from error
        return out.getvalue().to_pybytes()

    def part(self, answers: list[Answers], file: BinaryIO) -> None:
        tables = groupby(map(flat_table, answers), lambda table: table.schema)
        concat = need("pyarrow", "", "frames").concat_tables
        text = [self._text(concat(list(alike))) for _, alike in tables]
        head, _, first = text[0].partition(b"\n")
        body = b"".join([first, *(x.partition(b"\n")[2] for x in text[1:])])
        for piece in (head + b"\n", body):  # the head is a member of its own, which join can find
            file.write(gzip.compress(piece, 6, mtime=0) if self._packed else piece)

    def join(self, parts: list[Path], file: BinaryIO) -> None:
        for number, path in enumerate(parts):
            with path.open("rb") as part:
                if number:
                    self._past_head(part)
                shutil.copyfileobj(part, file, _PIECE)

    def _past_head(self, part: BinaryIO) -> None:
        if not self._packed:
            part.readline()
            return
        unpack, raw = zlib.decompressobj(31), part.read(_PIECE)
        unpack.decompress(raw)
        part.seek(len(raw) - len(unpack.unused_data))


def flat_table(answers: Answers) -> Any:
    """As `table_of`, but all columns are of numbers, text and the like, as CSV has them.

    Raises: ValueError if answers of steps have other lengths in different outputs.
    """
    pyarrow = need("pyarrow", "writing CSV", "frames")
    table = table_of(answers, mixed_as_text=True)
    scores: dict[str, Any] = {name: as_numbers(y) for name, y in answers.scores.items()}
    raggeds = [y for y in scores.values() if isinstance(y, Ragged)]
    flat: dict[str, Any] = {}
    if not raggeds:
        for name in table.column_names:
            flat |= _spread(name, table[name], scores.get(name))
        return pyarrow.table(flat)
    lengths = np.maximum(raggeds[0].lengths, ~answers.valid)  # a row that says it is missing
    if any(not np.array_equal(y.lengths, raggeds[0].lengths) for y in raggeds):
        raise ValueError("CSV takes answers for every step of one length a sequence")
    rows = np.repeat(np.arange(len(lengths)), lengths)
    real = np.repeat(answers.valid, lengths)
    index = pyarrow.array(np.cumsum(real) - 1, mask=~real)
    steps = pyarrow.array(np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths))
    for name in table.column_names:
        y = scores.get(name)
        if not isinstance(y, Ragged):
            flat |= _spread(name, table[name].take(pyarrow.array(rows)), y)
            continue
        flat.setdefault("step", steps)
        values = pyarrow.array(Ragged(y.values, [0, len(y.values)])).flatten()
        flat |= _spread(name, values.take(index), y.values)
    return pyarrow.table(flat)


def _spread(name: str, column: Any, y: np.ndarray | None) -> dict[str, Any]:
    """A column of answers of several numbers as a column for each."""
    if y is None or y.ndim == 1:
        return {name: column}
    if y.ndim > 2:
        raise ValueError(f"CSV takes answers of numbers or of lists of them, got {y.shape[1:]}")
    compute = need("pyarrow.compute", "writing CSV", "frames")
    return {f"{name}_{i}": compute.list_element(column, i) for i in range(y.shape[1])}
