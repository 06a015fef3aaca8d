"""Values as JSON, whole columns at a time: a number's shortest text, null for NaN and infinity."""

import json
import math
from collections.abc import Iterable
from json.encoder import encode_basestring
from typing import Any, NamedTuple

import numpy as np

from ..data import _lists
from ..data.ragged import Ragged


class Texts(NamedTuple):
    """The JSON of each row of a column.

    text: bytes, or uint8 (bytes,), in which they are.  spans: int64 (rows, 2), where each begins
    and ends; a piece of no bytes is null.
    """

    text: Any
    spans: np.ndarray

    def to_pylist(self) -> list[Any]:
        """The values. Raises: ValueError for what is no JSON."""
        return json.loads(self.as_list())

    def as_list(self) -> bytes:
        """The JSON list of all."""
        rows = np.array([0, len(self.spans)])
        return bytes(_lists.bracketed(self.text, self.spans, rows)[0])


def texts_of(y: np.ndarray | Ragged) -> Texts:
    """The text of each row of an array (rows, ...), or of each sequence of a Ragged."""
    if isinstance(y, Ragged):
        return Texts(*_lists.bracketed(*texts_of(y.values), y.offsets))
    texts = _numbers(np.ascontiguousarray(y).reshape(-1))
    for axis in range(y.ndim - 1, 0, -1):
        count, size = int(np.prod(y.shape[:axis])), y.shape[axis]
        texts = Texts(*_lists.bracketed(*texts, np.arange(count + 1) * size))
    return texts


def _numbers(flat: np.ndarray) -> Texts:
    if flat.dtype == np.float32:  # 0.1 of float32 is 0.1, not 0.10000000149011612
        return Texts(*_lists.float_texts(flat, lambda i: _number(str(flat[i]))))
    if flat.dtype.kind == "b":
        return _joined(b"true" if x else b"false" for x in flat.tolist())
    return _joined(_number(x) for x in flat.astype(str).tolist())


def _number(text: str) -> bytes:
    return b"null" if text[-1] in "nf" else text.encode()


def values_as_text(values: Iterable[Any]) -> Texts:
    """The text of each value of a column, of any kind.

    Raises: ValueError for bytes that are no text in UTF-8.
    """
    return _joined(_json(value) for value in values)


def _json(value: Any) -> bytes:
    try:
        if type(value) is str:
            return encode_basestring(value).encode()
        if type(value) is int:
            return str(value).encode()
        return _dumped(value, False).encode()
    except UnicodeEncodeError:  # half of a character, which UTF-8 cannot say
        return _dumped(value, True).encode()


def _dumped(value: Any, ascii: bool) -> str:
    try:
        return json.dumps(value, default=_as_str, ensure_ascii=ascii, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), default=_as_str, ensure_ascii=ascii)


def _as_str(value: Any) -> str:
    """The text of what JSON has no form for: times, decimals, text as bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def _finite(value: Any) -> Any:
    """null for NaN and infinity in lists and objects, too."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _joined(pieces: Iterable[bytes]) -> Texts:
    parts = list(pieces)
    ends = np.cumsum([0, *map(len, parts)], dtype=np.int64)
    return Texts(b"".join(parts), np.stack([ends[:-1], ends[1:]], 1))
