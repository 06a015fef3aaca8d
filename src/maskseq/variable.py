"""A weight: a named, read-only array that is replaced as a whole, never written in place."""

import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from itertools import chain, islice, repeat
from operator import attrgetter, getitem, methodcaller
from threading import get_ident
from typing import Any, cast
from weakref import ref

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .context import Starts, current, newest
from .given import as_array
from .given.notices import warn

weight_source: ContextVar[Callable[[tuple[int, ...], np.dtype], np.ndarray] | None] = ContextVar(
    "weight_source", default=None
)
"""Gives the first values of new weights in place of their initializers, while it is set."""
_versions = itertools.count(1)


class Variable(NDArrayOperatorsMixin):
    """A weight of a layer.

    `value` is a read-only array, which `assign` replaces. A call of a model or layer that runs at
    the same time goes on seeing the value that it began with, unless it assigned another itself.
    `version` is a number that no other value of any Variable has had: who keeps something made of
    a value compares it. `regularizer` and `constraint` are functions of an array, or None: training
    adds up the penalties, and puts what a constraint allows in the place of an updated value.
    own: the value is an array that nobody else writes to, so no copy of it is needed.
    Source: keras.Variable.
    """

    def __init__(
        self,
        value: Any,
        name: str = "variable",
        trainable: bool = True,
        regularizer: Callable[..., Any] | None = None,
        constraint: Callable[..., Any] | None = None,
        *,
        own: bool = False,
    ):
        self.name, self.trainable = name, trainable
        self.regularizer, self.constraint = regularizer, constraint
        self._value = _frozen(np.array(value, copy=None if own else True, order="C"))
        self.version = next(_versions)

    @property
    def value(self) -> np.ndarray:
        """The array; read-only."""
        value = self._value  # first: if it is replaced later, the edition tells
        context = current()
        if context.edition or context.reader is not None:
            return self._in_walk(context)
        return value

    def _in_walk(self, context: Any) -> Any:
        """The value that a walk sees; in a `call` of a user that is recorded, Traced."""
        value, tape = self.seen()[1], context.reader
        if tape is None or not tape.wants(self):
            return value
        return tape.record(value, [self], lambda gradient, wanted: [gradient])

    shape: tuple[int, ...] = cast(Any, property(attrgetter("_value.shape")))

    @property
    def ndim(self) -> int:
        return self._value.ndim

    dtype: np.dtype = cast(Any, property(attrgetter("_value.dtype")))

    def seen(self) -> tuple[int, np.ndarray]:
        """Version and value, as the current walk sees them."""
        entry = self, self.version, self._value
        edition = current().edition
        if edition:
            entry = edition.own.get((get_ident(), id(self))) or edition.get(id(self)) or entry
        return entry[1:]

    held: Any = seen
    """The same, the value as it is kept: of a weight in fewer bits, its codes."""

    def numpy(self) -> np.ndarray:
        """A copy of the value. Raises: TypeError in training, as no gradient passes it."""
        return np.array(self)

    def assign(self, value: Any) -> None:
        """Replace the value. Raises: ValueError if the shape differs.

        In training no gradient passes.
        """
        if (tape := current().tape) is not None:
            value = tape.plain(value)
        publish([self], [value])

    def assign_add(self, value: Any) -> None:
        """Add to the value. Raises: ValueError if the shape differs."""
        self.assign(self.value + value)

    def assign_sub(self, value: Any) -> None:
        """Subtract from the value. Raises: ValueError if the shape differs."""
        self.assign(self.value - value)

    def checked(self, value: Any, own: bool = False) -> np.ndarray:
        """A copy of `value` that may become the weight's. Raises: ValueError, TypeError.

        own: nobody else writes to `value`: it may be that itself, if type and layout allow it.
        """
        new = as_array(value, f"weight {self.name}")
        if new.shape != self.shape:
            raise ValueError(f"weight {self.name}: expected shape {self.shape}, got {new.shape}")
        if new.dtype.kind not in "fiub":
            raise TypeError(f"weight {self.name}: expected numbers, got dtype {new.dtype}")
        try:
            with np.errstate(over="raise"):
                copy = not (own and new.flags.aligned)
                return _frozen(new.astype(self.dtype, order="C", copy=copy))
        except FloatingPointError:
            with np.errstate(over="ignore"):
                lost = np.isinf(new.astype(self.dtype)) & np.isfinite(new)
            raise ValueError(
                f"weight {self.name}: {self.dtype} does not hold {new[lost][0]}"
            ) from None

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        if (tape := current().tape) is not None and tape.wants(self):
            raise TypeError(
                f"weight {self.name}: a function that gradients do not pass got it: use "
                f"maskseq.ops, or write the layer's `backward(self, inputs, outputs, gradient)`"
            )
        return np.array(self.seen()[1], dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        function = getattr(ufunc, method)
        if (tape := current().tape) is not None:
            return tape.call_numpy(ufunc if method == "__call__" else function, inputs, kwargs)
        return function(*[x.value if isinstance(x, Variable) else x for x in inputs], **kwargs)

    def __float__(self) -> float:
        return float(np.asarray(self))

    def __int__(self) -> int:
        return int(np.asarray(self))

    def __getitem__(self, key: Any) -> Any:
        if (tape := current().tape) is not None:
            return tape.call_numpy(getitem, (self, key), {})
        return self.value[key]

    def __len__(self) -> int:
        return len(self._value)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_value": self.value}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._value = _frozen(self._value)
        self.version = next(_versions)

    def __repr__(self) -> str:
        return f"<Variable name={self.name}, shape={self.shape}, dtype={self.dtype}>"


_version_of, _value_of = attrgetter("version"), attrgetter("_value")
_kind_of = attrgetter("_value.shape", "_value.dtype")


def values_of(variables: Sequence[Variable]) -> list[np.ndarray]:
    """The `value` of each."""
    values = list(map(_value_of, variables))  # first, as in `Variable.value`
    context = current()
    if context.edition or context.reader is not None:
        return [variable.value for variable in variables]
    return values


class _Absent:
    """In the place of a weight that is not there: its value is None."""

    version, _value = 0, None

    def held(self) -> tuple[int, None]:
        return 0, None


ABSENT = _Absent()


def held_by(variables: Sequence[Variable | _Absent]) -> tuple[list[int], list[Any]]:
    """The versions and the values that `held` gives of each."""
    versions, values = list(map(_version_of, variables)), list(map(_value_of, variables))
    if current().edition:
        pairs = [variable.held() for variable in variables]
        return [version for version, _ in pairs], [value for _, value in pairs]
    return versions, values


def kinds_of(variables: Sequence[Variable]) -> list[tuple[tuple[int, ...], np.dtype]]:
    """The shape and the dtype of each."""
    return list(map(_kind_of, variables))


def versions_of(variables: Sequence[Variable]) -> list[int]:
    """The `version` of each."""
    return list(map(_version_of, variables))


_freeze = methodcaller("setflags", write=False)


def _frozen(array: np.ndarray) -> np.ndarray:
    _freeze(array)
    return array


class Edition(dict[int, tuple[Variable, int, np.ndarray]]):
    """The values that all weights had at one moment: what the walks that began then see.

    It holds those that were replaced since: id(variable) -> (variable, version, value).
    number: no other edition's: who found what it made of all values in it up to date, notes it.
    own: what a thread assigned in such a walk, and sees: (thread, id(variable)) -> the same.
    made: what layers made of values that were replaced since: id(layer) -> (layer, ...).
    """

    __slots__ = ("number", "own", "made", "__weakref__")

    def __init__(self) -> None:
        self.number = next(_versions)
        self.own: dict[tuple[int, int], tuple[Variable, int, np.ndarray]] = {}
        self.made: dict[int, tuple] = {}


class Trial(Edition):
    """What a trial call sees: the newest values, and what it assigned itself, which none keeps."""


_editions: list[ref[Edition]] = []
"""Those that a walk may be in: only the contexts of walks, and `newest.starts`, hold them."""
_publishing = threading.RLock()


def publish(variables: Sequence[Variable], values: Iterable[Any], own: bool = False) -> None:
    """Replace the values of variables in one step: a walk sees all old ones, or all new ones.

    own: nobody else writes to the values; they are not copied where that is not needed.
    Raises: ValueError, TypeError if a value does not fit; then none is replaced.
    Warns: UserWarning naming the weights that have NaN.
    """
    pairs = zip(variables, values, strict=True)
    arrays = [variable.checked(value, own) for variable, value in pairs]
    _tell_nan(variables, arrays)
    mine = current().edition
    if type(mine) is Trial:
        new = zip(variables, arrays, strict=True)
        mine.update((id(x), (x, next(_versions), array)) for x, array in new)
    else:
        _put(variables, arrays, mine)


def replace(
    variables: Sequence[Variable], arrays: Sequence[np.ndarray], versions: Sequence[int]
) -> None:
    """`publish` for arrays of the right shape and dtype that nobody else writes to, as they are.

    versions: of the values that the arrays were made from.
    Raises: RuntimeError if another value was assigned since then; none is replaced.
    """
    with _publishing:
        if versions_of(variables) != (versions := list(versions)):
            pairs = zip(variables, versions, strict=True)
            name = next(x.name for x, version in pairs if x.version != version)
            raise RuntimeError(f"weight {name}: another value was assigned during this step")
        deque(map(_freeze, arrays), maxlen=0)
        _put(variables, arrays, current().edition)


def _put(variables: Sequence[Variable], arrays: Sequence[np.ndarray], mine: Any) -> None:
    """Replace values in one step; `mine` is the edition of the walk that this belongs to."""
    versions = list(islice(_versions, len(variables)))
    places = list(map(id, variables))
    with _publishing:
        begun = [edition for known in _editions if (edition := known()) is not None]
        held = map(_version_of, variables), map(_value_of, variables)
        replaced = dict(zip(places, zip(variables, *held, strict=True), strict=True))
        for edition in begun:
            edition.update({**replaced, **edition} if edition else replaced)
        _editions[:] = map(ref, [*begun, edition := Edition()])
        objects = [*variables, *variables, newest]
        names = chain(repeat("_value", len(variables)), repeat("version", len(variables)))
        # All in one C function: neither a thread nor a signal comes in between.
        values = [*arrays, *versions, Starts(edition)]
        deque(map(setattr, objects, chain(names, ("starts",)), values), maxlen=0)
    if mine is not None:
        thread, entries = get_ident(), zip(variables, versions, arrays, strict=True)
        mine.own.update(zip([(thread, place) for place in places], entries, strict=True))


def _tell_nan(variables: Sequence[Variable], arrays: list[np.ndarray]) -> None:
    """Warn of values with NaN: what is computed from them will be NaN as well."""
    bad = [f"{v.name!r}" for v, x in zip(variables, arrays, strict=True) if np.isnan(x).any()]
    if bad:
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        warn(f"NaN in the values of the weights {', '.join(bad[:5])}{more}, and so in answers")


def _after_fork() -> None:
    global _publishing
    _publishing = threading.RLock()  # its owner may not be in the child


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
publish([], [])  # the first edition
