"""Frames of pandas, polars and pyarrow, through their own methods: none of them is imported.

A frame has named columns of one length. What a model is given of it are its list columns, each row
of which is a sequence, its columns of text, or columns of numbers.
"""

from importlib import import_module
from typing import Any

import numpy as np

from ..given.places import placed
from .ragged import Ragged, as_batch

_FRAMES = {
    ("pandas", "DataFrame"): "pandas",
    ("polars", "DataFrame"): "polars",
    ("pyarrow", "Table"): "pyarrow",
    ("pyarrow", "RecordBatch"): "pyarrow",
}
_LISTS = ("list", "large_list", "fixed_size_list", "extension<arrow.fixed_shape_tensor", "array")
_NUMBERS = ("int", "uint", "float", "bool", "double", "halffloat")
_TEXT = ("string", "large_string", "str", "categorical", "enum", "category", "dictionary")


def library_of(x: Any) -> str | None:
    """The name of the library that the frame `x` is of; None if `x` is no frame.

    Raises: TypeError for a polars LazyFrame, and for groups of a frame.
    """
    for kind in type(x).__mro__:
        library = kind.__module__.partition(".")[0]
        if (library, kind.__name__) in _FRAMES:
            return _FRAMES[library, kind.__name__]
        if (library, kind.__name__) == ("polars", "LazyFrame"):
            raise TypeError("expected a frame, got a polars LazyFrame: collect() it first")
        if library in ("pandas", "polars") and kind.__name__.endswith("GroupBy"):
            raise TypeError("expected a frame, got groups of one: give the frame, and by=")
    return None


def names_of(frame: Any) -> list[Any]:
    """The names of the columns, in order."""
    return list(frame.column_names if library_of(frame) == "pyarrow" else frame.columns)


def column_of(frame: Any, name: Any) -> Any:
    """A column. Raises: ValueError naming those that there are."""
    names = names_of(frame)
    if name not in names:
        raise ValueError(f"the frame has no column {name!r}; it has {_listed(names)}")
    if names.count(name) > 1:
        raise ValueError(f"the frame has {names.count(name)} columns {name!r}")
    return frame[name]


def _listed(names: list[Any]) -> str:
    shown = ", ".join(repr(name) for name in names[:10])
    return shown + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def kind_of(column: Any) -> str:
    """What a column holds: "lists", "text", "numbers", or "other" things."""
    dtype = _dtype_of(column)
    if isinstance(dtype, np.dtype):
        if dtype.kind != "O":
            return "numbers" if dtype.kind in "biuf" else "other"
        return _kind_of_objects(column)
    name = str(_of_categories(getattr(dtype, "pyarrow_dtype", dtype))).lower()
    if name.startswith(_LISTS):
        return "lists"
    if name.startswith(_TEXT):
        return "text"
    return "numbers" if name.startswith(_NUMBERS) else "other"


def _of_categories(dtype: Any) -> Any:
    """The type of the values that categories stand for; of others themselves."""
    if hasattr(dtype, "categories") and hasattr(dtype, "ordered"):  # pandas
        kind = dtype.categories.dtype
        return kind if not isinstance(kind, np.dtype) or kind.kind in "biuf" else dtype
    return dtype.value_type if str(dtype).startswith("dictionary") else dtype


def _dtype_of(column: Any) -> Any:
    return column.type if hasattr(column, "to_pylist") else column.dtype


def _kind_of_objects(column: Any) -> str:
    for value in column:
        if is_missing(value):
            continue
        if isinstance(value, (str, bytes)):
            return "text"
        return "lists" if np.ndim(value) or hasattr(value, "__len__") else "other"
    return "lists"  # all are missing: empty sequences


def is_numbers(frame: Any) -> bool:
    """True if all columns hold numbers."""
    return all(kind_of(column_of(frame, name)) == "numbers" for name in set(names_of(frame)))


def is_missing(value: Any) -> bool:
    """True for what stands for nothing in a column of objects: None, NaN, pandas's NA and NaT."""
    if value is None or type(value) is float and value != value:
        return True
    return type(value).__name__ in ("NAType", "NaTType")


