"""Layers to configs and back: by class name, out of a closed table."""

from contextvars import ContextVar
from importlib import import_module
from typing import Any, TypeVar

from ...given.custom import custom_objects_here, get_registered_name
from .table import FILES
from .weights import WeightHolder

_custom_layers: ContextVar[dict[str, type] | None] = ContextVar("custom", default=None)
_models: dict[str, type] = {}
ModelClass = TypeVar("ModelClass", bound=type)


def register_model(cls: ModelClass) -> ModelClass:
    """Decorator of models of this package: configs name them, the table of layers does not."""
    _models[cls.__name__] = cls
    return cls


def serialize_layer(layer: Any) -> dict[str, Any]:
    """The class name and the config of a layer, and the name under which a class is registered."""
    cls = type(layer)
    entry = {"class_name": cls.__name__, "config": layer.get_config()}
    registered = get_registered_name(cls)
    if registered == cls.__name__:
        return entry
    return {"module": cls.__module__, **entry, "registered_name": registered}


def deserialize_layer(config: Any, custom_layers: dict[str, type] | None = None) -> Any:
    """A layer from what `serialize_layer` returned; a layer is returned as it is.

    Raises: ValueError if the class is neither of this package nor registered nor in
        `custom_layers`.
    """
    if isinstance(config, WeightHolder):
        return config
    name, known = config["class_name"], {**(_custom_layers.get() or {}), **(custom_layers or {})}
    cls = known.get(name) or _models.get(name)
    if cls is None and name in FILES:
        cls = getattr(import_module(FILES[name]), name)
    if cls is None:
        cls = custom_objects_here().get(config.get("registered_name") or name)
    if not isinstance(cls, type):
        raise ValueError(f"no layer class named {name!r}: pass it in custom_layers")
    token = _custom_layers.set(known)
    try:
        return cls.from_config(config["config"])
    finally:
        _custom_layers.reset(token)


def deserialize_layers_in(config: dict[str, Any]) -> dict[str, Any]:
    """The arguments in a config, with layers in place of what `serialize_layer` made of them."""
    return {
        name: value if name.endswith(WITHOUT_LAYERS) else _with_layers(value)
        for name, value in config.items()
    }


WITHOUT_LAYERS = ("_initializer", "_regularizer", "_constraint")
"""Arguments whose configs look like those of layers."""


def _with_layers(value: Any) -> Any:
    if type(value) in (list, tuple):
        return type(value)(map(_with_layers, value))
    if isinstance(value, dict) and {"class_name", "config"} <= value.keys():
        return deserialize_layer(value)
    return value


def copy_layer(layer: Any, **changes: Any) -> Any:
    """A layer made from the config of `layer` with `changes`, not built yet."""
    entry = serialize_layer(layer)
    classes = {}
    layers = [layer]
    while layers:
        inner = layers.pop()
        classes[type(inner).__name__] = type(inner)
        layers += inner._sublayers()
    return deserialize_layer({**entry, "config": {**entry["config"], **changes}}, classes)
