"""Operations under a tape: a result, and the gradients of the arguments.

`gradient=` of an operation is a function of (d, y, *arguments), or a tuple of them, one for each of
the first arguments; d is the gradient of the result y. It gives the gradient of its argument, of
that argument's shape or of the shape that it was broadcast to; for an argument that is a list, a
list of such, or of functions that make them. NO_GRADIENT says that none passes; None that it is
unknown, which raises where one is wanted.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..context import current
from ..nest import flatten, leaves, map_structure
from ..numerics import reductions
from ..tape import Traced, padded, value_of

Gradients = Callable[..., Any] | tuple[Callable[..., Any] | None, ...] | None
NO_GRADIENT = ()
"""The result does not depend on the arguments, or only in jumps."""


def unbroadcast(gradient: np.ndarray, shape: Sequence[int]) -> np.ndarray:
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
        parameters = inspect.signature(function).parameters.values()
        self.names = [p.name for p in parameters]
        self.has_many = (
            bool(parameters) and [*parameters][-1].kind is inspect.Parameter.VAR_POSITIONAL
        )
        self._defaults = {p.name: p.default for p in parameters if p.default is not p.empty}

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
        plain = map_structure(value_of, args), map_structure(value_of, kwargs)
        if self.gradients is not None and not self.gradients:
            return run(*plain[0], **plain[1])
        if not tape.wants_any([args, kwargs]):
            return run(*plain[0], **plain[1])
        if self.gradients is None:
            return tape.call_plain(f"ops.{self.name}", run, args, kwargs)
        y, given, bound = run(*plain[0], **plain[1]), self.bind(args, kwargs), self.bind(*plain)
        return self.recorded(tape, y, given, bound)

    def recorded(self, tape: Any, y: Any, given: dict[str, Any], plain: dict[str, Any]) -> Any:
        """The result `y` of the arguments as Traced."""
        if not all(x.dtype.kind == "f" for x in leaves(y)):
            return y
        parts = []  # (gradient, how many leaves) of each argument that has one
        sources: list[Any] = []
        for name, gradient in zip(self.names, self.gradients or (), strict=False):
            found = flatten(given[name])
            if gradient is None:
                if tape.wants_any(found):
                    raise TypeError(f"ops.{self.name} passes no gradient to its argument {name}")
                continue
            parts.append((gradient, len(found), isinstance(given[name], (list, tuple))))
            sources += found

        def backward(d: Any, wanted: Sequence[bool]) -> list[Any]:
            result: list[Any] = []
            for gradient, count, is_list in parts:
                here = slice(len(result), len(result) + count)
                if not any(wanted[here]):
                    result += [None] * count
                    continue
                found = gradient(d, y, **plain)
                given_parts = zip(
                    sources[here], wanted[here], found if is_list else [found], strict=True
                )
                for source, wants, part in given_parts:
                    made = (part() if callable(part) else part) if wants else None
                    shape = np.shape(value_of(source))
                    result.append(None if made is None else unbroadcast(made, shape))
            return result

        return tape.record(y, sources, backward)


def padded_leaves(structure: Any) -> Any:
    """A structure with Traced arrays in the place of Traced Rows."""
    return map_structure(lambda x: padded(x) if type(x) is Traced else x, structure)
