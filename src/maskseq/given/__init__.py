"""Arrays of what users give: nested lists that may change while they are read, numpy.ma arrays."""

from typing import Any

import numpy as np

from .numpy_ma import without_mask

MAX_AXES = 64  # of an array, and so of nested lists that become one
_SCALARS = (int, float, complex, str, bytes, np.generic, type(None))


def as_array(x: Any, name: str, dtype: Any = None) -> np.ndarray:
    """np.asarray(x, dtype). Nested lists are copied first: an item that is asked for its value may
    change the lists that it is in, which NumPy does not survive.

    Raises: TypeError naming the argument if a numpy.ma array in it has masked numbers; ValueError
        for a list that holds itself; what NumPy raises for what makes no array.
    """
    return np.asarray(_settled(x, name, ()), dtype)


def without_pointers(x: Any, name: str) -> Any:
    """`x`, unless it says that its memory holds Python's objects, which NumPy would believe.

    Raises: TypeError naming the argument.
    """
    if not isinstance(x, (np.ndarray, np.generic)):
        said = getattr(x, "__array_interface__", None)
        if isinstance(said, dict) and "O" in f"{said.get('typestr')}{said.get('descr')}":
            raise TypeError(f"{name} must hold numbers, got memory of Python's objects")
    return x


def _settled(x: Any, name: str, around: tuple[int, ...]) -> Any:
    """around: the ids of the lists that it is in."""
    if type(x) is np.ndarray or isinstance(x, _SCALARS):
        return x
    if not isinstance(x, (list, tuple)):
        return without_mask(without_pointers(x, name), name)
    if id(x) in around:
        raise ValueError(f"{name} is a list that holds itself")
    copy = list(x)
    if len(around) < MAX_AXES and any(map(_is_looked_at, set(map(type, copy)))):
        return [_settled(item, name, (*around, id(x))) for item in copy]
    return copy


def _is_looked_at(kind: type) -> bool:
    return not issubclass(kind, _SCALARS)
