"""Numbers as JSON, whole arrays at a time: the shortest text of each, null for NaN and infinity."""

from typing import Any

import numpy as np

from ..data import _lists
from ..data.ragged import Ragged


def texts_of(y: np.ndarray | Ragged) -> list[str]:
    """The text of each row of an array (rows, ...), or of each sequence of a Ragged."""
    if isinstance(y, Ragged):
        steps, bounds = texts_of(y.values), y.offsets.tolist()
        return [f"[{', '.join(steps[a:b])}]" for a, b in zip(bounds, bounds[1:], strict=False)]
    texts = _numbers(np.ascontiguousarray(y).reshape(-1))
    for size in reversed(y.shape[1:]):
        count = len(texts) // size if size else int(np.prod(y.shape[:-1]))
        texts = [f"[{', '.join(texts[i * size : (i + 1) * size])}]" for i in range(count)]
    return texts


def _numbers(flat: np.ndarray) -> list[Any]:
    if flat.dtype.kind == "b":
        return ["true" if x else "false" for x in flat.tolist()]
    if flat.dtype != np.float32:
        return [x if x[-1] not in "nf" else "null" for x in flat.astype(str).tolist()]
    texts = _lists.float_texts(flat)  # 0.1 of float32 is 0.1, not 0.10000000149011612
    for i in [i for i, text in enumerate(texts) if text is None]:
        texts[i] = str(flat[i]) if np.isfinite(flat[i]) else "null"
    return texts
