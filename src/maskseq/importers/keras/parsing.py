"""The JSON of a model file as values of the kinds that belong there."""

from typing import Any

from ...storage import json
from ..errors import FormatError

_ROOM, _GROWTH = 32 << 20, 6  # memory that the values may take: so much, and times the file


def parse_json(raw: bytes, path: str, what: str, size: int | None = None) -> dict[str, Any]:
    """`raw` as a JSON object.

    size: of the file that it is from, as that bounds the memory it may take; None: it is `raw`.
    Raises: FormatError on what is no strict JSON, nested too deep, or too much.
    """
    size = len(raw) if size is None else size
    try:
        found = json.strict(raw, _ROOM + _GROWTH * size)
    except ValueError as error:
        raise FormatError(path, f"{what} is not readable: {error}") from error
    return expect(found, dict, path, what)


def expect(value: Any, kind: type, path: str, what: str) -> Any:
    """`value`, if it is of the kind that belongs there."""
    if not isinstance(value, kind):
        raise FormatError(path, f"{what} must be {kind.__name__}, got {str(value)[:60]!r}")
    return value
