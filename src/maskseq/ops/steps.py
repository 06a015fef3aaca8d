"""Which operations treat each step by itself, so that rows of steps can take the place of arrays.

An operation that does has an attribute `on_steps`: a function of (args, kwargs, ndim), of a call on
padded arrays of `ndim` axes (batch, time, ...), that gives (args, kwargs) of the same call on rows
(n, ...), or None if this call does not treat each step by itself.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..nest import flatten, holds
from ..rows import PACKED

Given = tuple[tuple, dict[str, Any]]
F = TypeVar("F", bound=Callable[..., Any])


def _cells(args: tuple, kwargs: dict[str, Any], ndim: int) -> Given | None:
    """Beside arrays of that many axes: numbers, features, settings."""
    others = [x for x in flatten([args, kwargs]) if type(x) not in PACKED]
    return (args, kwargs) if all(np.ndim(x) <= ndim - 2 for x in others) else None


def where_cells(args: tuple, kwargs: dict[str, Any], ndim: int) -> Given | None:
    """With one argument alone, `where` gives places."""
    return _cells(args, kwargs, ndim) if len(args) + len(kwargs) == 3 else None


def on_steps(adapt: Callable[[tuple, dict[str, Any], int], Given | None]) -> Callable[[F], F]:
    """Mark an operation that treats each step by itself in the calls that `adapt` knows."""

    def mark(function: F) -> F:
        function.__dict__["on_steps"] = adapt
        return function

    return mark


def of_cells(function: F) -> F:
    """Mark an operation each cell of whose result depends on that cell of its arguments alone."""
    function.__dict__["of_cells"] = True
    return on_steps(_cells)(function)


def along_features(function: F, adds: bool = False) -> F:
    """Mark an operation with an `axis`: along axes behind time, each step is by itself.

    adds: the axes are those of a result with one axis more.
    """

    @functools.cache
    def place() -> tuple[int, Any]:
        parameters = inspect.signature(function).parameters
        return [*parameters].index("axis"), parameters["axis"].default

    def adapt(args: tuple, kwargs: dict[str, Any], ndim: int) -> Given | None:
        at, default = place()
        axis = args[at] if at < len(args) else kwargs.get("axis", default)
        axes = axis if isinstance(axis, (list, tuple)) else [axis]
        if not axes or not all(type(a) is int for a in axes):
            return None
        counted = [a if a < 0 else a - ndim - adds for a in axes]
        if not all(2 - ndim <= a < 0 for a in counted) or holds([args[1:], kwargs], PACKED):
            return None
        if not all(type(x) in PACKED for x in flatten(args[0])):  # arrays of steps beside rows
            return None
        moved = counted if isinstance(axis, (list, tuple)) else counted[0]
        if at < len(args):
            return (*args[:at], moved, *args[at + 1 :]), kwargs
        return args, {**kwargs, "axis": moved}

    return on_steps(adapt)(function)


def adding_features(function: F) -> F:
    """`along_features` of an operation whose result has one axis more."""
    return along_features(function, adds=True)


def by_matrix(args: tuple, kwargs: dict[str, Any], ndim: int) -> Given | None:
    """Of a product: steps times one matrix, or one vector, for all."""
    one = len(args) == 2 and not kwargs and type(args[1]) not in PACKED
    return (args, kwargs) if one and np.ndim(args[1]) in (1, 2) else None


def without_label(args: tuple, kwargs: dict[str, Any], ndim: int) -> Given | None:
    """Of einsum: the labels of batch and time are of one operand and of the result alone."""
    packed = [k for k, x in enumerate(args) if type(x) in PACKED]
    if len(packed) != 1 or kwargs or not isinstance(args[0], str):
        return None
    left, arrow, result = args[0].replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow or "." in left or len(terms) != len(args) - 1:
        return None
    mine = packed[0] - 1
    own = terms[mine]
    others = "".join([*terms[:mine], *terms[mine + 1 :], own[2:], result[2:]])
    if len(own) != ndim or result[:2] != own[:2] or set(own[:2]) & set(others) or own[0] == own[1]:
        return None
    terms[mine] = own[0] + own[2:]
    return (f"{','.join(terms)}->{result[0]}{result[2:]}", *args[1:]), {}


def of_features(args: tuple, kwargs: dict[str, Any], ndim: int) -> Given | None:
    """Of brackets: all of batch and time, and what numbers and slices take of the rest."""
    if len(args) != 2 or kwargs or not isinstance(args[1], (tuple, list)):
        return None
    key, whole = [*args[1]], slice(None)
    if key[:1] == [...]:
        rest = key[1:]
    elif key[:2] == [whole, whole]:
        rest = key[2:]
    else:
        return None
    taken = [k for k in rest if k is not None]
    if len(taken) > ndim - 2 or not all(type(k) in (int, slice) for k in taken):
        return None
    return (args[0], (*key[:1], *rest)), {}
