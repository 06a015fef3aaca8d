"""numpy.ma arrays: a masked number is never read. Where its mask cannot be kept, it is an error.

numpy.ma is not imported: without it there are no such arrays.
"""

import math
import sys
from typing import Any

import numpy as np

from .places import placed


def is_masked_array(x: Any) -> bool:
    """True for a numpy.ma.MaskedArray, masked numbers or not."""
    module = sys.modules.get("numpy.ma")
    return module is not None and isinstance(x, module.MaskedArray)


def without_mask(x: Any, name: str) -> Any:
    """`x`; a numpy.ma array as a plain one, if no number of it is masked.

    Raises: TypeError naming the argument if one is.
    """
    if type(x) is np.ndarray or not is_masked_array(x):
        return x
    count = int(np.count_nonzero(x.mask))
    if count:
        raise TypeError(
            f"{name} must have no masked numbers, got a numpy.ma array with {count}: fill them, "
            f"x.filled(value); of a batch for a model, predict and a call of it use the mask"
        )
    return x.data


def masked_steps(x: Any, axes: int, what: str, row: int | None = None) -> np.ndarray:
    """bool, True = masked: which steps of a numpy.ma array are, a step being x[i] for `axes` axes.

    row: the number of a sequence, where x is one.
    Raises: TypeError if only some numbers of a step are.
    """
    shape, size = x.shape[:axes], math.prod(x.shape[axes:])
    masked = np.broadcast_to(x.mask, x.shape).reshape(*shape, size)
    some = np.asarray(masked.any(axis=-1))
    partly = some & ~masked.all(axis=-1)
    if partly.any():
        place = [int(i) for i in np.argwhere(partly)[0]]
        said = (
            f"{what} must have steps that are masked as a whole, got a numpy.ma array in which "
            f"some numbers of step {place} are masked: fill them, x.filled(value), or mask all"
        )
        raise placed(TypeError(said), *(place if row is None else [row, *place])[:2])
    return some


def real_part(row: Any, position: int) -> np.ndarray:
    """A sequence in a numpy.ma array (time, *features) as a plain array, without its masked end.

    Raises: TypeError if a step is masked in part, or before the last real one.
    """
    name = f"`sequences` at position {position}"
    if row.ndim == 0:
        return without_mask(row, name)
    masked = masked_steps(row, 1, name, position)
    count = len(masked) - int(np.argmin(masked[::-1])) if not masked.all() else 0
    if masked[:count].any():
        step = int(np.argmax(masked))
        said = (
            f"{name} is a numpy.ma array whose step {step} is masked, before the last real one: "
            f"leave such steps out, x[~mask], or give a model all sequences as one numpy.ma array "
            f"(batch, time, ...)"
        )
        raise placed(TypeError(said), position, step)
    return row.data[:count]
