"""Nested lists, tuples and dicts of values: map over them, flatten them (dicts by sorted key)."""

from collections.abc import Callable, Iterator
from typing import Any


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """The same structure with `function(leaf)` in place of each leaf."""
    if isinstance(structure, dict):
        return {key: map_structure(function, structure[key]) for key in structure}
    if isinstance(structure, (list, tuple)):
        items = [map_structure(function, item) for item in structure]
        named = hasattr(structure, "_fields")
        return type(structure)(*items) if named else type(structure)(items)
    return function(structure)


def leaves(structure: Any) -> Iterator[Any]:
    """Each leaf in order; None counts as a leaf."""
    if isinstance(structure, dict):
        for key in sorted(structure):
            yield from leaves(structure[key])
    elif isinstance(structure, (list, tuple)):
        for item in structure:
            yield from leaves(item)
    else:
        yield structure


def flatten(structure: Any) -> list[Any]:
    """All leaves as a list."""
    return list(leaves(structure))


def is_nested(value: Any) -> bool:
    """True for a list, tuple or dict."""
    return isinstance(value, (list, tuple, dict))


def holds(value: Any, kind: type | tuple[type, ...]) -> bool:
    """True if any leaf is of that kind, or one of those."""
    if isinstance(value, (list, tuple)):
        for item in value:
            if holds(item, kind):
                return True
        return False
    if isinstance(value, dict):
        return bool(value) and holds(list(value.values()), kind)
    return isinstance(value, kind)
