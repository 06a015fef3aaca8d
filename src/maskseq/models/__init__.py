"""Model and Sequential: a graph of layers with inputs and outputs."""

from importlib import import_module as _import_module
from typing import Any as _Any

from .model import Model as Model
from .sequential import Sequential as Sequential

_OF_FILES = {"load_model": "importers", "model_from_json": "importers", "save_model": "savers"}
__all__ = ["Model", "Sequential", "load_model", "model_from_json", "save_model"]


def __getattr__(name: str) -> _Any:
    """What reads and writes files is imported when it is first asked for."""
    if name not in _OF_FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    package = __name__.rpartition(".")[0]
    return getattr(_import_module(f"{package}.{_OF_FILES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_OF_FILES]
