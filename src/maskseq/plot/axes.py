"""Axes of matplotlib, which is imported when a picture is asked for."""

from importlib import import_module
from typing import Any


def axes_or_new(axes: Any, width: float = 6.4, height: float = 3.2) -> Any:
    """`axes`, or new ones of that size in inches. Raises: ImportError naming the extra."""
    if axes is not None:
        return axes
    try:
        pyplot = import_module("matplotlib.pyplot")
    except ImportError as error:
        raise ImportError("maskseq.plot needs matplotlib: pip install 'maskseq[plot]'") from error
    return pyplot.subplots(figsize=(width, height), layout="constrained")[1]
