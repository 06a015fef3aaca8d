"""What makes a function an operation: run at once on arrays, recorded on symbolic tensors.

Under a tape it is recorded with its gradient. As in Keras, the result of an operation carries no
mask. Results are float32 where NumPy would give float64.
"""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, overload

import numpy as np

from ..context import current
from ..given.numbers import is_no_number, real_numbers
from ..given.numpy_ma import without_mask
from ..graph.symbols import KerasTensor, Node, Operation, is_symbolic
from ..graph.trial import output_spec, scale_of_cells
from ..nest import holds, leaves, map_structure
from ..tape import Traced
from ..tensor import Tensor, get_keras_mask, to_float32
from .cell_docs import docstring
from .recording import Gradients, Recorder
from .steps import of_cells

OPERATIONS: dict[str, Callable[..., Any]] = {"MaskOf": get_keras_mask}
"""Keras's class name of an operation -> the function here. The closed table for model files."""
BY_EQUALITY: set[Callable[..., Any]] = set()
"""The functions of which nothing but the equality of sizes decides about the shape of a result."""

RECORDERS: dict[Callable[..., Any], Recorder] = {}
"""How each is recorded on a tape."""


def _array(name: str, leaf: Any) -> Any:
    """What an operation is given, arrays as NumPy's. Raises: TypeError for complex numbers, dates
    and records, of which NumPy would take a part for the number.
    """
    if isinstance(leaf, np.ndarray) or (
        hasattr(leaf, "__array__") and not isinstance(leaf, type)  # such as np.float32
    ):
        array = np.asarray(without_mask(leaf, "x"))
        if is_no_number(array.dtype):
            raise TypeError(f"{name}: expected arrays of real numbers, got dtype {array.dtype}")
        if array.dtype.kind == "O" and not _is_text(array):
            return real_numbers(array, f"{name}: x")
        return array
    if isinstance(leaf, complex):
        raise TypeError(f"{name}: expected real numbers, got {leaf!r}")
    return leaf


def _is_text(array: np.ndarray) -> bool:
    return all(isinstance(x, (str, bytes)) for x in array.flat[:1])


def _tensor(name: str, leaf: Any) -> Any:
    """What an operation gives, arrays as tensors, float64 as float32."""
    if isinstance(leaf, (np.ndarray, np.generic)):
        array = np.asarray(leaf)
        if array.dtype == np.float64:
            array = to_float32(array, f"{name}: the result")
        return array.view(Tensor)
    return leaf


def _told(name: str, error: Exception, args: tuple, kwargs: dict) -> Exception:
    """What an operation raises where Python's own words say nothing of its arguments."""
    given = [x for x in leaves([args, kwargs]) if x is not None]
    if isinstance(error, AttributeError):
        kinds = ", ".join(str(getattr(x, "dtype", type(x).__name__)) for x in given)
        return TypeError(f"{name}: expected arrays of numbers, got {kinds or 'None'}")
    if str(error).endswith("index out of range"):  # of a shape: NumPy says "out of bounds"
        shapes = ", ".join(str(np.shape(x)) for x in given if isinstance(x, np.ndarray))
        return ValueError(
            f"{name}: expected arrays with all axes that it names, got {shapes or given}"
        )
    return error


def _record(class_name: str, function: Callable, args: tuple, kwargs: dict) -> Any:
    scale = scale_of_cells(args, kwargs) if function in BY_EQUALITY else None
    outputs = output_spec(function, args, kwargs, scale)
    Node(Operation(class_name, function), args, kwargs, outputs)
    return outputs


P = ParamSpec("P")


def operation(
    class_name: str, by_equality: bool = False, gradient: Gradients = None
) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Make a NumPy function an operation, under the name of Keras's class for it.

    A name with an underscore before it is none of Keras's: no file names such an operation.

    Parameters
    ----------
    by_equality : bool, default False
        It belongs to BY_EQUALITY, so the shape of its result can be found on small arrays.
    gradient : optional
        What its gradient is; see `recording.py`.
    """

    def decorate(function: Callable[P, Any]) -> Callable[P, Any]:
        recorder = Recorder(function, gradient)
        taken = functools.partial(_array, function.__name__)
        given = functools.partial(_tensor, function.__name__)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if holds([args, kwargs], (KerasTensor, Traced)) or current().tape is not None:
                if is_symbolic([args, kwargs]):
                    return _record(class_name, call, args, kwargs)
                if (tape := recorder.tape_for(args, kwargs)) is not None:
                    return recorder.record(tape, run, args, kwargs)
            return run(*args, **kwargs)

        def run(*args: Any, **kwargs: Any) -> Any:
            args, kwargs = map_structure(taken, args), map_structure(taken, kwargs)
            try:
                return map_structure(given, function(*args, **kwargs))
            except (AttributeError, IndexError) as error:
                told = _told(function.__name__, error, args, kwargs)
                if told is error:
                    raise
                raise told from error

        if by_equality:
            BY_EQUALITY.add(call)
        if not class_name.startswith("_"):
            OPERATIONS[class_name] = call
        RECORDERS[call] = recorder
        return call

    return decorate


class Unary(Protocol):
    """An operation on one tensor: a symbolic one or an array."""

    @overload
    def __call__(self, x: KerasTensor) -> KerasTensor: ...
    @overload
    def __call__(self, x: Any) -> Tensor: ...


class Binary(Protocol):
    """An operation on two tensors, of which one at least is symbolic or none."""

    @overload
    def __call__(self, x1: KerasTensor, x2: Any) -> KerasTensor: ...
    @overload
    def __call__(self, x1: Any, x2: KerasTensor) -> KerasTensor: ...
    @overload
    def __call__(self, x1: Any, x2: Any) -> Tensor: ...


def named_operation(
    class_name: str, name: str, function: Callable, gradient: Gradients = None
) -> Any:
    """A function of cells as an operation with a name, and a docstring of `cell_docs`."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = docstring(name)
    call = operation(class_name, by_equality=True, gradient=gradient)(function)
    return of_cells(call)
