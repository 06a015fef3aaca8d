"""The output shape of a call on symbolic tensors, found by making the call on tiny arrays.

Unknown sizes stand for two different numbers in two calls; a size that differs between the results
is unknown in the answer, one that does not is fixed. Where the shape of a result depends on nothing
but which sizes are equal, large fixed sizes stand for small ones too.
"""

import math
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..nest import flatten, map_structure
from ..tensor import Tensor, get_keras_mask
from .symbols import KerasTensor

_SIZES = (
    ((2, 24), (3, 48)),
    *(((2, 8), (3, 16)), ((2, 4), (3, 6)), ((2, 2), (3, 4)), ((2, 1), (3, 2))),
)
"""(batch, any other unknown size) of two calls. Those of the first pair divide by 2, 3, 4, 6, 8 so
that splits of time work; what cannot be that long, as a table ends before, is tried on less."""
_FEWER = {2: ((2, 12), (3, 24)), 3: ((2, 4), (3, 6))}
"""Tried first where a tensor has so many unknown sizes beside the batch, or more: attention over
several axes makes the square of their product."""
_OF_SIZES = (ValueError, TypeError, IndexError)  # and no subclasses: a file's limits are no sizes
_LARGE, _FIRST = 64, 97  # a larger size is 97, 98, ... in a trial, which no unknown size is
_MAX_CELLS = 1 << 26  # 256 MB of float32

meter: ContextVar[Callable[[int], None] | None] = ContextVar("meter", default=None)
"""Told how many cells each array of a trial has; it raises where they are too many."""


