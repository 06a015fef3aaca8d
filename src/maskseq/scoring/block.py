"""Blocks: some sequences of a source, with the columns that go along with their answers."""

from typing import Any, NamedTuple

import numpy as np

from ..data.ragged import Ragged
from ..storage.text import printable


class Reading(NamedTuple):
    """How a source is read.

    columns, by, sorted_by, nulls: as the options of `predict`, of which one is called sort.
    inputs: the names of a model's inputs where it has several.
    keep: the columns that go along; None: all that are no input and no list.
    steps: at most so many steps a block, unless one sequence is longer.  skip: bad rows are noted,
    not raised.  whole: a file is one block, however long: for models with states.
    """

    columns: Any = None
    by: Any = None
    sorted_by: Any = None
    nulls: float | None = None
    inputs: tuple[str, ...] = ()
    keep: tuple[str, ...] | None = None
    steps: int = 1 << 18
    skip: bool = False
    whole: bool = False


class Block(NamedTuple):
    """x: what a model is given.  carried: columns for the answers, pyarrow's or lists.

    size: sequences.  rows: rows of the file that they take, from `first` on.  bad: what is wrong
    with those that could not be read.  share: how much of the source is read after it, 0 to 1, if
    that is known.  heads: the row in which each begins, from `first`; None: each has one.
    path, lines: of the file, and whether its rows are lines, which people count from 1.
    """

    x: Any
    carried: dict[str, Any]
    size: int
    rows: int
    first: int
    bad: dict[int, str]
    share: float | None = None
    heads: Any = None
    path: str = ""
    lines: bool = False

    def row_of(self, i: int) -> int:
        """The row of the file in which its sequence i is, or begins, counted from 0."""
        return self.first + int(i if self.heads is None else self.heads[i])

    def where(self, i: int) -> str:
        """The place of its sequence i, in words."""
        row = self.row_of(i)
        return f"{printable(self.path)}: " + (f"line {row + 1}" if self.lines else f"row {row}")


class Answers(NamedTuple):
    """What a model says to a block.

    carried: as in the block.  scores: by output, arrays or Ragged.  valid: bool (size,), False:
    there is no answer.  rows: of the source.
    """

    carried: dict[str, Any]
    scores: dict[str, np.ndarray | Ragged]
    valid: np.ndarray
    rows: int


def of_file(error: Exception, path: str) -> Exception:
    """`error`, or a ValueError in its place, with a message and a `path` that name the file."""
    if hasattr(error, "path"):
        return error
    said = f"{printable(path)}: {error}"
    if not isinstance(error, ValueError) or isinstance(error, UnicodeError):
        error = ValueError(said)  # their messages are not their arguments
    error.args = (said,)
    vars(error)["path"] = path
    return error


def sliced(x: Any, start: int, stop: int) -> Any:
    """The sequences [start, stop) of what a model is given."""
    if isinstance(x, dict):
        return {key: sliced(part, start, stop) for key, part in x.items()}
    if hasattr(x, "to_pylist"):
        return x.slice(start, stop - start)
    return x[start:stop]


def columns_in(columns: Any) -> list[str]:
    """The names in `columns`, of frame options."""
    if isinstance(columns, dict):
        return [name for part in columns.values() for name in columns_in(part)]
    return columns if isinstance(columns, list) else [columns]
