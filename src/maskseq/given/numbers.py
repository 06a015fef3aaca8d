"""Numbers, and arrays that must hold them: real ones, no dates, text or records."""

from typing import Any

import numpy as np

from . import as_array


def is_real(value: Any) -> bool:
    """True for an int, a float or a real number of NumPy; not for NumPy's bools and durations."""
    real = isinstance(value, (int, float, np.integer, np.floating))
    return real and not isinstance(value, np.timedelta64)


def is_no_number(dtype: np.dtype) -> bool:
    """True for complex numbers, dates, durations and records; not for text, objects, bfloat16."""
    return dtype.kind in "cmM" or dtype.type is np.void


def real_numbers(x: np.ndarray, name: str) -> np.ndarray:
    """`x`, if it holds real numbers or bools; an array of objects that are such as one of numbers.

    Raises: TypeError naming the argument, and the dtype that came.
    """
    dtype = x.dtype
    if dtype.kind in "fiub" or (dtype.kind == "V" and not is_no_number(dtype)):  # bfloat16
        return x
    if dtype.kind == "O":
        found = _of_objects(x)
        if found.dtype.kind in "fiub" and found.shape == x.shape:
            return found
    raise TypeError(f"{name} must hold numbers, got dtype {dtype}")


def float32_of(value: Any, name: str) -> np.float32:
    """A number as float32. Raises: TypeError for what is none."""
    return np.float32(real_numbers(as_array(value, name), name))


def _of_objects(x: np.ndarray) -> np.ndarray:
    try:
        return np.asarray(x.tolist())
    except ValueError:  # sequences of different lengths in it
        return x
