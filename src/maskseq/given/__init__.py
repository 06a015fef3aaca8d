"""Arrays of what users give: nested lists that may change while they are read, numpy.ma arrays."""

from typing import Any

import numpy as np

from .numpy_ma import without_mask

_MAX_AXES = 64  # of an array, and so of nested lists that become one


def as_array(x: Any, name: str, dtype: Any = None) -> np.ndarray:
    """np.asarray(x, dtype). Nested lists are copied first: an item that is asked for its value may
    change the lists that it is in, which NumPy does not survive.

    Raises: TypeError naming the argument if a numpy.ma array in it has masked numbers; what NumPy
        raises for what makes no array.
    """
    return np.asarray(_settled(x, name), dtype)


def _settled(x: Any, name: str, depth: int = 0) -> Any:
    if not isinstance(x, (list, tuple)):
        return without_mask(x, name)
    copy = list(x)
    if depth < _MAX_AXES and any(map(_may_change, set(map(type, copy)))):
        return [_settled(item, name, depth + 1) for item in copy]
    return copy


def _may_change(kind: type) -> bool:
    return issubclass(kind, (list, tuple, np.ndarray))
