"""Constructors that check what they are given, and whose errors name the class."""

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from .kinds import expected_kind
from .numbers import is_real

_OURS = __name__.partition(".")[0]
_CHECKING: set[Any] = set()  # constructors


def check_kind(cls: Any, name: str, value: Any, what: str) -> None:
    """Raises: ValueError if `value` is of no kind that the constructor's argument declares, or is
    out of the range that the class gives for it. `what` is its name in errors.
    """
    kind = expected_kind(cls, name, object() if isinstance(value, (list, tuple)) else value)
    if kind is not None:
        raise ValueError(f"{what} must be {kind}, got {value!r}")
    if value is not None and name in cls.ranges and not callable(value):
        in_range(value, cls.ranges[name], what)


def in_range(value: Any, interval: str, what: str) -> Any:
    """A number in an interval, such as "[0, 1)". Raises: ValueError."""
    low, high = map(float, interval[1:-1].split(", "))
    if is_real(value) and not isinstance(value, bool):
        above = low <= value if interval[0] == "[" else low < value
        below = value <= high if interval[-1] == "]" else value < high
        if above and below:
            return value
    raise ValueError(f"{what} must be in {interval}, got {value!r}")


def checking(
    init: Callable[..., None], check: Callable[[Any, str, Any, str], None] = check_kind
) -> Callable[..., None]:
    """A constructor of a class of ours that checks what it is given; errors name the class."""
    names = functools.cache(lambda: _names_by_place(init))

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            outermost, cls = _outermost(type(self))
            if outermost is checked:  # what it hands on need not be looked at
                given = {**dict(zip(names(), args, strict=False)), **kwargs} if args else kwargs
                for name, value in given.items():
                    check(cls, name, value, f"{type(self).__name__}: {name}")
            init(self, *args, **kwargs)
        except (ValueError, TypeError) as error:
            name = type(self).__name__
            named = re.search(rf"\b{name}\b", str(error))
            if type(error) in (ValueError, TypeError) and not named:
                error.args = (f"{name}: {error}",)
            raise

    _CHECKING.add(checked)
    return checked


def _names_by_place(init: Callable[..., None]) -> list[str]:
    """The arguments of a constructor, but for self, that need no names."""
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(init).parameters.values()
    return [x.name for x in parameters if x.kind in by_place][1:]


@functools.cache
def _outermost(cls: type) -> tuple[Any, type]:
    """The first of a class's constructors that check, which gets what users give, and the first
    class that is ours: users may declare arguments of the same names as others.
    """
    own = (vars(base).get("__init__") for base in cls.__mro__)
    ours = (base for base in cls.__mro__ if base.__module__.partition(".")[0] == _OURS)
    return next(init for init in own if init in _CHECKING), next(ours)


class Checked:
    """Base of classes whose constructors check the plain arguments that they declare.

    ranges: argument -> the interval that it must be in, such as "(0, inf)".
    """

    ranges: Mapping[str, str] = {}

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls) and cls.__module__.partition(".")[0] == _OURS:
            cls.__init__ = checking(vars(cls)["__init__"])
