"""Constructors that check what they are given, and whose errors name the class."""

import contextlib
import functools
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .kinds import expected_kind

_OURS = __name__.partition(".")[0]


def check_kind(cls: Any, name: str, value: Any) -> None:
    """Raises: ValueError if `value` is of no kind that the constructor's argument declares, or is
    out of the range that the class gives for it.
    """
    what = f"{cls.__name__}: {name}"
    kind = expected_kind(cls, name, object() if isinstance(value, (list, tuple)) else value)
    if kind is not None:
        raise ValueError(f"{what} must be {kind}, got {value!r}")
    if value is not None and name in cls.ranges and not callable(value):
        in_range(value, cls.ranges[name], what)


def in_range(value: Any, interval: str, what: str) -> Any:
    """A number in an interval, such as "[0, 1)". Raises: ValueError."""
    low, high = map(float, interval[1:-1].split(", "))
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        above = low <= value if interval[0] == "[" else low < value
        below = value <= high if interval[-1] == "]" else value < high
        if above and below:
            return value
    raise ValueError(f"{what} must be in {interval}, got {value!r}")


def checking(
    init: Callable[..., None], check: Callable[[Any, str, Any], None] = check_kind
) -> Callable[..., None]:
    """A constructor of a class of ours that checks what it is given; errors name the class."""
    signature = functools.cache(lambda: inspect.signature(init))

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        given: Mapping[str, Any] = kwargs
        if args:
            given = {}
            with contextlib.suppress(TypeError):  # of names: the constructor says what is wrong
                given = signature().bind(self, *args, **kwargs).arguments
        parameters = signature().parameters
        try:
            for name, value in given.items():
                if name in parameters and value is not self:
                    check(type(self), name, value)
            init(self, *args, **kwargs)
        except (ValueError, TypeError) as error:
            name = type(self).__name__
            named = re.search(rf"\b{name}\b", str(error))
            if type(error) in (ValueError, TypeError) and not named:
                error.args = (f"{name}: {error}",)
            raise

    return checked


class Checked:
    """Base of classes whose constructors check the plain arguments that they declare.

    ranges: argument -> the interval that it must be in, such as "(0, inf)".
    """

    ranges: Mapping[str, str] = {}

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls) and cls.__module__.partition(".")[0] == _OURS:
            cls.__init__ = checking(vars(cls)["__init__"])