def sole_column(frame: Any, kinds_wanted: tuple[str, ...] = ("lists", "text")) -> Any:
    """The one list column of a frame, else its one column of text.

    Raises: ValueError naming the columns, if there are several or none.
    """
    kinds = {name: kind_of(column_of(frame, name)) for name in names_of(frame)}
    for wanted in kinds_wanted:
        found = [name for name, kind in kinds.items() if kind == wanted]
        if len(found) == 1:
            return column_of(frame, found[0])
        if found:
            raise ValueError(
                f"several columns hold {wanted}, {_listed(found)}: say which, columns="
            )
    raise ValueError(
        "expected a frame of numbers, or one with a list column; "
        f"its columns are {_listed([*kinds])}: for one row a step give by="
    )


def value_of(frame: Any, columns: Any, nulls: float | None = None) -> Any:
    """What the columns named are to a model, row by row.

    columns: a name: that column.  A list of names: list columns side by side, (time, columns) of
        each row, or columns of numbers, (rows, columns).  A dict: one of these for each input.
    nulls: stands for nulls among numbers.
    Raises: ValueError naming the column.
    """
    if isinstance(columns, dict):
        return {key: value_of(frame, part, nulls) for key, part in columns.items()}
    if not isinstance(columns, list):
        column = column_of(frame, columns)
        return numbers_of(column, columns, nulls) if kind_of(column) == "numbers" else column
    if not columns:
        raise ValueError("columns must name at least one column, got none")
    parts = [column_of(frame, name) for name in columns]
    kinds = {kind_of(part) for part in parts}
    if kinds == {"numbers"}:
        return beside(parts, columns, nulls)
    if kinds != {"lists"}:
        raise ValueError(f"columns {_listed(columns)} must all hold lists or all hold numbers")
    return _lists_beside([as_batch(part) for part in parts], columns)


def _lists_beside(parts: list[Any], columns: list[Any]) -> Ragged:
    first = parts[0]
    for part, name in zip(parts, columns, strict=True):
        if not np.array_equal(part.offsets, first.offsets):
            row = int(np.flatnonzero(part.lengths != first.lengths)[0])
            raise ValueError(
                f"row {row}: expected {first.lengths[row]} steps in column {name!r}, as in "
                f"{columns[0]!r}, got {part.lengths[row]}"
            )
    flat = [part.values.reshape(len(part.values), -1) for part in parts]
    return Ragged(np.concatenate(flat, axis=1), first.offsets)


def beside(parts: list[Any], names: list[Any], nulls: float | None = None) -> np.ndarray:
    """(rows, columns) of columns of numbers."""
    columns = [numbers_of(x, name, nulls) for x, name in zip(parts, names, strict=True)]
    return columns[0][:, None] if len(columns) == 1 else np.stack(columns, 1)


def numbers_of(column: Any, name: Any, nulls: float | None = None) -> np.ndarray:
    """(rows,) of a column of numbers.

    nulls: what stands for a null. NaN in a column of NumPy's or polars's floats is no null.
    Raises: ValueError naming the column, and the row of the first null if `nulls` is None.
    """
    if kind_of(column) != "numbers":
        raise ValueError(f"column {name!r} must hold numbers, got {_dtype_of(column)}")
    column = _plain(column)
    null = null_row(column)
    if null is not None:
        if nulls is None:
            said = f"column {name!r} has a null in row {null}: fill it, or give nulls="
            raise placed(ValueError(said), null)
        column = _filled(column, nulls)
    values = np.asarray(column.to_numpy())
    return values if values.dtype.kind in "biuf" else np.array(values.tolist())


def keys_of(column: Any, name: Any) -> np.ndarray:
    """(rows,) of anything that can be told apart or sorted. Raises: ValueError at a null."""
    if kind_of(column) == "lists" and len(column):
        raise ValueError(f"column {name!r} must hold one value a row, got {_dtype_of(column)}")
    column = _plain(column)
    null = null_row(column)
    if null is None:
        wide = str(_dtype_of(column)) in ("Int128", "UInt128")  # which NumPy does not have
        values = np.asarray(column.to_list() if wide else column.to_numpy())
        missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(0, bool)
        if not missing.any():
            return values
        null = int(np.argmax(missing))
    raise placed(ValueError(f"column {name!r} has no value in row {null}"), null)


