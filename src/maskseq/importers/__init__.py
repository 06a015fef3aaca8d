"""Model files of other packages, read without running anything that is in them."""

import typing as _typing
from importlib import import_module as _import_module

from .errors import FormatError as FormatError
from .errors import UnsupportedLayerError as UnsupportedLayerError
from .keras.file import load_model as load_model
from .keras.file import load_weights as load_weights
from .keras.file import model_from_json as model_from_json

if _typing.TYPE_CHECKING:
    from .arrays import read_weights as read_weights
    from .torch.build import from_torch as from_torch

__all__ = [
    "FormatError", "UnsupportedLayerError", "from_torch", "load_model", "load_weights",
    "model_from_json", "read_weights",
]  # fmt: skip
_LATER = {"from_torch": "torch.build", "read_weights": "arrays"}


if not _typing.TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """What reads arrays alone is imported when it is first asked for: no model needs it."""
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(_import_module(f"{__name__}.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_LATER]
