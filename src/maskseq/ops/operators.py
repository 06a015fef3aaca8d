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
for _name, _function in _BINARY.items():
    _both_sides(_name, _function)
for _name, _function in _COMPARISONS.items():
    setattr(KerasTensor, f"__{_name}__", lambda self, other, f=_function: f(self, other))
KerasTensor.__hash__ = object.__hash__
KerasTensor.__neg__ = lambda self: e.negative(self)
KerasTensor.__abs__ = lambda self: e.absolute(self)
KerasTensor.__invert__ = lambda self: e.logical_not(self)
KerasTensor.__getitem__ = lambda self, key: get_item(self, key)
