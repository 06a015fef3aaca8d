"""Weights in fewer bits: int8 with a scale for each column, or bfloat16."""

import math
from typing import Any

import numpy as np

from ..variable import Variable
from .bfloat16 import narrowed, widened

PRECISIONS = ("int8", "bfloat16")
_LEAST = np.float32(float.fromhex("0x1p-100"))  # a column below this is 0 in int8


class Codes:
    """What a weight in fewer bits holds; nothing changes it.

    codes: int8, or the upper halves of float32 numbers as uint16, in the weight's shape.  steps:
    of int8 float32, what the codes are multiplied by: one for each column (the first axes gone), or
    for each row (n, 1); of bfloat16 None.
    """

    __slots__ = ("codes", "steps")
    dtype = np.dtype(np.float32)

    def __init__(self, codes: np.ndarray, steps: np.ndarray | None):
        self.codes = np.ascontiguousarray(codes)
        self.steps = None if steps is None else np.ascontiguousarray(steps)
        for array in (self.codes, self.steps):
            if array is not None:
                array.flags.writeable = False

    @property
    def precision(self) -> str:
        return "bfloat16" if self.steps is None else "int8"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.codes.shape

    @property
    def ndim(self) -> int:
        return self.codes.ndim

    @property
    def nbytes(self) -> int:
        """The bytes that it takes."""
        return self.codes.nbytes + (0 if self.steps is None else self.steps.nbytes)

    def __len__(self) -> int:
        return len(self.codes)

    def __getstate__(self) -> Any:
        return self.codes, self.steps

    def __setstate__(self, state: Any) -> None:
        self.__init__(*state)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.asarray(self.floats(), dtype)

    def floats(self) -> np.ndarray:
        """The numbers that it stands for, float32, anew."""
        return _floats(self.codes, self.steps)

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        """The rows of these numbers, float32; of a weight with a scale for each row."""
        return _floats(self.codes[numbers], None if self.steps is None else self.steps[numbers])

    def matrix(self, inputs: int) -> Any:
        """For the kernels: the codes as a matrix whose rows are the first `inputs` axes."""
        return self.codes.reshape(
            math.prod(self.shape[:inputs]), -1
        ), None if self.steps is None else self.steps.reshape(-1)

    def turned(self) -> Any:
        """The same of a matrix with a scale for each row, rows and columns exchanged."""
        steps = None if self.steps is None else self.steps.reshape(-1)
        return np.ascontiguousarray(self.codes.T), steps


def _floats(codes: np.ndarray, steps: np.ndarray | None) -> np.ndarray:
    if steps is None:
        return widened(codes)
    return codes.astype(np.float32) * steps


def encoded(value: np.ndarray, precision: str, inputs: int, name: str = "weight") -> Codes:
    """float32 numbers rounded to the nearest in a precision, ties to even.

    inputs: how many first axes are summed over, so that int8 has a scale for each of the others;
        0: a scale for each row of the first axis.
    Raises: ValueError for a number that is not finite, in int8.
    """
    if precision == "bfloat16":
        return Codes(narrowed(value), None)
    axes = tuple(range(inputs)) or tuple(range(1, value.ndim))
    largest = np.abs(value).max(axis=axes, keepdims=not inputs)
    if not np.isfinite(largest).all():
        raise ValueError(f"weight {name}: int8 holds no number that is not finite")
    steps = np.where(largest < _LEAST, np.float32(0), largest / np.float32(127))
    codes = np.rint(value / np.where(steps == 0, np.float32(np.inf), steps))
    return Codes(codes.astype(np.int8), steps)


class Quantized(Variable):
    """A weight that is kept in fewer bits.

    Read, it is float32: the numbers that its bits stand for. What is assigned is rounded to them.
    inputs: see `encoded`.
    """

    def __init__(self, weight: Variable, precision: str, inputs: int):
        self.precision, self.inputs = precision, inputs
        codes = encoded(weight.value, precision, inputs, weight.name)
        super().__init__(
            np.zeros(()), weight.name, weight.trainable, weight.regularizer, weight.constraint
        )
        self._value: Any = codes

    @property
    def value(self) -> np.ndarray:
        """The numbers, float32; made anew."""
        return self.seen()[1]

    def seen(self) -> tuple[int, np.ndarray]:
        version, held = self.held()
        return version, held.floats()

    def checked(self, value: Any, own: bool = False) -> Any:
        """What `value` becomes. Raises: ValueError, TypeError."""
        if isinstance(value, Codes) and value.precision == self.precision:
            if value.shape == self.shape:
                return value
        plain = super().checked(value)
        return encoded(plain, self.precision, self.inputs, self.name)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_value": self.held()[1]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({**state, "_value": np.zeros(())})
        self._value = state["_value"]


def packable(value: Any, inputs: int = 1) -> Any:
    """The value of a weight as the kernels pack it: an array, or codes and steps."""
    return value.matrix(inputs) if type(value) is Codes else value


def columns(matrix: Any, part: slice) -> Any:
    """Some columns of what is packed: an array, or codes and steps."""
    if type(matrix) is not tuple:
        return matrix[:, part]
    codes, steps = matrix
    return np.ascontiguousarray(codes[:, part]), None if steps is None else steps[part]
