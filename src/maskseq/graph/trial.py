"""The output shape of a call on symbolic tensors, found by making the call on tiny arrays.

Unknown sizes stand for two different numbers in two calls; a size that differs between the results
is unknown in the answer, one that does not is fixed.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..nest import flatten, map_structure
from ..tensor import Tensor, get_keras_mask
from .symbols import KerasTensor

# (batch, any other unknown size); the others divide by 2, 3, 4, 6, 8 so that splits of time work.
_SIZES = ((2, 24), (3, 48))
_MAX_CELLS = 1 << 26  # 256 MB of float32


def _tiny(tensor: KerasTensor, batch: int, other: int) -> Tensor:
    shape = [
        size if size is not None else (batch if axis == 0 else other)
        for axis, size in enumerate(tensor.shape)
    ]
    if math.prod(shape) > _MAX_CELLS:
        raise ValueError(f"an array of shape {tensor.shape} is too large to try the call on")
    if tensor.dtype == "bool":
        return np.ones(shape, bool).view(Tensor)
    if tensor.dtype == "string":
        return np.full(shape, "", object).view(Tensor)
    return np.zeros(shape, tensor.dtype).view(Tensor)


def _call(function: Callable, args: tuple, kwargs: dict, sizes: tuple[int, int]) -> Any:
    made: dict[int, Tensor] = {}

    def tiny(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return leaf
        if id(leaf) not in made:
            made[id(leaf)] = _tiny(leaf, *sizes)
            mask = get_keras_mask(leaf)
            if mask is not None:
                made[id(leaf)]._keras_mask = tiny(mask)
        return made[id(leaf)]

    return function(*map_structure(tiny, args), **map_structure(tiny, kwargs))


def _spec(a: Any, b: Any) -> KerasTensor:
    a, b = np.asarray(a), np.asarray(b)
    shape = tuple(m if m == n else None for m, n in zip(a.shape, b.shape, strict=True))
    if a.dtype.kind in "OSUT":
        return KerasTensor(shape, "string")
    return KerasTensor(shape, "float32" if a.dtype == np.float64 else str(a.dtype))


def output_spec(function: Callable, args: tuple, kwargs: dict) -> Any:
    """The structure of KerasTensors that `function(*args, **kwargs)` would return.

    A result that carries a mask gets a `probed_mask` of the mask's shape.
    """
    with np.errstate(all="ignore"):
        first, second = (_call(function, args, kwargs, sizes) for sizes in _SIZES)
    others = iter(flatten(second))

    def spec(a: Any) -> KerasTensor | None:
        b = next(others)
        if a is None:
            return None
        tensor = _spec(a, b)
        if get_keras_mask(a) is not None:
            tensor.probed_mask = _spec(get_keras_mask(a), get_keras_mask(b))
        return tensor

    return map_structure(spec, first)
