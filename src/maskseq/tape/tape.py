"""Tape: the calls of one training step in order, and the walk back through them."""

from collections.abc import Callable, Iterable, Sequence
from itertools import compress, repeat
from operator import is_
from typing import Any

import numpy as np

from ..rows import Rows
from ..variable import Variable
from .sums import SparseRows, add_gradients
from .traced import WHAT_TO_WRITE, Traced, call_numpy, plain_values, value_of

Backward = Callable[[Any, Sequence[bool]], Iterable[Any]]
"""(gradient of the result, which sources want one) -> a gradient for each source; None is zero."""

before_tapes: list[Callable[[], Any]] = []
"""Functions that import what Traced values need."""


class Tape:
    """What a walk did, so that it can be walked back once.

    Put it into the context, `changed(tape=tape)`, and let the inputs be `tape.data(x)`: layers and
    operations then record what a gradient must pass. The gradient of an array is a float32 array of
    its shape. That of Rows has their rows, or only the real ones: that of the pads is then zero.
    That of an embedding's table is SparseRows.

    Arguments: variables: the weights whose gradients are wanted.
    Attributes: penalties: (activity regularizer, outputs) of the layers that have one, in order.
        losses: what layers added with `add_loss`, in order; the list that the context has, too.
        trained: layers that are known to hold a wanted weight, which need not be sought again.
    """

    def __init__(self, variables: Iterable[Variable] = ()):
        for load in before_tapes:
            load()
        self.variables = list(variables)
        self.trained: set[Any] = set()
        self._wanted = set(map(id, self.variables))
        self._begin()

    def _begin(self) -> None:
        self.penalties: list[tuple[Any, Any]] = []
        self.losses: list[Any] = []
        self._entries: list[tuple[Any, Sequence[Any], list[bool], Backward]] | None = []

    def again(self) -> "Tape":
        """An empty tape for the same weights; what is known of layers stays known."""
        tape = Tape.__new__(Tape)
        tape.variables, tape.trained, tape._wanted = self.variables, self.trained, self._wanted
        tape._begin()
        return tape

    def data(self, value: Any) -> Traced:
        """Rows or an array that no gradient is wanted of."""
        return Traced(value, self, False)

    def watch(self, value: Any) -> Traced:
        """Rows or an array whose gradient `gradients` may be asked for."""
        return Traced(value, self, True)

    def hold(self, value: Any) -> Any:
        """A value of a walk as Traced; None and numbers as they are."""
        return self.data(value) if isinstance(value, (np.ndarray, Rows)) else value

    def plain(self, value: Any) -> Any:
        """What a Traced or a weight holds; anything else as it is. No gradient passes."""
        return value_of(value)

    def wants(self, x: Any) -> bool:
        """True for a value that needs a gradient, and for a weight of this tape."""
        return x.needed if type(x) is Traced else id(x) in self._wanted

    def wants_any(self, structure: Any) -> bool:
        """True if the tape wants any leaf of it."""
        if type(structure) is Traced:
            return structure.needed
        if isinstance(structure, (tuple, list)):
            for part in structure:
                if self.wants_any(part):
                    return True
            return False
        if isinstance(structure, dict):
            return bool(structure) and self.wants_any(list(structure.values()))
        return id(structure) in self._wanted

    def record(self, value: Any, sources: Sequence[Any], backward: Backward) -> Any:
        """`value`, Rows or an array or a list of such, as made of `sources`.

        Arguments:
            sources: Traced values, weights, or anything else, which gets no gradient.
            backward: backward(gradient, wanted) gives a gradient for each source, None where
                `wanted` is False. For a list, `gradient` has None for what nothing read.
        Returns: Traced, or a list of Traced.
        """
        weights = self._wanted
        wanted = [x.needed if type(x) is Traced else id(x) in weights for x in sources]
        needed = True in wanted
        if type(value) is list:
            made: Any = [Traced(x, self, needed) for x in value]
        else:
            made = Traced(value, self, needed)
        if needed:
            entries = self._open() if self._entries is None else self._entries
            entries.append((made, sources, wanted, backward))
        return made

    def call_plain(self, name: str, function: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        """`function` of plain values. Raises: TypeError if a gradient of one of them is wanted."""
        if self.wants_any([args, kwargs]):
            raise TypeError(f"{name} passes no gradient on: {WHAT_TO_WRITE}")
        return function(*plain_values(args), **plain_values(kwargs))

    def call_numpy(self, function: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        """A function of NumPy's on values of which the tape knows some."""
        return call_numpy(self, function, args, kwargs)

    def recorded_since(self, count: int) -> set[int]:
        """The ids of all sources of what was recorded after the first `count` entries."""
        return {id(x) for entry in self._open()[count:] for x in entry[1]}

    def __len__(self) -> int:
        return len(self._open())

    def gradients(self, loss: Any, gradient: Any = None, of: Sequence[Any] | None = None) -> list:
        """The gradients of `loss`, in the order of `variables`; None where nothing reached one.

        Arguments:
            loss: a Traced value, or a list of such.
            gradient: that of the loss, or a list of such; ones by default.
            of: watched values or weights, in place of `variables`.
        Raises: RuntimeError the second time: what was kept for the way back is gone.
        """
        entries, self._entries = self._open(), None
        losses = loss if isinstance(loss, (list, tuple)) else [loss]
        given = gradient if isinstance(loss, (list, tuple)) else [gradient]
        if gradient is None:
            given = [_ones(value_of(x)) for x in losses]
        found: dict[int, Any] = {}
        _add(found, losses, given, (True,) * len(losses))
        take = found.pop if of is None else _kept(found, of)
        while entries:
            made, sources, wanted, backward = entries.pop()
            if type(made) is list:
                arrived: Any = list(map(take, map(id, made), repeat(None)))
                if all(map(is_, arrived, repeat(None))):
                    continue
            elif (arrived := take(id(made), None)) is None:
                continue
            _add(found, sources, backward(arrived, wanted), wanted)
        return list(map(found.get, map(id, self.variables if of is None else of)))

    def _open(self) -> list:
        if self._entries is None:
            raise RuntimeError("the tape was walked back already: record the step on a new one")
        return self._entries


_ONE = np.float32(1)


def _ones(value: Any) -> Any:
    return np.ones(value.shape, np.float32) if value.shape else _ONE


def _kept(found: dict[int, Any], of: Sequence[Any]) -> Callable[[int, None], Any]:
    """`found.pop`, but the gradients that are asked for stay."""
    kept = set(map(id, of))
    return lambda place, none: found.get(place) if place in kept else found.pop(place, none)


def _add(
    found: dict[int, Any], sources: Sequence[Any], gradients: Iterable[Any], wanted: Sequence[bool]
) -> None:
    """Add to what is known of the gradients of Traced values and weights, where they are wanted."""
    for source, gradient in compress(zip(sources, gradients, strict=True), wanted):
        if gradient is None:
            continue
        if type(gradient) is not SparseRows:
            gradient = np.asarray(gradient, np.float32)
        value = source.value if type(source) is Traced else source
        if type(value) is Rows or gradient.shape != value.shape:
            _check_shape(value, gradient.shape)
        place = id(source)
        found[place] = add_gradients(found[place], gradient) if place in found else gradient


def _check_shape(value: Any, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless a gradient of that shape is of Rows, with pads or without."""
    fits = type(value) is Rows and shape[1:] == value.features
    if not (fits and shape and shape[0] >= value.layout.steps):
        raise ValueError(f"gradient of a value of shape {value.shape} has shape {shape}")
