"""Text as it comes: strings, lists and arrays of them, to arrays of Python's strings."""

from typing import Any

import numpy as np

from ..given import MAX_AXES
from ..given.places import placed
from ..rows import Rows


def is_text(x: Any) -> bool:
    """True for a str or bytes, and for arrays and lists whose first leaf is one."""
    for _ in range(MAX_AXES):  # a list may hold itself
        if isinstance(x, np.ndarray):
            if x.dtype.kind != "O":
                return x.dtype.kind in "SUT"
            plain = np.asarray(x)  # an item of a numpy.ma array is not what is in it
            x = plain.flat[0] if plain.size else None
        elif isinstance(x, (list, tuple)):
            x = next((item for item in x if not _is_empty(item)), None)
        else:
            return isinstance(x, (str, bytes))
    return False


def column_text(x: Any) -> list[Any] | None:
    """The strings, or lists of them, in a column of pandas, polars or pyarrow, or in the one list
    column of a frame; a null list is empty. None for what holds no text.

    Raises: ValueError naming the position of a null in place of a string.
    """
    from . import frames

    if frames.library_of(x) is not None:
        x = frames.sole_column(x)
    read = next((m for m in ("to_pylist", "to_list", "tolist") if hasattr(x, m)), None)
    if read is None or not (hasattr(x, "dtype") or hasattr(x, "type")):
        return None
    kind = frames.kind_of(x)
    if kind not in ("text", "lists"):
        return None
    found = getattr(x, read)()
    if kind == "lists":
        found = [[] if frames.is_missing(item) else list(item) for item in found]
        return found if is_text(found) else None
    for position, item in enumerate(found):
        if frames.is_missing(item):
            said = f"text must be str or bytes, got a null at position {position}"
            raise placed(ValueError(said), position)
    return found


def _is_empty(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and not x


def read_text(x: Any) -> np.ndarray | Rows:
    """Strings in an array of Python objects; lists of lists of any lengths as Rows of them.

    Raises: TypeError for lists nested deeper whose lengths differ.
    """
    if not isinstance(x, (list, tuple)):
        return np.asarray(x, object)
    if x and all(isinstance(item, (list, tuple, np.ndarray)) for item in x):
        lengths = [len(item) for item in x]
        if all(isinstance(leaf, (str, bytes)) for item in x for leaf in item):
            values = np.empty(sum(lengths), object)
            values[:] = [leaf for item in x for leaf in item]
            return Rows.from_ragged(values, np.cumsum([0, *lengths], dtype=np.int64))
    array = np.asarray(x, object)
    if any(isinstance(leaf, (list, tuple)) for leaf in array.flat):
        raise TypeError("text must be strings, or lists of them nested at most twice if ragged")
    return array


def encoded(values: np.ndarray | list[Any]) -> list[bytes]:
    """Strings (n,) as UTF-8. Raises: TypeError or ValueError naming the position of another."""
    found = values.tolist() if isinstance(values, np.ndarray) else values
    if set(map(type, found)) <= {bytes}:
        return found
    try:
        return [x if isinstance(x, bytes) else x.encode() for x in found]
    except (AttributeError, UnicodeEncodeError):
        pass
    for position, x in enumerate(found):
        if not isinstance(x, (str, bytes)):
            said = f"text must be str or bytes, got {type(x).__name__} at position {position}"
            raise placed(TypeError(said), position)
        try:
            x if isinstance(x, bytes) else x.encode()
        except UnicodeEncodeError as error:
            said = f"text must be valid, got {x!r} at position {position}"
            raise placed(ValueError(said), position) from error
    raise TypeError("text must be str or bytes")