class Scale:
    """Small sizes for large ones, in both directions.

    Arguments: tensors: whose sizes count, KerasTensors and arrays.  taken: sizes that small ones
        must not have.  time_only: leave the last axis of what is no mask, which meets weights.
    """

    def __init__(self, tensors: Iterable[Any], taken: Iterable[int] = (), time_only: bool = False):
        self._time_only = time_only
        sizes = {n for x in tensors for n in self._scaled(x) if n is not None and n > _LARGE}
        free = (n for n in range(_FIRST, _FIRST + 10_000) if n not in {*taken, *sizes})
        self._small: dict[Any, int] = dict(zip(sorted(sizes), free, strict=False))
        self._large = {small: large for large, small in self._small.items()}

    def __bool__(self) -> bool:
        return bool(self._small)

    def _scaled(self, x: Any) -> tuple[int | None, ...]:
        last = None if not self._time_only or str(x.dtype) == "bool" else -1
        return tuple(x.shape[:last])

    def smaller(self, x: Any) -> tuple[int | None, ...]:
        """The shape of a tensor or array in the trial."""
        scaled = [self._small.get(n, n) for n in self._scaled(x)]
        return (*scaled, *x.shape[len(scaled) :])

    def larger(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape that stands for one of the trial."""
        return tuple(self._large.get(n, n) for n in shape)


def is_large(x: Any) -> bool:
    """True if a tensor or array has a size that a scale makes smaller."""
    return any(n is not None and n > _LARGE for n in x.shape)


def scale_of_cells(args: tuple, kwargs: dict) -> Scale | None:
    """The scale for a function of any axes; None where a long list of numbers has a size too."""
    tensors = [x for x in flatten([args, kwargs]) if hasattr(x, "shape")]
    if not any(map(is_large, tensors)) or _longest_list([*args, *kwargs.values()]) > _LARGE:
        return None
    return Scale(tensors)


def output_spec(function: Callable, args: tuple, kwargs: dict, scale: Scale | None = None) -> Any:
    """The structure of KerasTensors that `function(*args, **kwargs)` would return.

    A result that carries a mask gets a `probed_mask` of the mask's shape.
    """
    unknown = _unknown_sizes(args, kwargs)
    first = _FEWER.get(min(unknown, max(_FEWER)), _SIZES[0])
    if scale:
        try:
            return _outcome(function, args, kwargs, scale, first)
        except (ValueError, TypeError, LookupError):  # tell it with the sizes that there are
            pass
    try:
        return _outcome(function, args, kwargs, Scale(()), first)
    except (*_OF_SIZES, MemoryError) as error:
        if not unknown or not _is_of_sizes(error):
            raise
        others = _SIZES[1:] if first is _SIZES[0] else (*_SIZES[1:], _SIZES[0])
        return _of_others(function, args, kwargs, error, first, others)


def _unknown_sizes(args: tuple, kwargs: dict) -> int:
    """The most unknown sizes that a tensor has beside the batch."""
    tensors = [x for x in flatten([args, kwargs]) if isinstance(x, KerasTensor)]
    return max((x.shape[1:].count(None) for x in tensors), default=0)


def _is_of_sizes(error: Exception) -> bool:
    return type(error) in _OF_SIZES or isinstance(error, MemoryError)


def _of_others(
    function: Callable, args: tuple, kwargs: dict, error: Exception, first: Any, others: Any
) -> Any:
    """The outcome for other unknown sizes. Raises: `error`, with what to write, if none does."""
    for sizes in others:
        try:
            return _outcome(function, args, kwargs, Scale(()), sizes)
        except (*_OF_SIZES, MemoryError) as other:
            if not _is_of_sizes(other):
                raise
    error.add_note(
        f"The call was tried with {first[0][1]} and other numbers in place of each unknown size, "
        "to learn the shape of its result. If only these sizes are wrong, give the Input a shape "
        "without None, or let the layer's class write compute_output_shape(self, input_shape)."
    )
    raise error


def _outcome(function: Callable, args: tuple, kwargs: dict, scale: Scale, pair: Any) -> Any:
    with np.errstate(all="ignore"):
        first, second = (_call(function, args, kwargs, sizes, scale) for sizes in pair)
    others = iter(flatten(second))

    def spec(a: Any) -> KerasTensor | None:
        b = next(others)
        if a is None:
            return None
        tensor = _spec(a, b, scale)
        if get_keras_mask(a) is not None:
            tensor.probed_mask = _spec(get_keras_mask(a), get_keras_mask(b), scale)
        return tensor

    return map_structure(spec, first)


def _call(
    function: Callable, args: tuple, kwargs: dict, sizes: tuple[int, int], scale: Scale
) -> Any:
    made: dict[int, Tensor] = {}

    def tiny(leaf: Any) -> Any:
        if isinstance(leaf, np.ndarray) and leaf.ndim:
            small = scale.smaller(leaf)
            return leaf if small == leaf.shape else leaf[tuple(map(slice, small))]
        if not isinstance(leaf, KerasTensor):
            return leaf
        if id(leaf) not in made:
            made[id(leaf)] = _tiny(leaf, *sizes, scale)
            mask = get_keras_mask(leaf)
            if mask is not None:
                made[id(leaf)]._keras_mask = tiny(mask)
        return made[id(leaf)]

    result = function(*map_structure(tiny, args), **map_structure(tiny, kwargs))
    if told := meter.get():
        told(sum(x.size for x in flatten(result) if isinstance(x, np.ndarray)))
    return result


def _tiny(tensor: KerasTensor, batch: int, other: int, scale: Scale) -> Tensor:
    shape = [
        size if size is not None else (batch if axis == 0 else other)
        for axis, size in enumerate(scale.smaller(tensor))
    ]
    cells = math.prod(shape)
    if cells > _MAX_CELLS:
        raise ValueError(f"an array of shape {tensor.shape} is too large to try the call on")
    if told := meter.get():
        told(cells)
    if tensor.dtype == "bool":
        return np.ones(shape, bool).view(Tensor)
    if tensor.dtype == "string":
        return np.full(shape, "", object).view(Tensor)
    return np.zeros(shape, tensor.dtype).view(Tensor)


def _spec(a: Any, b: Any, scale: Scale) -> KerasTensor:
    a, b = np.asarray(a), np.asarray(b)
    shapes = zip(scale.larger(a.shape), scale.larger(b.shape), strict=True)
    shape = tuple(m if m == n else None for m, n in shapes)
    if a.dtype.kind in "OSUT":
        return KerasTensor(shape, "string")
    return KerasTensor(shape, "float32" if a.dtype == np.float64 else str(a.dtype))


def _longest_list(value: Any) -> int:
    """The length of the longest list of numbers in nested lists."""
    if not isinstance(value, (list, tuple)):
        return 0
    longest = max(map(_longest_list, value), default=0)
    return max(longest, sum(isinstance(x, (bool, int, float)) for x in value))
