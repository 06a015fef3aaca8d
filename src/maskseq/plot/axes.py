"""Axes of matplotlib, which is imported when a picture is asked for."""

from importlib import import_module
from typing import Any

from ..given.extras import need


def axes_or_new(axes: Any, width: float = 6.4, height: float = 3.2) -> Any:
    """`axes`, or new ones of that size in inches. Raises: ImportError naming the extra."""
    if axes is not None:
        return axes
    need("matplotlib", "maskseq.plot", "plot")
    pyplot = import_module("matplotlib.pyplot")
    return pyplot.subplots(figsize=(width, height), layout="constrained")[1]
