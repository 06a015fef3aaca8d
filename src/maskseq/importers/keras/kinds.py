"""Whether a value out of a file is of the kind that a layer's constructor declares for it.

A layer checks what its own numbers must be; this keeps out what it would take and fail on at its
first call: texts for numbers, numbers that no float32 or C int holds, arrays for truths.
"""

import functools
import inspect
import types
from typing import Any, Union, get_args, get_origin

import numpy as np

from ...layers.base.arguments import parameters_of

_LARGEST = {int: 2**31 - 1, float: float(np.finfo(np.float32).max)}
_ANY_SIZE = ("salt", "oov_token")


@functools.cache
def kinds_of(cls: type) -> dict[str, frozenset]:
    """Argument -> the plain types that it is declared with; those of other types are left out."""
    found: dict[str, frozenset] = {}
    for base in cls.__mro__:
        for parameter in parameters_of(base):
            kinds = _types_in(parameter.annotation)
            if parameter.name not in found and kinds <= {bool, int, float, str, type(None)}:
                found[parameter.name] = kinds
    return found


def _types_in(annotation: Any) -> frozenset:
    if annotation is inspect.Parameter.empty:
        return frozenset({object})
    united = get_origin(annotation) in (Union, types.UnionType)
    return frozenset(get_args(annotation) if united else [annotation])


def expected_kind(cls: type, key: str, value: Any) -> str | None:
    """What the argument must be, if `value` is nothing that it may be; else None."""
    kinds = kinds_of(cls).get(key)
    if kinds is None or _fits(key, kinds, value):
        return None
    return " or ".join(sorted("null" if kind is type(None) else kind.__name__ for kind in kinds))


def _fits(key: str, kinds: frozenset, value: Any) -> bool:
    if value is None:
        return type(None) in kinds
    if isinstance(value, str):
        return str in kinds
    if isinstance(value, (list, tuple)):
        return int in kinds  # of one item, or of one for each axis: the layer's own rule
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and bool(kinds & {int, float})
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, (int, float)):
        if bool in kinds and value in (0, 1):
            return True
        kind = float if float in kinds else int
        return kind in kinds and (key in _ANY_SIZE or abs(value) <= _LARGEST[kind])
    return True
