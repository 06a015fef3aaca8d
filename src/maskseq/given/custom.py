"""Classes and functions of users that files may name. Source: keras.saving, version 3.15.

Nothing is found by importing what a file says: only what was registered, or given by hand.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

Registered = TypeVar("Registered")
_registered: dict[str, Any] = {}
_names: dict[Any, str] = {}
_scope: ContextVar[Mapping[str, Any] | None] = ContextVar("scope", default=None)


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[Registered], Registered]:
    """Decorator of a class or function: files then name it "package>name", and it is found there.

    Parameters
    ----------
    package : str, default "Custom"
        What stands before the name in files.
    name : str, optional
        The name in files; None: that of the class.

    Returns
    -------
    callable
        A decorator, which gives the class as it came.

    Raises
    ------
    ValueError
        For a class without `get_config`, or a name that is taken.

    See Also
    --------
    custom_object_scope, get_registered_object

    Notes
    -----
    Source: keras.saving.register_keras_serializable.

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> @maskseq.saving.register_keras_serializable(package="mine")
    ... class Halve(layers.Layer):
    ...     def call(self, inputs):
    ...         return inputs / 2
    >>> maskseq.saving.get_registered_name(Halve)
    'mine>Halve'
    """

    def register(made: Any) -> Any:
        if isinstance(made, type) and not hasattr(made, "get_config"):
            raise ValueError(f"{made.__name__} must have a get_config method to be registered")
        full = f"{package}>{name or made.__name__}"
        other = _registered.get(full)
        if other is not None and _origin(other) != _origin(made):
            raise ValueError(f"{full} is registered already, for {other!r}")
        _registered[full], _names[made] = made, full
        return made

    return register


def _origin(made: Any) -> tuple[str, str]:
    """Where a class or function is written: a cell of a notebook may run again."""
    return made.__module__, made.__qualname__


def get_registered_name(made: Any) -> str:
    """The name "package>name" of what was registered, else its own name.

    Parameters
    ----------
    made : object
        A class or a function.

    Returns
    -------
    str
        The name.

    Notes
    -----
    Source: keras.saving.

    Examples
    --------
    >>> import maskseq
    >>> @maskseq.saving.register_keras_serializable(package="mine")
    ... def halved(x):
    ...     return x / 2
    >>> maskseq.saving.get_registered_name(halved)
    'mine>halved'
    """
    return str(_names.get(made, made.__name__))


def get_registered_object(name: str, custom_objects: Any = None, module_objects: Any = None) -> Any:
    """The class or function of a registered name, or of that name in a dict; None if none is.

    Parameters
    ----------
    name : str
        The name.
    custom_objects : dict, optional
        Name -> class or function, beside those that are known.
    module_objects : dict, optional
        Names to look at last.

    Returns
    -------
    object or None
        The class or function; None if there is none.

    See Also
    --------
    register_keras_serializable

    Notes
    -----
    Source: keras.saving.get_registered_object.

    Examples
    --------
    >>> import maskseq
    >>> @maskseq.saving.register_keras_serializable(package="mine")
    ... def tripled(x):
    ...     return 3 * x
    >>> maskseq.saving.get_registered_object("mine>tripled") is tripled
    True
    """
    for known in (custom_objects, custom_objects_here(), module_objects):
        if known and name in known:
            return known[name]
    return None


def get_custom_objects() -> dict[str, Any]:
    """The dict of all that is registered, which may be added to.

    Returns
    -------
    dict
        Name -> class or function.

    Notes
    -----
    Source: keras.saving.

    Examples
    --------
    >>> import maskseq
    >>> @maskseq.saving.register_keras_serializable(package="mine")
    ... def doubled(x):
    ...     return 2 * x
    >>> "mine>doubled" in maskseq.saving.get_custom_objects()
    True
    """
    return _registered


class custom_object_scope:
    """Within `with custom_object_scope({"Name": Class}):` files may name these.

    Parameters
    ----------
    custom_objects : dict, optional
        Name -> class or function, beside those that are known.

    See Also
    --------
    register_keras_serializable, get_custom_objects

    Notes
    -----
    Source: keras.saving.custom_object_scope.

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> class Halve(layers.Layer):
    ...     def call(self, inputs):
    ...         return inputs / 2
    >>> with maskseq.saving.custom_object_scope({"Halve": Halve}):
    ...     print(maskseq.saving.get_registered_object("Halve") is Halve)
    True
    """

    def __init__(self, custom_objects: Mapping[str, Any]):
        self._given = dict(custom_objects)

    def __enter__(self) -> "custom_object_scope":
        self._token = _scope.set({**(_scope.get() or {}), **self._given})
        return self

    def __exit__(self, *error: Any) -> None:
        _scope.reset(self._token)


def custom_objects_here(given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What files may name: what is registered, what the scope has, and what is given."""
    by_class = {x.__name__: x for x in _registered.values() if hasattr(x, "__name__")}
    return {**by_class, **_registered, **(_scope.get() or {}), **(given or {})}
