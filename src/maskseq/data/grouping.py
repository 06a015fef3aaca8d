"""Long format: a frame with one row for each step, in which rows of one key are a sequence."""

from typing import Any, NamedTuple

import numpy as np

from . import frames
from .ragged import Ragged


class Groups(NamedTuple):
    """Which rows belong together.

    order: int64 (rows,), the rows, group after group; None: they are in this order.
    offsets: int64 (groups + 1,): group g is order[offsets[g]:offsets[g + 1]].
    heads: int64 (groups,), the row in which each key is first seen, ascending.
    """

    order: np.ndarray | None
    offsets: np.ndarray
    heads: np.ndarray

    def sequences(self, values: np.ndarray) -> Ragged:
        """Values (rows, *features) of the rows as one sequence for each group."""
        return Ragged(values if self.order is None else values[self.order], self.offsets)

    def comes_back(self) -> int | None:
        """The first row whose key was there before, but not in the row before it; None: no such."""
        if np.array_equal(self.offsets[:-1], self.heads):
            return None
        lengths = np.diff(self.offsets)
        of_rows = np.empty(int(self.offsets[-1]), np.int64)
        of_rows[slice(None) if self.order is None else self.order] = np.repeat(
            np.arange(len(lengths)), lengths
        )
        new = np.flatnonzero(of_rows[1:] != of_rows[:-1]) + 1
        return int(new[np.argmax(new != self.heads[of_rows[new]])])


def starts_of(keys: list[np.ndarray]) -> np.ndarray:
    """The rows whose key is not that of the row before, ascending, from 0 on.

    keys: arrays (rows,), which make a key together.
    """
    new = np.ones(len(keys[0]), bool)
    new[1:] = keys[0][1:] != keys[0][:-1]
    for key in keys[1:]:
        new[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(new)


def group(
    keys: list[np.ndarray], times: np.ndarray | None = None, starts: np.ndarray | None = None
) -> Groups:
    """Rows of equal keys together, groups in the order in which their keys are first seen.

    keys: arrays (rows,), which make a key together.  times: (rows,): what rows of a group are
    sorted by; those of one time, or all if it is None, stay in their order.  starts: of
    `starts_of`, where it was called.
    """
    rows = len(keys[0])
    starts = starts_of(keys) if starts is None else starts
    found = [key[starts] for key in keys]
    if times is None and _all_differ(found):
        return Groups(None, np.append(starts, rows).astype(np.int64), starts)
    numbers = _numbered(found)
    count = int(numbers.max(initial=-1)) + 1
    _, first = np.unique(numbers, return_index=True)
    of_rows = np.repeat(numbers, np.diff(np.append(starts, rows)))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(of_rows, minlength=count))])
    return Groups(_order(of_rows, times), offsets.astype(np.int64), starts[first])


def _all_differ(keys: list[np.ndarray]) -> bool:
    """True if it is quickly told that no key is there twice: for one column of integers."""
    if len(keys) > 1 or keys[0].dtype.kind not in "iu":
        return False
    ordered = np.sort(keys[0], kind="stable")  # which is quick for what is in order
    return not (ordered[1:] == ordered[:-1]).any()


def _numbered(keys: list[np.ndarray]) -> np.ndarray:
    """int64 (n,): equal keys have equal numbers, from 0 in the order in which they are seen."""
    known: dict[Any, int] = {}
    columns = [key.tolist() if key.dtype.kind not in "mM" else key.view(np.int64) for key in keys]
    found = columns[0] if len(columns) == 1 else zip(*columns, strict=True)
    return np.array([known.setdefault(key, len(known)) for key in found], np.int64)


def _order(of_rows: np.ndarray, times: np.ndarray | None) -> np.ndarray | None:
    sorted_by_group = bool((of_rows[1:] >= of_rows[:-1]).all())
    if times is None:
        return None if sorted_by_group else np.argsort(of_rows, kind="stable")
    if times.dtype.kind == "O":
        _, times = np.unique(times, return_inverse=True)
    same = of_rows[1:] == of_rows[:-1]
    if sorted_by_group and bool((~same | (times[1:] >= times[:-1])).all()):
        return None
    return np.lexsort((times, of_rows))


def groups_of(frame: Any, by: Any, sort: Any) -> Groups:
    """The groups of a frame's rows. by: a column's name, or a list.  sort: a column's name or None.

    Raises: ValueError naming a column that is not there, or a row without a key or time.
    """
    return group(keys_of(frame, names_of_keys(by)), times_of(frame, sort))


def names_of_keys(by: Any) -> list[Any]:
    """The columns that make a key together. Raises: ValueError if there is none."""
    names = by if isinstance(by, list) else [by]
    if not names:
        raise ValueError("by must name at least one column, got none")
    return names


def keys_of(frame: Any, names: list[Any]) -> list[np.ndarray]:
    """The columns of these names, which make a key together. Raises: as `groups_of`."""
    return [frames.keys_of(frames.column_of(frame, name), name) for name in names]


def times_of(frame: Any, sort: Any) -> np.ndarray | None:
    """The column of that name; None if it is None. Raises: as `groups_of`."""
    return None if sort is None else frames.times_of(frames.column_of(frame, sort), sort)


def features_of(frame: Any, by: Any, sort: Any) -> list[Any]:
    """The names of all columns but those of keys and time."""
    taken = [*names_of_keys(by), sort]
    return [name for name in frames.names_of(frame) if name not in taken]


def sequences_of(frame: Any, groups: Groups, columns: Any, nulls: float | None) -> Any:
    """A Ragged of the columns: of a name (steps,), of a list (steps, columns); of a dict a dict.

    Raises: ValueError naming the column.
    """
    if isinstance(columns, dict):
        return {k: sequences_of(frame, groups, part, nulls) for k, part in columns.items()}
    if not isinstance(columns, list):
        column = frames.column_of(frame, columns)
        return groups.sequences(frames.numbers_of(column, columns, nulls))
    if not columns:
        raise ValueError("columns must name at least one column, got none")
    parts = [frames.column_of(frame, name) for name in columns]
    return groups.sequences(frames.beside(parts, columns, nulls))
