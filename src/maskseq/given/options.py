"""Plain arguments of `compile`, `fit` and their like: counts, yes or no, how much is said."""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np


def count(value: Any, name: str, least: int = 1) -> int:
    """An int from `least` on. Raises: ValueError naming the argument."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be an int of {least} or more, got {value!r}")
    return min(int(value), sys.maxsize)  # as far as anything counts


def flag(value: Any, name: str) -> bool:
    """True or False, also as 1 and 0. Raises: ValueError naming the argument."""
    if not isinstance(value, (bool, np.bool_, int)) or value not in (0, 1):
        raise ValueError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def truth(value: Any, name: str) -> bool:
    """What Python takes for true. Raises: ValueError naming the argument if it cannot tell."""
    try:
        return bool(value)
    except (ValueError, TypeError):
        raise ValueError(f"{name} must be True or False, got {value!r}") from None


def by_name(value: Any, name: str) -> dict[str, Any]:
    """A dict; None is an empty one. Raises: TypeError naming the argument."""
    if not isinstance(value, (Mapping, type(None))):
        raise TypeError(f"{name} must be a dict by name, got {value!r}")
    return dict(value or {})


def function(value: Any, name: str) -> Any:
    """What can be called. Raises: TypeError naming the argument."""
    if not callable(value):
        raise TypeError(f"{name} must be a function, got {value!r}")
    return value


def verbosity(value: Any) -> int:
    """`verbose` as 0, 1 or 2. Raises: ValueError."""
    if isinstance(value, str) and value == "auto":
        return 1
    if not isinstance(value, (int, np.integer)) or value not in (0, 1, 2):
        raise ValueError(f"verbose must be 0, 1, 2 or 'auto', got {value!r}")
    return int(value)
