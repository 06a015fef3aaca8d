"""NumPy's notation under a tape: its functions and methods on Traced values, recorded.

The result is NumPy's own, with the bits that the same call gives outside of training; the gradient
is that of the operation of the same name. What is not here passes no gradient, and raises.
"""

import functools
import inspect
from collections.abc import Callable
from operator import getitem
from typing import Any

import numpy as np

from ..nest import is_nested
from ..tape import Traced, plain_values
from ..tape.traced import NOTATION, call_numpy
from . import elementwise, nonlinear, products, reduction, shaping
from .operation import RECORDERS
from .recording import Recorder, padded_leaves

_NAMES = {
    **{"a_min": "x_min", "a_max": "x_max", "min": "x_min", "max": "x_max", "reps": "repeats"},
    **{"shape": "newshape", "arrays": "x", "decimals": "decimals"},
}
"""NumPy's names of arguments -> those of the operations, where they differ."""
_OTHERS = {
    np.concatenate: shaping.concatenate,
    np.amax: reduction.max,
    np.amin: reduction.min,
    np.around: elementwise.round,
    getitem: shaping.get_item,
}
_BY_PLACE = (np.where, np.dot, getitem)
"""Whose arguments have no names, or others."""
_OF_NO_GRADIENT = (np.shape, np.ndim, np.size, np.argsort, np.nonzero, np.empty_like, np.isclose)
_METHODS = (
    "sum mean max min std var prod cumsum any all argmax argmin squeeze swapaxes ravel repeat take "
    "clip round cumprod dot argsort nonzero diagonal trace copy"
).split()
_OF_PLAIN = "item tolist tobytes view fill sort partition put itemset searchsorted".split()


@functools.cache  # first asked for in training, not by `import maskseq`
def _names_of(function: Any, recorder: Recorder) -> list[str]:
    """The operation's names for the arguments of NumPy's function, in its order."""
    if isinstance(function, np.ufunc) or function in _BY_PLACE:
        return recorder.names
    try:
        own = list(inspect.signature(function).parameters)
    except ValueError:  # written in C
        return recorder.names
    known = [name if name in recorder.names else _NAMES.get(name, name) for name in own]
    return [recorder.names[0], *known[1:]]


def _handler(function: Any, recorder: Recorder) -> Callable[..., Any]:
    def bind(args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
        names = _names_of(function, recorder)
        if not kwargs and len(args) <= len(names) and names is recorder.names:
            return recorder.bind(args, {})
        named = {k if k in recorder.names else _NAMES.get(k, k): v for k, v in kwargs.items()}
        given = {**dict(zip(names, args, strict=False)), **named}
        given = {k: v for k, v in given.items() if v is not None or k in recorder.names}
        if isinstance(function, np.ufunc):
            given.pop("dtype", None)
        strange = sorted(given.keys() - set(recorder.names))
        if strange or len(args) > len(names):
            raise TypeError(f"np.{function.__name__} with {strange or args} passes no gradient on")
        return recorder.bind((), given)

    def handle(tape: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        args, kwargs = padded_leaves(args), padded_leaves(kwargs)
        y = function(*plain_values(args), **plain_values(kwargs))
        if not recorder.gradients or not tape.wants_any([args, kwargs]):
            return y
        y = [*map(np.asarray, y)] if is_nested(y) else np.asarray(y)
        given = recorder.bind(args, {}) if recorder.has_many else bind(args, kwargs)
        return recorder.recorded(tape, y, given, plain_values(given))

    return handle


def _plain(function: Any) -> Callable[..., Any]:
    def handle(tape: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        return function(*plain_values(args), **plain_values(kwargs))

    return handle


def _dot(tape: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """np.dot of what it shares with np.matmul, or with np.multiply."""
    if kwargs or len(args) != 2 or np.ndim(args[1]) > 2:
        return tape.call_plain("np.dot", np.dot, args, kwargs)
    numbers = not all(map(np.ndim, args))
    twin = elementwise.multiply if numbers else products.matmul
    return _handler(np.dot, RECORDERS[twin])(tape, args, kwargs)


def _method(function: Any) -> Callable[..., Any]:
    return lambda self, *args, **kwargs: call_numpy(self.tape, function, (self, *args), kwargs)


def _of_sizes(function: Any) -> Callable[..., Any]:
    """A method whose sizes come as one tuple or one by one."""

    def method(self: Traced, *sizes: Any) -> Any:
        given = sizes[0] if len(sizes) == 1 and (sizes[0] is None or is_nested(sizes[0])) else sizes
        return call_numpy(self.tape, function, (self, given or None), {})

    return method


def _astype(self: Traced, dtype: Any, **options: Any) -> Any:
    return elementwise.cast(self, dtype)


def _of_plain(name: str) -> Callable[..., Any]:
    """A method of arrays that gives no array, or writes into one: no gradient passes it."""

    def method(self: Traced, *args: Any, **kwargs: Any) -> Any:
        self._must_not_be_needed(f"{name}()")
        return getattr(self.value, name)(*args, **kwargs)

    return method


def _same(x: Any) -> Any:
    return x


def _register() -> None:
    for module in (elementwise, nonlinear, products, reduction, shaping):
        for name, function in vars(module).items():
            twin = getattr(np, name, None)
            if (
                callable(twin)
                and function in RECORDERS
                and RECORDERS[function].gradients is not None
            ):
                NOTATION[twin] = _handler(twin, RECORDERS[function])
    for function, twin in _OTHERS.items():
        NOTATION[function] = _handler(function, RECORDERS[twin])
    for function in (np.positive, np.copy):
        NOTATION[function] = _handler(function, Recorder(_same, lambda d, y, x: d))
    NOTATION[np.dot] = _dot
    NOTATION.update((function, _plain(function)) for function in _OF_NO_GRADIENT)
    for name in _METHODS:
        setattr(Traced, name, _method(getattr(np, name)))
    for name in _OF_PLAIN:
        setattr(Traced, name, _of_plain(name))
    for name, method in {
        "__getitem__": _method(getitem),
        "reshape": _of_sizes(np.reshape),
        "transpose": _of_sizes(np.transpose),
        "flatten": _method(np.ravel),
        "T": property(_method(np.transpose)),
        "astype": _astype,
        "astype_on_tape": lambda self, dtype: self if dtype is None else _astype(self, dtype),
    }.items():
        setattr(Traced, name, method)


_register()
