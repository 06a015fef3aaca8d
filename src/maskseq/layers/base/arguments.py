"""The arguments of layers' constructors: which there are, and a config made of them.

A constructor names its own arguments. Those that every layer has arrive in its `**kwargs`, which it
declares as `**kwargs: Unpack[LayerOptions]` and hands on.
"""

import functools
from typing import Any, TypedDict, Unpack, get_args, get_origin

from ... import activations, configured, constraints, initializers, regularizers
from ...given.kinds import parameters_of
from .registry import serialize_layer
from .weights import WeightHolder


class CommonOptions(TypedDict, total=False):
    """Keyword arguments of every layer; see `Layer`."""

    name: str | None
    dtype: Any
    trainable: bool
    autocast: bool
    mask_rule: str
    input_shape: Any


class LayerOptions(CommonOptions, total=False):
    """Those of a layer that does not name `activity_regularizer` itself."""

    activity_regularizer: Any


@functools.cache
def arguments_of(cls: type) -> dict[str, bool]:
    """The arguments of a class's constructor -> False if they are those of every layer.

    `**kwargs` without a declaration stand for the arguments of the next constructor in the MRO.
    """
    found: dict[str, bool] = {}
    for base in cls.__mro__:
        parameters = parameters_of(base)
        if not parameters and "__init__" not in vars(base):
            continue
        rest: Any = None
        for parameter in parameters:
            if parameter.kind is parameter.VAR_KEYWORD:
                rest = parameter.annotation
            elif parameter.kind is not parameter.VAR_POSITIONAL:
                own = parameter.name not in CommonOptions.__optional_keys__
                found.setdefault(parameter.name, own)
        if get_origin(rest) is Unpack:
            (options,) = get_args(rest)
            return dict.fromkeys(options.__optional_keys__, False) | found
        if rest is None:
            break
    return found


def check_options(cls: type, options: Any) -> None:
    """Raises: TypeError that names an option which no layer takes, and the nearest argument;
    ValueError for a name that is no text.
    """
    for name in sorted(options.keys() - LayerOptions.__optional_keys__):
        hint = configured.hint(name, arguments_of(cls))
        raise TypeError(f"{cls.__name__}: unexpected keyword argument {name!r}; {hint}")
    if not isinstance(options.get("name"), (str, type(None))):
        raise ValueError(f"{cls.__name__}: name must be a text or None, got {options['name']!r}")


def config_of_arguments(layer: Any, default: Any) -> dict[str, Any]:
    """What a layer was given under the arguments that it names, from its attributes, as data.

    default: Layer.get_config. A class with a `get_config` of its own tells its own arguments, and
        those of the classes below it.
    Raises: NotImplementedError if an argument is no attribute and no class tells it.
    """
    mro = type(layer).__mro__
    own = [i for i, cls in enumerate(mro) if vars(cls).get("get_config", default) is not default]
    cls = mro[own[-1] + 1] if own else mro[0]
    config = {}
    for name, named in arguments_of(cls).items():
        if not named or name in layer.not_in_config:
            continue
        if hasattr(layer, name):
            value = getattr(layer, name)
            value = activations.serialize(value) if name.endswith("activation") else value
            config[name] = as_config(value)
        elif not own:
            raise NotImplementedError(
                f"{cls.__name__}: keep the argument {name!r} as an attribute of that name, or "
                f"write get_config"
            )
    return config


def as_config(value: Any) -> Any:
    """An argument as data, if it is a layer, a regularizer or a constraint; else as it is."""
    if isinstance(value, WeightHolder):
        return serialize_layer(value)
    if type(value) in (list, tuple):
        return type(value)(map(as_config, value))
    return constraints.serialize(regularizers.serialize(initializers.serialize(value)))
