"""Functions that a caller gives in place of those that a file names: nothing in a file is run."""

from collections.abc import Callable, Mapping
from typing import Any


class Functions:
    """Functions by the name of a layer, or by their own name in the file.

    Arguments:
        given: name -> a function; {argument: function} for a layer with several, as an LSTM of two
            activations; or, for a Lambda, a layer that takes its place.
        known: own name in a file -> function, of which not all need be used.
    """

    def __init__(self, given: Mapping[str, Any], known: Mapping[str, Any] | None = None) -> None:
        for name, value in given.items():
            for function in value.values() if isinstance(value, Mapping) else [value]:
                if not callable(function):
                    raise TypeError(f"functions: '{name}' must be a function, got {function!r}")
        self._given, self._known = dict(given), dict(known or {})
        self._used: set[str] = set()

    def take(self, layer: str, argument: str, own_name: str) -> Callable[..., Any] | None:
        """The function for an argument of a layer; None if there is none."""
        for name in (layer, own_name):
            value = self._given.get(name)
            if isinstance(value, Mapping):
                value = value.get(argument)
            if value is not None:
                self._used.add(name)
                return value
        return self._known.get(own_name)

    def check_used(self, path: str) -> None:
        """Raises: ValueError naming those for which the file has no place."""
        if unused := sorted(self._given.keys() - self._used):
            raise ValueError(
                f"{path}: functions for {unused[:10]}, but there is no Lambda of such a name, and "
                f"no layer of such a name whose activation is not known"
            )