def times_of(column: Any, name: Any) -> np.ndarray:
    """As `keys_of`, what a column is sorted by: categories that have an order go by it."""
    times = keys_of(column, name)
    if hasattr(column, "cat") and hasattr(column.cat, "codes"):  # pandas
        return column.cat.codes.to_numpy()
    if str(_dtype_of(column)).startswith("Enum"):  # polars
        return column.to_physical().to_numpy()
    if getattr(getattr(column, "type", None), "ordered", False):  # pyarrow
        whole = column.unify_dictionaries().combine_chunks()
        return getattr(whole, "chunk", lambda _: whole)(0).indices.to_numpy()
    return times


def _plain(column: Any) -> Any:
    """A column whose categories are the values that they stand for, each row a value of its own."""
    kind: Any = getattr(column, "type", None)
    if str(kind).startswith("dictionary"):
        return column.cast(kind.value_type)
    if str(kind).startswith("run_end_encoded"):
        return import_module("pyarrow.compute").run_end_decode(column)
    return column.astype(object) if hasattr(column, "cat") and hasattr(column, "astype") else column


def null_row(column: Any) -> int | None:
    """The first row that has a null; None if there is none."""
    if hasattr(column, "isna"):  # pandas
        dtype = _dtype_of(column)
        if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
            return None
        missing = column.isna().to_numpy()
    else:
        count = column.null_count
        if not (count() if callable(count) else count):
            return None
        missing = column.is_null().to_numpy()
    return int(np.argmax(missing)) if missing.any() else None


def _filled(column: Any, value: float) -> Any:
    if hasattr(column, "fillna"):
        return column.fillna(value)
    if hasattr(column, "fill_null"):
        return column.fill_null(value)
    raise TypeError(f"no nulls can be filled in a {type(column).__name__}")


# --- columns put back


def rows_of(frame: Any, names: list[Any], rows: np.ndarray) -> Any:
    """Some rows of some columns, as a frame of the same library."""
    match library_of(frame):
        case "pandas":
            return frame[names].iloc[rows].reset_index(drop=True)
        case "polars":
            return frame.select(names)[rows]
    pyarrow = import_module("pyarrow")
    return pyarrow.table({name: taken(frame[name], rows) for name in names})


def taken(column: Any, rows: np.ndarray) -> Any:
    """Some rows of a pyarrow column, of whatever type."""
    kind = str(column.type)
    if kind in ("string_view", "binary_view"):  # which take() does not know
        column = column.cast("large_" + kind.removesuffix("_view"))
    return _plain(column).take(rows) if kind.startswith("run_end") else column.take(rows)


def with_columns(frame: Any, columns: dict[str, np.ndarray | Ragged], alone: bool = False) -> Any:
    """The frame with columns put behind its own; one of that name is replaced.

    A Ragged is a list column, an array (rows, n) one of n numbers a row.  alone: without the
    frame's own columns; the index of a pandas frame stays.
    """
    match library_of(frame):
        case "pandas":
            base = frame[[]] if alone else frame
            return base.assign(**{k: _of_pandas(v, base) for k, v in columns.items()})
        case "polars":
            polars = import_module("polars")
            made = [polars.Series(v).alias(k) for k, v in columns.items()]
            return polars.DataFrame(made) if alone else frame.with_columns(made)
    pyarrow = import_module("pyarrow")
    arrays = {name: _of_pyarrow(value, pyarrow) for name, value in columns.items()}
    if alone:
        return pyarrow.table(arrays)
    own = {name: frame[name] for name in frame.column_names}
    return pyarrow.table(own | arrays)


def _of_pyarrow(value: np.ndarray | Ragged, pyarrow: Any) -> Any:
    if isinstance(value, Ragged):
        return pyarrow.array(value)
    return pyarrow.array(Ragged(value, [0, len(value)])).flatten()


def _of_pandas(value: np.ndarray | Ragged, frame: Any) -> Any:
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return value
    objects = np.fromiter(value, object, len(value))
    return type(frame.index.to_series())(objects, index=frame.index)
