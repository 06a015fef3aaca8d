"""Masks that layers make of numbers, in a graph. Few graphs run them: nothing is opened for them.

They are the operations `not_equal` and `any`, recorded as those record themselves; the function is
looked up when it is asked for.
"""

from importlib import import_module
from typing import Any

from .symbols import KerasTensor, Node, Operation, unique_name

_OPS = f"{__name__.split('.')[0]}.ops"


class _Later(Operation):
    """An operation whose module is opened for the first run."""

    def __init__(self, class_name: str, of_ops: str):
        self.class_name, self._of_ops, self.name = class_name, of_ops, unique_name(of_ops)

    def __getattr__(self, name: str) -> Any:
        if name != "function":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self.function = getattr(import_module(_OPS), self._of_ops)
        return self.function


def not_equal(x: KerasTensor, value: float) -> KerasTensor:
    """`ops.not_equal` of a symbolic tensor and a number."""
    made = KerasTensor(x.shape, "bool")
    Node(_Later("NotEqual", "not_equal"), (x, value), {}, made)
    return made


def any_feature(x: KerasTensor) -> KerasTensor:
    """`ops.any` along the last axis of a symbolic tensor."""
    made = KerasTensor(x.shape[:-1], "bool")
    Node(_Later("Any", "any"), (x,), {"axis": -1}, made)
    return made
