"""Of which kinds the arguments of a constructor are: those that it declares."""

import functools
import inspect
import types
from typing import Any, Union, get_args, get_origin

import numpy as np

_LARGEST = {int: 2**31 - 1, float: float(np.finfo(np.float32).max)}
_INTS = (int, np.integer)
_ANY_SIZE = ("salt", "oov_token")
_WORDS = {bool: "a bool", int: "an int", float: "a number", str: "a text", type(None): "None"}


@functools.cache
def parameters_of(cls: type) -> list[inspect.Parameter]:
    """What the class's own constructor takes; nothing if it has none."""
    if "__init__" not in vars(cls) or cls is object:
        return []
    return list(inspect.signature(cls.__init__).parameters.values())[1:]


@functools.cache
def kinds_of(cls: type) -> dict[str, frozenset]:
    """Argument -> the plain types that it is declared with; those of other types are left out."""
    found: dict[str, frozenset] = {}
    for base in cls.__mro__:
        for parameter in parameters_of(base):
            kinds = _types_in(parameter.annotation)
            if parameter.name not in found and kinds <= _WORDS.keys():
                found[parameter.name] = kinds
    return found


def _types_in(annotation: Any) -> frozenset:
    if annotation is inspect.Parameter.empty:
        return frozenset({object})
    united = get_origin(annotation) in (Union, types.UnionType)
    return frozenset(get_args(annotation) if united else [annotation])


def expected_kind(cls: type, key: str, value: Any) -> str | None:
    """What the argument must be, if `value` is nothing that it may be; else None.

    Numbers that no float32 or C int holds are none. Lists of ints are let through for an int: of
    one item, or of one for each axis, by the layer's own rule.
    """
    kinds = kinds_of(cls).get(key)
    if kinds is None or _fits(key, kinds, value):
        return None
    return " or ".join(word for kind, word in _WORDS.items() if kind in kinds)


def _fits(key: str, kinds: frozenset, value: Any) -> bool:
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        value = value.item()
    if isinstance(value, (list, tuple)):
        return int in kinds and all(type(n) is not bool and isinstance(n, _INTS) for n in value)
    if isinstance(value, (int, float)):
        if bool in kinds and value in (0, 1):
            return True
        kind = float if float in kinds else int
        if isinstance(value, bool) or kind not in kinds or (kind is int and value != value // 1):
            return False
        return key in _ANY_SIZE or abs(value) <= _LARGEST[kind]
    return type(value) in kinds or (str in kinds and isinstance(value, str))
