"""Symbolic tensors and the graph of calls that made them.

A call on symbolic tensors is recorded as a `Node`: the operation (a layer or a function of
`maskseq.ops`), its arguments, its outputs.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..context import current
from ..nest import flatten, holds, leaves, map_structure
from ..rows import PACKED, Rows, Unmasked, align, as_padded
from ..tensor import Tensor, as_numpy

_names: dict[str, itertools.count] = {}
_names_lock = threading.Lock()


def unique_name(prefix: str) -> str:
    """`prefix`, then `prefix_1`, `prefix_2`, ... on later calls."""
    with _names_lock:
        number = next(_names.setdefault(prefix, itertools.count()))
    return prefix if number == 0 else f"{prefix}_{number}"


def clear_session() -> None:
    """Start automatic names anew.

    Notes
    -----
    Source: keras.backend.clear_session.

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> maskseq.backend.clear_session()
    >>> layers.Dense(3).name, layers.Dense(3).name
    ('dense', 'dense_1')
    """
    with _names_lock:
        _names.clear()


class KerasTensor:
    """A stand-in for an array that is not there yet: a shape (None = unknown), a dtype, a history.

    `maskseq.ops` attaches the arithmetic operators. `_keras_mask` is there only when the tensor
    carries a mask, itself a KerasTensor.

    Parameters
    ----------
    shape : tuple
        The shape, None = unknown.
    dtype : str, default "float32"
        The dtype.
    name : str, optional
        The name; made from the name of the class if None.

    Notes
    -----
    Source: keras.KerasTensor.

    Examples
    --------
    >>> import maskseq
    >>> inputs = maskseq.Input((None, 8))
    >>> (inputs * 2).shape
    (None, None, 8)
    """

    __array_priority__ = 1000
    _keras_mask: Any
    __hash__ = object.__hash__  # whatever `==` is

    def __init__(
        self, shape: tuple[int | None, ...], dtype: str = "float32", name: str | None = None
    ):
        self.shape = tuple(shape)
        self.dtype = str(dtype)
        self.name = name or unique_name("keras_tensor")
        self.node: Node | None = None
        self.probed_mask: KerasTensor | None = None

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def maker(self) -> Any:
        """The layer or operation that gave it.

        Raises
        ------
        ValueError
            If no call did.
        """
        if self.node is None:
            raise ValueError(f"{self!r} is the result of no call")
        return self.node.operation

    if TYPE_CHECKING:  # ops/operators.py makes them

        def _binary(self, other: Any) -> KerasTensor: ...
        def _unary(self) -> KerasTensor: ...

        __add__ = _binary
        __radd__ = _binary
        __sub__ = _binary
        __rsub__ = _binary
        __mul__ = _binary
        __rmul__ = _binary
        __truediv__ = _binary
        __rtruediv__ = _binary
        __floordiv__ = _binary
        __rfloordiv__ = _binary
        __mod__ = _binary
        __rmod__ = _binary
        __pow__ = _binary
        __rpow__ = _binary
        __matmul__ = _binary
        __rmatmul__ = _binary
        __and__ = _binary
        __rand__ = _binary
        __or__ = _binary
        __ror__ = _binary
        __xor__ = _binary
        __rxor__ = _binary
        __lt__ = _binary
        __le__ = _binary
        __gt__ = _binary
        __ge__ = _binary

        # Of object's, which give a bool, these are no overrides.
        def __eq__(self, other: Any) -> KerasTensor: ...  # pyright: ignore[reportIncompatibleMethodOverride]
        def __ne__(self, other: Any) -> KerasTensor: ...  # pyright: ignore[reportIncompatibleMethodOverride]

        __neg__ = __abs__ = __invert__ = _unary
        __getitem__ = _binary

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"

    def __array__(self, dtype=None, copy=None):
        raise TypeError(f"{self!r} is symbolic: it has no values; use maskseq.ops on it")

    def __bool__(self):
        raise TypeError(f"{self!r} is symbolic: it has no truth value")

    def __iter__(self) -> Iterator[KerasTensor]:  # a type for what CarriesStates says of lists
        raise TypeError(f"{self!r} is symbolic: iterate over arrays, or use maskseq.ops.split")

    def __len__(self):
        raise TypeError(f"{self!r} is symbolic: its length is known only when a model runs")


def is_symbolic(value: Any) -> bool:
    """True if any leaf of `value` is a KerasTensor."""
    return holds(value, KerasTensor)


class Operation:
    """A function of `maskseq.ops` as a step of a graph."""

    def __init__(self, name: str, function: Callable[..., Any]):
        self.class_name, self.function = name, function
        self.name = unique_name(function.__name__)

    def step(self, *args: Any, **kwargs: Any) -> Any:
        """The function's result. It reads arrays: Rows are padded, unless it takes step by step."""
        if holds(args, PACKED) or (kwargs and holds(kwargs, PACKED)):
            result = self._on_rows(args, kwargs)
            if result is not NotImplemented:
                return result
            args, kwargs = map_structure(as_padded, args), map_structure(as_padded, kwargs)
        result = self.function(*args, **kwargs)
        tape = current().tape
        return result if tape is None else map_structure(tape.hold, result)

    def _on_rows(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        """The result on Rows; its mask is lost, as in Keras. See `ops/steps.py`."""
        on_steps = getattr(self.function, "on_steps", None)
        if on_steps is None or current().tape is not None or current().training:
            return NotImplemented
        packed = [x for x in leaves([args, kwargs]) if type(x) in PACKED]
        rows = [x.rows if type(x) is Unmasked else x for x in packed]
        if len({(*x.shape[:2], x.ndim) for x in rows}) != 1:  # whose features then meet
            return NotImplemented
        given, arrays = on_steps(args, kwargs, rows[0].ndim), align(rows)
        if given is None or arrays is None:
            return NotImplemented
        values = {id(x): array for x, array in zip(packed, arrays, strict=True)}
        args, kwargs = map_structure(
            lambda x: values[id(x)] if type(x) in PACKED else x, list(given)
        )
        made = self.function(*args, **kwargs)
        return map_structure(lambda x: _shown(rows[0], as_numpy(x)), made)


def _shown(rows: Rows, values: np.ndarray) -> Any:
    """What was made of `rows`, whose mask is lost: an array, if steps lost all their axes."""
    made = rows.with_values(values)
    return made.to_padded().view(Tensor) if made.ndim < min(rows.ndim, 3) else Unmasked.of(made)


class Node:
    """One recorded call. `outputs` is the structure of KerasTensors it returned.

    `filled_mask` is the symbolic mask that went into the call's `mask` argument by itself.
    """

    filled_mask: Any = None

    def __init__(self, operation: Any, args: tuple, kwargs: dict[str, Any], outputs: Any):
        self.operation, self.args, self.kwargs, self.outputs = operation, args, kwargs, outputs
        self.inputs = [x for x in flatten([args, kwargs]) if isinstance(x, KerasTensor)]
        for tensor in flatten(outputs):
            tensor.node = self
        if hasattr(operation, "_inbound_nodes"):
            operation._inbound_nodes.append(self)

    def with_mask(self) -> dict[str, Any]:
        """The keyword arguments, the mask among them as if it had been passed by hand."""
        return (
            self.kwargs if self.filled_mask is None else {**self.kwargs, "mask": self.filled_mask}
        )


def same_computation(a: Any, b: Any, known: set[tuple[int, int]] | None = None) -> bool:
    """True if two symbolic values are made by the same operations from the same tensors.

    `known` holds pairs of ids found the same before, and is added to: where masks grow out of one
    another, each comparison then goes no further than to the one before.
    """
    known = set() if known is None else known
    seen: set[tuple[int, int]] = set()
    pairs = [(a, b)]
    while pairs:
        a, b = pairs.pop()
        if a is b or (id(a), id(b)) in seen or (id(a), id(b)) in known:
            continue
        if type(a) is not type(b):
            return False
        if isinstance(a, KerasTensor):
            m, n = a.node, b.node
            if m is None or n is None or not _same_place(a, m, b, n):
                return False
            seen.add((id(a), id(b)))
            pairs += [(list(m.args), list(n.args)), (m.kwargs, n.kwargs)]
        elif isinstance(a, (list, tuple)):
            if len(a) != len(b):
                return False
            pairs += zip(a, b, strict=True)
        elif isinstance(a, dict):
            if a.keys() != b.keys():
                return False
            pairs += [(a[key], b[key]) for key in a]
        elif not np.array_equal(a, b):
            return False
    known |= seen
    return True


def _same_place(a: KerasTensor, m: Node, b: KerasTensor, n: Node) -> bool:
    """True if both are the same output of the same operation of `maskseq.ops`."""
    if not isinstance(m.operation, Operation):
        return False
    if getattr(n.operation, "class_name", None) != m.operation.class_name:
        return False
    return [x is a for x in flatten(m.outputs)] == [x is b for x in flatten(n.outputs)]
