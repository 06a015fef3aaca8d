"""The operators of symbolic tensors: arithmetic, comparisons, slicing."""

from importlib import import_module
from typing import Any

from ..graph.symbols import KerasTensor

_OPS = __name__.rpartition(".")[0]


def _operation(name: str) -> Any:
    return getattr(import_module(_OPS), name)


def _both_sides(sign: str, name: str) -> None:
    setattr(KerasTensor, f"__{sign}__", lambda self, other: _operation(name)(self, other))
    setattr(KerasTensor, f"__r{sign}__", lambda self, other: _operation(name)(other, self))


_BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "floordiv": "floor_divide",
    "mod": "mod",
    "pow": "power",
    "matmul": "matmul",
    "and": "logical_and",
    "or": "logical_or",
    "xor": "logical_xor",
}
_COMPARISONS = {
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}
_OTHERS = {
    **_COMPARISONS,
    "neg": "negative",
    "abs": "absolute",
    "invert": "logical_not",
    "getitem": "get_item",
}
for _sign, _name in _BINARY.items():
    _both_sides(_sign, _name)
for _sign, _name in _OTHERS.items():
    setattr(KerasTensor, f"__{_sign}__", lambda self, *other, n=_name: _operation(n)(self, *other))
