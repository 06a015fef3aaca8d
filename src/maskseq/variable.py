"""A weight: a named, read-only array that is replaced as a whole, never written in place."""

import itertools
from collections.abc import Callable
from contextvars import ContextVar
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

weight_source: ContextVar[Callable[[tuple[int, ...], np.dtype], np.ndarray] | None] = ContextVar(
    "weight_source", default=None
)
"""Gives the first values of new weights in place of their initializers, while it is set."""
_versions = itertools.count(1)


class Variable(NDArrayOperatorsMixin):
    """A weight of a layer.

    `value` is a read-only array. `assign` swaps in a new one, so that a call that runs at the same
    time sees the old weights or the new ones, never a mixture. `version` is a number that no other
    value of any Variable has had: who keeps something made of a value compares it, and reads it
    before the value. `regularizer` and `constraint` are functions of an array, or None: training
    adds up the penalties, and puts what a constraint allows in the place of an updated value.
    Source: keras.Variable.
    """

    def __init__(
        self,
        value: Any,
        name: str = "variable",
        trainable: bool = True,
        regularizer: Callable[..., Any] | None = None,
        constraint: Callable[..., Any] | None = None,
    ):
        self.name, self.trainable = name, trainable
        self.regularizer, self.constraint = regularizer, constraint
        self._value = _frozen(np.array(value))
        self.version = next(_versions)

    value = property(attrgetter("_value"), doc="The array; read-only.")

    shape = property(attrgetter("_value.shape"), doc="tuple[int, ...]")

    @property
    def ndim(self) -> int:
        return self._value.ndim

    @property
    def dtype(self) -> np.dtype:
        return self._value.dtype

    def numpy(self) -> np.ndarray:
        """A copy of the value."""
        return self._value.copy()

    def assign(self, value: Any) -> None:
        """Replace the value. Raises: ValueError if the shape differs."""
        new = np.asarray(value)
        if new.shape != self.shape:
            raise ValueError(f"weight {self.name}: expected shape {self.shape}, got {new.shape}")
        if new.dtype.kind not in "fiub":
            raise TypeError(f"weight {self.name}: expected numbers, got dtype {new.dtype}")
        self._value = _frozen(new.astype(self.dtype, order="C", copy=True))
        self.version = next(_versions)  # after the value: what is packed in between is packed again

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.array(self._value, dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        inputs = [x.value if isinstance(x, Variable) else x for x in inputs]
        return getattr(ufunc, method)(*inputs, **kwargs)

    def __getitem__(self, key: Any) -> np.ndarray:
        return self._value[key]

    def __len__(self) -> int:
        return len(self._value)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._value = _frozen(self._value)
        self.version = next(_versions)

    def __repr__(self) -> str:
        return f"<Variable name={self.name}, shape={self.shape}, dtype={self.dtype}>"


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
