"""Regularizers and constraints: from what a config says about them to objects, and back.

What a config names is looked up in a closed table of our own classes. Of any other class the config
is kept as it is, in an `Unknown`; nothing is imported or evaluated.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

import numpy as np

from .given.checking import Checked
from .given.custom import custom_objects_here
from .given.numbers import is_real

_OURS = __name__.split(".")[0]


class Configured(Checked):
    """A function that is made from arguments, which it keeps as attributes of their names."""

    def __call__(self, x: Any, /) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no __call__")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this object anew."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """An object made from what `get_config` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


class Unknown:
    """What a model file says about a regularizer or constraint of a class that is not known here.

    Its `config` is kept as it was, so that it is still there when the model is copied. Calling it
    raises NotImplementedError.
    """

    def __init__(self, config: dict[str, Any]):
        self.config = config

    @property
    def name(self) -> str:
        """The name under which the class was registered, or the class's own."""
        return str(self.config.get("registered_name") or self.config["class_name"])[:60]

    def __call__(self, x: Any) -> Any:
        raise NotImplementedError(
            f"{self.name} is not a class of maskseq: assign an object of yours in its place"
        )

    def __repr__(self) -> str:
        return f"<Unknown {self.name}>"


def snake_case(name: str) -> str:
    """LSTM -> lstm, TimeDistributed -> time_distributed, L1L2 -> l1l2, as Keras has it.

    Parameters
    ----------
    name : str
        The name; made from the name of the class if None.

    Returns
    -------
    str
        The name.
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def table_of(**classes: type[Configured]) -> dict[str, type[Configured]]:
    """Class name and short name, which is `snake_case` of it -> class."""
    return {name: cls for short, cls in classes.items() for name in (cls.__name__, short)}


def is_from_keras(entry: Mapping[str, Any]) -> bool:
    """True if the entry of a config names a class of Keras itself, and none that a user wrote."""
    module, registered = entry.get("module", "keras"), entry.get("registered_name")
    if not isinstance(module, str):
        return False
    top, *inner = module.removeprefix("tf_").split(".")
    return (
        top == "keras"
        and all(name.replace("_", "a").isalnum() for name in inner)
        and registered in (None, entry.get("class_name"), entry.get("config"))
    )


def is_ours(made: Any) -> bool:
    """True for a class or a function of this package."""
    return made.__module__.partition(".")[0] == _OURS


def _names_ours(entry: Mapping[str, Any]) -> bool:
    """True if the entry of a config names a class that Keras lacks, as `serialize` writes it."""
    module, name = entry.get("module"), entry.get("class_name")
    return str(module).startswith(f"{_OURS}.") and entry.get("registered_name") == name


def get(
    identifier: Any, known: Mapping[str, type[Configured]], kind: str
) -> Callable[..., Any] | None:
    """The object that `identifier` means, out of the table `known`. See `regularizers.get`."""
    if identifier is None:
        return None
    if isinstance(identifier, dict) and isinstance(identifier.get("class_name"), str):
        cls = known.get(identifier["class_name"]) if is_from_keras(identifier) else None
        if cls is None:
            return Unknown(identifier)
        return cls.from_config(identifier.get("config") or {})
    found: Any = identifier
    if isinstance(identifier, str):
        found = named(identifier, known, kind)
    if not callable(found):
        raise ValueError(f"{kind}: expected a name, a config or a function, got {identifier!r}")
    return found() if isinstance(found, type) else found


def serialize(value: Any, known: Mapping[str, type[Any]], module: str) -> Any:
    """The config of an object of the table, in Keras's form; of an `Unknown`, as it was.

    None and objects of other classes are returned as they are; a class of the table stands for the
    object that it makes without arguments. A class with `in_keras = False` is
    written under a name of ours, so that Keras names what it lacks.
    """
    if isinstance(value, Unknown):
        return value.config
    if isinstance(value, type) and known.get(value.__name__) is value:
        value = value()
    name, registered = type(value).__name__, None
    if known.get(name) is not type(value):
        return value
    if not getattr(value, "in_keras", True):
        module, registered = _OURS + module.removeprefix("keras"), name
    config = value.get_config()
    return {"module": module, "class_name": name, "config": config, "registered_name": registered}


def function(name: str) -> dict[str, str]:
    """The config of a function of this name, in Keras's form."""
    names = {"class_name": "function", "config": name, "registered_name": "function"}
    return {"module": "builtins", **names}


def arguments_of(cls: type) -> set[str]:
    """The names of the arguments that make an object of a class."""
    return set(inspect.signature(cls).parameters)


def hint(name: str, known: Iterable[str]) -> str:
    """The end of an error: which known name is nearest, or which there are.

    Parameters
    ----------
    name : str
        The name; made from the name of the class if None.
    known : iterable of str
        The names that there are.

    Returns
    -------
    str
        The words.
    """
    from difflib import get_close_matches  # a third of a millisecond, for an error only

    known = sorted(known)
    near = get_close_matches(name, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(known)}"


def named(name: str, known: Mapping[str, Any], kind: str) -> Any:
    """What is called `name` in a table. Raises: ValueError with the nearest name."""
    if name not in known:
        raise ValueError(f"{kind}: there is none called {name!r}; {hint(name, known)}")
    return known[name]


def found(
    identifier: Any, known: Mapping[str, Any], kind: str, deserialize: Callable[[Any], Any]
) -> Any:
    """What a name, a config, a class or a function means; None and functions as they are.

    Raises: ValueError with the nearest name of the table.
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        identifier = named(identifier, known, kind)
    elif isinstance(identifier, dict):
        identifier = deserialize(identifier)
    if isinstance(identifier, type):
        identifier = identifier()
    if not callable(identifier):
        raise ValueError(f"{kind}: expected a name, a config or a function, got {identifier!r}")
    return identifier


def from_table(config: Any, known: Mapping[str, Any], kind: str) -> Any:
    """The object that a config describes, of a class in a table that comes from Keras.

    Raises: ValueError, TypeError.
    """
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise ValueError(f"{kind}: expected a name, a config or an object, got {config!r}")
    if not is_from_keras(config) and not _names_ours(config):
        raise ValueError(f"{kind}: {config['class_name']!r} is not a class of maskseq or Keras")
    return named(config["class_name"], known, kind).from_config(config.get("config") or {})


def with_own(config: Any) -> Any:
    """A config with the functions and objects of users in place of what names them.

    These are what users registered or put into a scope: see given/custom.py.
    """
    if isinstance(config, list):
        return list(map(with_own, config))
    if not isinstance(config, dict):
        return config
    if not isinstance(config.get("class_name"), str):
        return {key: with_own(value) for key, value in config.items()}
    known, names = custom_objects_here(), (config.get("registered_name"), config["class_name"])
    if config["class_name"] == "function":
        return known.get(str(config.get("config")), config)
    own = next((known[name] for name in names if isinstance(name, str) and name in known), None)
    return config if own is None else own.from_config(config.get("config") or {})


def number(value: Any, name: str) -> float:
    """`value`, if it is finite and not negative. Raises: ValueError."""
    plain = is_real(value) and not isinstance(value, bool)
    if not plain or not np.isfinite(value) or value < 0:
        raise ValueError(f"{name} must be a finite number, not negative, got {value!r}")
    return float(value)
