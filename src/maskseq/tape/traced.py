"""What values are while a tape runs: Traced. It stands for an array, but is none.

Were it one, NumPy's functions would take it and cut the gradient without a word.
"""

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..nest import map_structure
from ..tensor import Tensor, get_keras_mask, set_keras_mask
from ..variable import Variable

NOTATION: dict[Any, Callable[[Any, tuple, dict[str, Any]], Any]] = {}
"""NumPy's functions and ufuncs that a gradient passes, or that need none: (tape, args, kwargs) ->
result. `maskseq.ops` fills it."""
WHAT_TO_WRITE = (
    "use maskseq.ops, put maskseq.ops.stop_gradient around what needs no gradient, or write the "
    "layer's `backward(self, inputs, outputs, gradient)`"
)


class Traced(NDArrayOperatorsMixin):
    """A value of a walk under a tape.

    value: what the walk would hold without a tape: Rows or an array.  tape: what recorded it.
    needed: whether its gradient is wanted, as it was made of a trainable weight.
    Operators, NumPy's functions and `maskseq.ops` are recorded; what would cut a gradient in
    silence raises TypeError.
    """

    __slots__ = ("value", "tape", "needed")
    __hash__ = object.__hash__  # pyright: ignore[reportAssignmentType] # whatever `==` is

    def __init__(self, value: Any, tape: Any, needed: bool):
        self.value, self.tape, self.needed = value, tape, needed

    if TYPE_CHECKING:  # ops/notation.py makes them

        def __getattr__(self, name: str) -> Any: ...
        def __getitem__(self, key: Any) -> Any: ...

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array; of Rows, of the padded array that they stand for."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def dtype(self) -> np.dtype:
        return self.value.dtype

    @property
    def size(self) -> int:
        return math.prod(self.value.shape)

    @property
    def _keras_mask(self) -> Any:
        return get_keras_mask(self.value)

    @_keras_mask.setter
    def _keras_mask(self, mask: Any) -> None:
        self.value = self.value.view(Tensor)  # others may hold the array that it was
        set_keras_mask(self.value, value_of(mask))

    @_keras_mask.deleter
    def _keras_mask(self) -> None:
        self.value = self.value.view(Tensor)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        self._must_not_be_needed("a function that gradients do not pass")
        return np.array(self.value, dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc, method, *args, **kwargs):
        if method != "__call__":
            return call_numpy(self.tape, getattr(ufunc, method), args, kwargs)
        out = kwargs.pop("out", (None,))[0]
        if out is not None and out is not args[0]:
            raise TypeError(f"np.{ufunc.__name__} cannot write in place here: {WHAT_TO_WRITE}")
        return call_numpy(self.tape, ufunc, args, kwargs)  # x += y: x is the result

    def __array_function__(self, function, types, args, kwargs):
        return call_numpy(self.tape, function, args, kwargs)

    def __len__(self) -> int:
        return self.value.shape[0]

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError(f"a value is not written in place in training: {WHAT_TO_WRITE}")

    def __bool__(self) -> bool:
        self._must_not_be_needed("a truth value")
        return bool(self.value)

    def __float__(self) -> float:
        self._must_not_be_needed("float()")
        return float(self.value)

    def __int__(self) -> int:
        self._must_not_be_needed("int()")
        return int(self.value)

    def __index__(self) -> int:
        self._must_not_be_needed("an index")
        return operator.index(self.value)

    def __complex__(self) -> complex:
        self._must_not_be_needed("complex()")
        return complex(self.value)

    def _must_not_be_needed(self, what: str) -> None:
        if self.needed:
            raise TypeError(f"{what} got a value that a gradient must pass: {WHAT_TO_WRITE}")

    def __repr__(self) -> str:
        return f"<Traced shape={self.shape}, dtype={self.dtype}, needed={self.needed}>"


def value_of(x: Any) -> Any:
    """What a Traced or a weight holds; anything else as it is.

    Parameters
    ----------
    x : array_like
        The input.

    Returns
    -------
    object
        The value.
    """
    if type(x) is Traced:
        return x.value
    return x.seen()[1] if isinstance(x, Variable) else x


def plain_values(structure: Any) -> Any:
    """A structure with what its Traced values and weights hold in their places."""
    kind = type(structure)
    if kind is Traced:
        return structure.value
    if kind is tuple:
        return tuple([plain_values(x) for x in structure])
    if kind is list:
        return [plain_values(x) for x in structure]
    if kind is dict:
        return {name: plain_values(x) for name, x in structure.items()}
    return map_structure(value_of, structure)


def call_numpy(tape: Any, function: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """A function of NumPy's on values of which the tape knows some.

    Raises: TypeError if one of them needs a gradient and the function passes none.
    """
    if function in NOTATION:
        return NOTATION[function](tape, args, kwargs)
    return tape.call_plain(f"np.{getattr(function, '__name__', function)}", function, args, kwargs)
