"""What is scored: files, directories and globs of them, standard input; as one stream of blocks."""

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..storage.text import printable
from . import arrays, json_rows, tables
from .block import Block, Reading

KINDS = {
    ".npy": "arrays",
    ".npz": "arrays",
    ".json": "arrays",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".csv": "csv",
}
NAMED = ("parquet", "arrow", "csv", "jsonl")
"""Formats by name, for standard input and output."""


def kind_of(path: str, format: str | None = None) -> str:
    """The format of a file, by the end of its name but for .gz; of `-` it is `format`.

    Raises: ValueError naming the endings that are known.
    """
    if path == "-":
        kind = format or "jsonl"
        if kind not in NAMED:
            raise ValueError(f"format must be one of {', '.join(NAMED)}, got {kind!r}")
        if kind == "parquet":
            raise ValueError("Parquet is not read from, or written to, a pipe: give a file")
        return kind
    name = path.removesuffix(".gz")
    kind = KINDS.get(Path(name).suffix.lower())
    if kind is None or (name != path and kind not in ("csv", "jsonl", "arrow")):
        raise ValueError(f"{printable(path)}: expected a file ending in {' '.join(KINDS)}")
    return kind


def paths_of(source: Any) -> list[str]:
    """The files of a path, a glob, a directory, or a list of these, each in the order of its name.

    Raises: ValueError, FileNotFoundError naming what is no file or holds none that is known.
    """
    if isinstance(source, list | tuple):
        if not source:
            raise ValueError("source must name at least one file, got none")
        return [path for part in source for path in paths_of(part)]
    path = os.fspath(source)
    if path == "-" or os.path.isfile(path):
        return [path]
    if os.path.isdir(path):
        found = [os.path.join(path, name) for name in sorted(os.listdir(path)) if _is_known(name)]
        if not found:
            raise ValueError(f"{printable(path)}: no file in it ends in {' '.join(KINDS)}")
        return found
    found = sorted(name for name in glob.glob(path, recursive=True) if os.path.isfile(name))
    if not found and os.path.exists(path):
        raise ValueError(f"{printable(path)}: neither a file nor a folder; - is standard input")
    if not found:
        raise FileNotFoundError(f"{printable(path)}: no such file")
    return found


def _is_known(name: str) -> bool:
    stem = name.removesuffix(".gz")
    return not name.startswith((".", "_")) and Path(stem).suffix.lower() in KINDS


def _check_options(path: str, kind: str, how: Reading) -> None:
    """Raises: ValueError naming an option that says nothing about files of a kind."""
    of_tables = {"by": how.by, "sort": how.sorted_by}
    of_columns = {"columns": how.columns, "keep": how.keep or None}
    refused = {"jsonl": of_tables, "arrays": of_tables | of_columns}.get(kind, {})
    for name, value in refused.items():
        if value is not None:
            kinds = "tables (.parquet, .arrow, .csv)" if name in of_tables else "files with columns"
            raise ValueError(f"{printable(path)}: {name} is for {kinds}, got {value!r}")


class Source:
    """Files that are read one after the other.

    Arguments: paths: as `paths_of`.  how: how they are read.  format: of standard input.
    Raises: as `kind_of`.
    """

    def __init__(self, source: Any, how: Reading, format: str | None = None):
        self.paths, self._how = paths_of(source), how
        self.kinds = [kind_of(path, format) for path in self.paths]
        for path, kind in zip(self.paths, self.kinds, strict=True):
            _check_options(path, kind, how)
        counts = [
            tables.count_of(path, kind) if how.by is None else None
            for path, kind in zip(self.paths, self.kinds, strict=True)
        ]
        self.total = None if None in counts else sum(count for count in counts if count)

    def facts(self) -> list[Any]:
        """What tells these files from others: names, sizes and times. Of standard input nothing."""
        found = []
        for path in self.paths:
            facts = None if path == "-" else os.stat(path)
            found.append([path, facts and facts.st_size, facts and facts.st_mtime_ns])
        return found

    def blocks(self, file: int = 0, skip: int = 0) -> Iterator[tuple[int, Block]]:
        """The blocks from row `skip` of file number `file` on, each with the number of its file.

        Raises: ValueError naming the file and the place in it; OSError.
        """
        for number in range(file, len(self.paths)):
            path, kind = self.paths[number], self.kinds[number]
            for block in self._of(path, kind, skip if number == file else 0):
                share = block.share
                if share is not None:
                    share = (number + share) / len(self.paths)
                yield number, block._replace(share=share)

    def _of(self, path: str, kind: str, skip: int) -> Iterator[Block]:
        if kind == "jsonl":
            return json_rows.blocks(path, self._how, skip)
        if kind == "arrays":
            return arrays.blocks(path, self._how, skip)
        return tables.blocks(path, kind, self._how, skip)
