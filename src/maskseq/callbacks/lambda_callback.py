"""LambdaCallback: functions in place of methods."""

from collections.abc import Callable
from typing import Any

from .base import EVENTS, Callback


class LambdaCallback(Callback):
    """Call the functions given, each under the name of a method of Callback.

    Raises: TypeError for another name. Source: keras.callbacks.LambdaCallback.
    """

    def __init__(self, **functions: Callable[..., Any] | None):
        super().__init__()
        for name, function in functions.items():
            if name not in EVENTS:
                raise TypeError(f"LambdaCallback: {name!r} is none of {', '.join(EVENTS)}")
            if function is not None:
                setattr(self, name, function)
