"""JSON from files: strict where it says something, and bounded in the memory that its values take.

A text of two bytes a value can become objects of 50 times its size. So what it may become is
counted before it is read.
"""

import json
from typing import Any

# What Python's objects take, with their place in a list or dict (CPython 3.11, 64 bits).
_TEXT = 2  # a byte of the text, as read and as decoded
_ITEM = 34  # a number and its place
_QUOTE = 28  # half of a short string
_LIST, _DICT, _KEY = 104, 250, 112


def cost(raw: bytes) -> int:
    """Bytes of memory that reading this JSON takes at most, found without reading it."""
    return (
        _TEXT * len(raw)
        + _ITEM * raw.count(b",")
        + _QUOTE * raw.count(b'"')
        + _LIST * raw.count(b"[")
        + _DICT * raw.count(b"{")
        + _KEY * raw.count(b":")
    )


def numbers(raw: bytes, room: int) -> Any:
    """The value of a JSON text of lists and numbers, NaN and Infinity among them.

    Raises: ValueError if it is not JSON, or would take more than `room` bytes of memory.
    """
    return _loads(raw, room)


def strict(raw: bytes, room: int) -> Any:
    """The value of a JSON text; as `numbers`, but no key twice in an object, no NaN or Infinity."""
    return _loads(raw, room, parse_constant=_refuse, object_pairs_hook=_unique)


def _loads(raw: bytes, room: int, **hooks: Any) -> Any:
    if (needed := cost(raw)) > room:
        raise ValueError(
            f"{len(raw)} bytes of JSON would take {needed >> 20} MiB of memory, "
            f"at most {room >> 20} are allowed for a file of this size"
        )
    try:
        return json.loads(raw, **hooks)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found
