"""The operators of symbolic tensors: arithmetic, comparisons, slicing."""

from collections.abc import Callable

from ..graph.symbols import KerasTensor
from . import elementwise as e
from .products import matmul
from .shaping import get_item


def _both_sides(name: str, function: Callable) -> None:
    setattr(KerasTensor, f"__{name}__", lambda self, other: function(self, other))
    setattr(KerasTensor, f"__r{name}__", lambda self, other: function(other, self))


_BINARY = {
    "add": e.add,
    "sub": e.subtract,
    "mul": e.multiply,
    "truediv": e.divide,
    "floordiv": e.floor_divide,
    "mod": e.mod,
    "pow": e.power,
    "matmul": matmul,
    "and": e.logical_and,
    "or": e.logical_or,
    "xor": e.logical_xor,
}
_COMPARISONS = {
    "lt": e.less,
    "le": e.less_equal,
    "gt": e.greater,
    "ge": e.greater_equal,
    "eq": e.equal,
    "ne": e.not_equal,
}
_OTHERS = {
    **_COMPARISONS,
    "neg": e.negative,
    "abs": e.absolute,
    "invert": e.logical_not,
    "getitem": get_item,
}
for _name, _function in _BINARY.items():
    _both_sides(_name, _function)
for _name, _function in _OTHERS.items():
    setattr(KerasTensor, f"__{_name}__", lambda self, *other, f=_function: f(self, *other))
