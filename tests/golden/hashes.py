"""Hashes of answers, and the committed file of them."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.answers import all_answers

FILE = Path(__file__).parent / "golden.json"

Hashes = dict[str, dict[str, str]]


def digest(arrays: list[Any]) -> str:
    """Of dtypes, shapes and bytes; any NaN is as good as another."""
    state = hashlib.sha256()
    for x in arrays:
        if x is None:
            state.update(b"none")
            continue
        x = np.array(x)
        if x.dtype.kind == "f":
            x[np.isnan(x)] = np.nan
        state.update(f"{x.dtype.str} {x.shape} ".encode())
        state.update(repr(x.tolist()).encode() if x.dtype.kind in "OUST" else x.tobytes())
    return state.hexdigest()[:16]


def hashes(order: Callable[[np.ndarray], np.ndarray] = lambda x: x) -> Hashes:
    """Of what is computed here and now."""
    found: Hashes = {}
    for part, name, arrays in all_answers(order):
        assert name not in found.setdefault(part, {}), f"{part}: two are called {name}"
        found[part][name] = digest(arrays)
    return found


def read() -> Hashes:
    return json.loads(FILE.read_text("utf-8"))


def write(found: Hashes) -> None:
    FILE.write_text(json.dumps(found, indent=0, sort_keys=True) + "\n", "utf-8")


def differences(expected: Hashes, found: Hashes) -> list[str]:
    """A line for each answer that has other bits, is new, or is gone."""
    lines = []
    for part in sorted({*expected, *found}):
        old, new = expected.get(part, {}), found.get(part, {})
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                what = "new" if name not in old else "gone" if name not in new else "other bits"
                lines.append(f"{part}, {name}: {what}")
    return lines
