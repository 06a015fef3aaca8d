"""Layers to configs and back: by class name, out of a closed table."""

from contextvars import ContextVar
from importlib import import_module
from typing import Any

from .layer import LAYER_FILES, LAYERS, Layer

_custom_layers: ContextVar[dict[str, type[Layer]] | None] = ContextVar("custom", default=None)


def serialize_layer(layer: Layer) -> dict[str, Any]:
    """The class name and the config of a layer."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def deserialize_layer(config: Any, custom_layers: dict[str, type[Layer]] | None = None) -> Layer:
    """A layer from what `serialize_layer` returned; a Layer is returned as it is.

    Raises: ValueError if the class is neither of this package nor in `custom_layers`.
    """
    if isinstance(config, Layer):
        return config
    name, known = config["class_name"], {**(_custom_layers.get() or {}), **(custom_layers or {})}
    if name in LAYER_FILES:
        import_module(LAYER_FILES[name])
    cls = known.get(name) or LAYERS.get(name)
    if cls is None:
        raise ValueError(f"no layer class named {name!r}: pass it in custom_layers")
    token = _custom_layers.set(known)
    try:
        return cls.from_config(config["config"])
    finally:
        _custom_layers.reset(token)


def copy_layer(layer: Layer, **changes: Any) -> Any:
    """A layer made from the config of `layer` with `changes`, not built yet."""
    entry = serialize_layer(layer)
    classes = {}
    layers = [layer]
    while layers:
        inner = layers.pop()
        classes[type(inner).__name__] = type(inner)
        layers += inner._sublayers()
    return deserialize_layer({**entry, "config": {**entry["config"], **changes}}, classes)
