"""Constructor arguments that the layers of this family share."""

from typing import Any

import numpy as np

_OLD_NAMES = {"binary": "multi_hot", "tf-idf": "tf_idf"}  # of output modes


def output_mode_of(mode: Any, who: str, allowed: tuple[str, ...]) -> str:
    """`mode` under its name of today. Raises: ValueError unless it is one of `allowed`."""
    name = _OLD_NAMES.get(mode, mode) if isinstance(mode, str) else mode
    if not isinstance(name, str) or name not in allowed:
        raise ValueError(f"{who}: output_mode must be one of {allowed}, got {mode!r}")
    return name


def dense(sparse: Any, who: str) -> bool:
    """False. Raises: ValueError for sparse outputs, which only TensorFlow has."""
    if sparse:
        raise ValueError(f"{who}: sparse must be False, for there are no sparse arrays here")
    return False


def key_of(salt: Any, who: str) -> list[int] | None:
    """The key of a keyed hash: two ints, or one for both; None for none."""
    if salt is None:
        return None
    pair = list(salt) if isinstance(salt, (list, tuple)) else [salt, salt]
    if len(pair) != 2 or not all(_is_int(x) and -(2**63) <= x < 2**64 for x in pair):
        raise ValueError(f"{who}: salt must be an int or two, of 64 bits, got {salt!r}")
    return [int(x) for x in pair]


def _is_int(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def option(value: Any, name: str, allowed: tuple[Any, ...]) -> Any:
    """`value`. Raises: ValueError unless it is one of `allowed`."""
    if value not in allowed if isinstance(value, str) else not any(value is x for x in allowed):
        raise ValueError(f"{name} must be one of {allowed}, got {value!r}")
    return value
