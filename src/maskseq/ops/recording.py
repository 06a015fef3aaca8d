"""Operations under a tape: a result, and the gradients of the arguments.

`gradient=` of an operation is a function of (d, y, *arguments), or a tuple of them, one for each of
the first arguments; d is the gradient of the result y. It gives the gradient of its argument, of
that argument's shape or of the shape that it was broadcast to; for an argument that is a list, a
list of such, or of functions that make them. NO_GRADIENT says that none passes, of the operation or
of one argument; None that it is unknown. That raises where one is wanted, as do arguments behind
the last one that has a gradient.
"""

import functools
import inspect
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..context import current
from ..nest import flatten, leaves, map_structure
from ..numerics import reductions
from ..tape import Traced, padded, plain_values

Gradients = Callable[..., Any] | tuple[Callable[..., Any] | tuple[()] | None, ...] | None
NO_GRADIENT = ()
"""The result does not depend on the arguments, or only in jumps."""


def unbroadcast(gradient: Any, shape: Sequence[int]) -> np.ndarray:
    """A gradient summed over the axes along which an argument of `shape` was broadcast."""
    gradient = np.asarray(gradient)
    if gradient.shape == tuple(shape):
        return gradient
    extra = gradient.ndim - len(shape)
    pairs = enumerate(shape, start=extra)
    along = [a for a, n in pairs if n == 1 and gradient.shape[a] != 1]
    summed = reductions.reduce(gradient, "sum", [*range(extra), *along], keepdims=True)
    return np.broadcast_to(summed.reshape(summed.shape[extra:]), shape)


class Recorder:
    """How one operation is recorded: its name, its parameters, its gradients."""

    def __init__(self, function: Callable[..., Any], gradient: Gradients):
        self.name = function.__name__
        self.gradients = (
            gradient if gradient is None or isinstance(gradient, tuple) else (gradient,)
        )
        self._function = function

    @functools.cached_property
    def _parameters(self) -> list[inspect.Parameter]:
        """Found when they are first wanted: those of all operations would take a fifth of the time
        of `import maskseq`."""
        return [*inspect.signature(self._function).parameters.values()]

    @functools.cached_property
    def names(self) -> list[str]:
        return [p.name for p in self._parameters]

    @functools.cached_property
    def has_many(self) -> bool:
        last = self._parameters[-1:]
        return bool(last) and last[0].kind is inspect.Parameter.VAR_POSITIONAL

    @functools.cached_property
    def _defaults(self) -> dict[str, Any]:
        return {p.name: p.default for p in self._parameters if p.default is not p.empty}

    def tape_for(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        """The tape that the operation is recorded on; None if it knows no argument."""
        tape = current().tape
        for leaf in leaves([args, kwargs]):
            if type(leaf) is Traced:
                return leaf.tape
            if tape is not None and tape.wants(leaf):
                return tape
        return None

    def bind(self, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
        """All arguments by name; those of a `*name` as a list."""
        if self.has_many:
            fixed = len(self.names) - 1
            return dict(zip(self.names, [*args[:fixed], [*args[fixed:]]], strict=True))
        return {**self._defaults, **dict(zip(self.names, args, strict=False)), **kwargs}

    def record(
        self, tape: Any, run: Callable[..., Any], args: tuple, kwargs: dict[str, Any]
    ) -> Any:
        """The result of `run`, Traced if a gradient of an argument is wanted."""
        args, kwargs = padded_leaves(args), padded_leaves(kwargs)
        if self.gradients == NO_GRADIENT or not tape.wants_any([args, kwargs]):
            return run(*plain_values(args), **plain_values(kwargs))
        if self.gradients is None:
            return tape.call_plain(f"ops.{self.name}", run, args, kwargs)
        given = self.bind(args, kwargs)
        plain = plain_values(given)
        y = run(*plain_values(args), **plain_values(kwargs))
        return self.recorded(tape, y, given, plain)

    def recorded(self, tape: Any, y: Any, given: dict[str, Any], plain: dict[str, Any]) -> Any:
        """The result `y` of the arguments as Traced."""
        if any(x.dtype.kind != "f" for x in (y if type(y) is list else [y])):
            return y
        parts = []  # (gradient, the sources of its argument, whether that is a list)
        sources: list[Any] = []
        for name, gradient in itertools.zip_longest(self.names, self.gradients or ()):
            value = given[name]
            is_list = isinstance(value, (list, tuple))
            if gradient == NO_GRADIENT:
                continue
            if gradient is None:
                if tape.wants_any(value):
                    raise TypeError(f"ops.{self.name} passes no gradient to its argument {name}")
                continue
            found = flatten(value) if is_list else [value]
            parts.append((gradient, len(found), is_list))
            sources += found

        def backward(d: Any, wanted: Sequence[bool]) -> list[Any]:
            result: list[Any] = []
            for gradient, count, is_list in parts:
                first = len(result)
                here = range(first, first + count)
                if not any(wanted[i] for i in here):
                    result += [None] * count
                    continue
                found = gradient(d, y, **plain)
                for i, part in zip(here, found if is_list else [found], strict=True):
                    made: Any = (part() if callable(part) else part) if wanted[i] else None
                    result.append(None if made is None else unbroadcast(made, sources[i].shape))
            return result

        return tape.record(y, sources, backward)


def padded_leaves(structure: Any) -> Any:
    """A structure with Traced arrays in the place of Traced Rows."""
    kind = type(structure)
    if kind is Traced:
        return padded(structure)
    if kind is tuple:
        return tuple([padded_leaves(x) for x in structure])
    if kind is list:
        return [padded_leaves(x) for x in structure]
    return map_structure(lambda x: padded(x) if type(x) is Traced else x, structure)
