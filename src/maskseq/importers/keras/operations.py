"""Operations of keras.ops in Keras's model files, through the closed table of maskseq.ops.

Their arguments are numbers, lists, slices and arrays; a text is taken only where it is a dtype,
the rule of an einsum or the mode of a pad. As the shape of a result is found by a trial call, a
call whose result would be absurdly large is refused before it is tried.
"""

import inspect
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import ops
from ...configured import is_from_keras
from ...graph.symbols import KerasTensor
from ...graph.trial import meter
from ...nest import flatten
from ...ops.operation import BY_EQUALITY
from ..errors import FormatError, UnsupportedLayerError
from .config import known_dtype
from .costs import TENSOR

if TYPE_CHECKING:
    from .models import ModelMaker

_MAX_CELLS = 1 << 26  # of a result: 256 MB for a few sequences
_MAX_PRODUCTS = 1 << 36  # of numbers, in a result: seconds for a few sequences
_TRIAL_SIZES = (3, 48)  # at most, of an unknown batch and another unknown size: see graph/trial.py


def is_operation(entry: dict[str, Any]) -> bool:
    """True if an entry of a functional model is a call of keras.ops, not a layer."""
    module = entry.get("module")
    if module is None:  # legacy files have none, and an operation may be named like a layer
        return "trainable" not in entry["config"] and entry.get("class_name") in ops.OPERATIONS
    return isinstance(module, str) and module.startswith("keras.src.ops.")


class RecordedOperation:
    """The operation of an entry with its options: called with the recorded arguments."""

    def __init__(self, maker: "ModelMaker", entry: dict[str, Any], options: dict[str, Any]) -> None:
        self._maker, self._path, self.name = maker, maker.path, entry["name"]
        class_name = entry.get("class_name")
        function = ops.OPERATIONS.get(class_name) if isinstance(class_name, str) else None
        if function is None or not is_from_keras(entry):
            raise UnsupportedLayerError(
                f"{self._path}: '{self.name}' is the operation {class_name}, which is not in the "
                f"table of known operations"
            )
        self._function, self._rule = function, ()
        if function is ops.einsum:
            self._rule = (options.pop("subscripts", ""),)
        if options.get("dtype") is not None:
            options["dtype"] = known_dtype(options["dtype"], self._path)
        known = inspect.signature(function).parameters
        for key, value in options.items():
            text = isinstance(value, str) and key not in ("dtype", "mode")
            if text or (key not in known and value is not None):
                self._refuse(f"{key}={value!r}")
        # Without those that are the defaults, like the calls that our own layers record.
        self._options = {
            key: value
            for key, value in options.items()
            if key in known and _differ(value, known[key].default)
        }

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for value in flatten([args, kwargs]):
            if isinstance(value, str):
                self._refuse(f"the argument {value[:60]!r}")
        options = {**kwargs, **self._options}
        return checked_call(self._maker, self.name, self._function, args, options, self._rule)

    def _refuse(self, what: str) -> None:
        name = self._function.__name__
        raise UnsupportedLayerError(f"{self._path}: '{self.name}' ({name}): {what}")


def checked_call(
    maker: "ModelMaker",
    name: str,
    function: Callable[..., Any],
    args: tuple,
    options: dict[str, Any],
    rule: tuple = (),
) -> Any:
    """function(*rule, *args, **options), unless its result would be absurdly large.

    Raises: FormatError, for arguments that do not fit too.
    """
    try:
        given = inspect.signature(function).bind(*rule, *args, **options).arguments
    except TypeError as error:  # Keras 2 wrote some calls without their second tensor
        raise FormatError(maker.path, f"'{name}' ({function.__name__}): {error}") from error
    maker.budget.spend(TENSOR * _results(function, given))
    cells = _cells_of_result(function, rule, flatten([args, options]))
    if cells > (_MAX_PRODUCTS if function in (ops.einsum, ops.matmul) else _MAX_CELLS):
        raise FormatError(maker.path, f"'{name}' makes an array of {cells} cells")
    if function not in BY_EQUALITY and (told := meter.get()):
        told(cells)  # before they are made
    return function(*rule, *args, **options)


def _results(function: Callable[..., Any], given: dict[str, Any]) -> int:
    """How many tensors `function` makes of its arguments."""
    if function is ops.split:
        parts = given["indices_or_sections"]
        return len(parts) + 1 if isinstance(parts, list) else parts if type(parts) is int else 1
    if function is ops.unstack:
        shape, axis = getattr(given["x"], "shape", ()), given.get("axis", 0)
        if type(axis) is int and -len(shape) <= axis < len(shape):
            return shape[axis] or 1
    return 1


def _cells_of_result(function: Callable[..., Any], rule: tuple, arguments: list[Any]) -> int:
    """A bound on the size of what `function` makes of `arguments`, exact where it is easy; for
    products of matrices how many products of numbers they take.
    """
    shapes = [_trial_shape(x) for x in arguments if isinstance(x, KerasTensor | np.ndarray)]
    numbers = [n for n in arguments if type(n) is int and n > 1]
    if function is ops.einsum:
        return _cells_of_labels(str(rule[0]), shapes)
    if function is ops.matmul:
        return math.prod(shapes[0]) * max(1, *shapes[-1])
    if function in (ops.tile, ops.repeat, ops.one_hot, ops.take, ops.pad):
        return math.prod([*map(math.prod, shapes), *numbers])
    if function in (ops.broadcast_to, ops.scatter):
        return math.prod(numbers)
    if function in (ops.segment_sum, ops.segment_max, ops.segment_min):
        return math.prod(shapes[0][1:]) * max(numbers, default=1)
    if function in (ops.concatenate, ops.stack):
        return sum(map(math.prod, shapes))
    try:
        return math.prod(np.broadcast_shapes(*shapes))
    except ValueError:  # not element by element, and so no larger than all arguments together
        return sum(map(math.prod, shapes))


def _cells_of_labels(rule: str, shapes: list[list[int]]) -> int:
    """A bound on the size of an einsum: each label once, the axes under "..." each for itself."""
    sizes: dict[Any, int] = {}
    for i, (labels, shape) in enumerate(
        zip(rule.partition("->")[0].split(","), shapes, strict=False)
    ):
        named = labels.replace(" ", "") if "..." not in labels else ""
        for axis, size in enumerate(shape):
            sizes[named[axis] if axis < len(named) else (i, axis)] = size
    return math.prod(sizes.values())


def _trial_shape(tensor: Any) -> list[int]:
    return [n if n is not None else _TRIAL_SIZES[axis > 0] for axis, n in enumerate(tensor.shape)]


def _differ(a: Any, b: Any) -> bool:
    return type(a) is not type(b) or a != b
