"""The layers, under Keras 3's names. A layer's file is imported when it is first asked for.

The names are those of `base/table.py`; csrc/stub.py writes `__init__.pyi` from it, for editors.
All layers at once would double what `import maskseq` takes beyond NumPy: 36 ms of a CPU for 18.
"""

from importlib import import_module
from typing import Any

from .base.layer import Layer as Layer
from .base.table import ALIASES, FILES

__all__ = ["Layer", *FILES]


def __getattr__(name: str) -> Any:
    if name not in FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(FILES[name]), ALIASES.get(name, name))
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *FILES})
