"""Maxima and minima with the same bits on every CPU and for any order in memory.

Of a zero and a negative zero NumPy gives the one that the CPU's instruction happens to give, or
that comes last in memory. Here a zero that comes out is always the positive one.
"""

from typing import Any

import numpy as np


def _settled(x: Any) -> Any:
    """A new array or scalar, in its place: -0.0 + 0.0 is 0.0."""
    if x.dtype.kind == "f":
        x += x.dtype.type(0)
    return x


def maximum(x1: Any, x2: Any, out: np.ndarray | None = None) -> Any:
    """The larger of each pair; NaN if one is.  out: where to put them, if not into a new array."""
    return _settled(np.maximum(x1, x2, out=out))


def minimum(x1: Any, x2: Any, out: np.ndarray | None = None) -> Any:
    """The smaller of each pair; NaN if one is.  out: as of `maximum`."""
    return _settled(np.minimum(x1, x2, out=out))


def clip(x: Any, low: Any, high: Any) -> Any:
    """`x` cut to low..high; NaN stays NaN."""
    return _settled(np.clip(x, low, high))


def largest(x: Any, axis: Any = None, **options: Any) -> Any:
    """The largest along `axis`; NaN if one is.  options: keepdims, initial."""
    return _settled(np.max(x, axis=axis, **options))


def smallest(x: Any, axis: Any = None, **options: Any) -> Any:
    """The smallest along `axis`; NaN if one is.  options: keepdims, initial."""
    return _settled(np.min(x, axis=axis, **options))


def largest_of_parts(x: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The largest of the rows from each start to the next, feature by feature."""
    return _settled(np.maximum.reduceat(x, starts, axis=0))
