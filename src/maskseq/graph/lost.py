"""What reads padding as if it were real, after a layer took the mask off a tensor of a graph."""

from typing import Any

from ..nest import flatten
from .symbols import KerasTensor, Node


def reader_of_padding(nodes: list[Node], taken: KerasTensor) -> Any:
    """The first operation of `nodes`, in order, whose real steps depend on padding of `taken`.

    None where padding only feeds padding, and where masks are given by hand. What the graph has
    recorded of a mask is given by hand.
    """
    lost = {id(taken)}
    for node in nodes:
        read = [i for i, x in enumerate(node.inputs) if id(x) in lost]
        if not read or _has_mask(node):
            continue
        if not (reads_own_steps(node.operation) or (read == [0] and _asks(node))):
            return node.operation
        lost.update(id(x) for x in flatten(node.outputs))
    return None


def reads_own_steps(operation: Any) -> bool:
    """True if a step of the result depends on no other step of the arguments."""
    function = getattr(operation, "function", None)
    return bool(getattr(operation, "own_steps", getattr(function, "of_cells", False)))


def _asks(node: Node) -> bool:
    """True for attention: its steps are those of the first argument, each for itself."""
    return bool(getattr(node.operation, "own_queries", False))


def _has_mask(node: Node) -> bool:
    """True for a call with a mask, and for what looks a mask up."""
    if getattr(node.operation, "class_name", None) == "MaskOf":
        return True
    names = node.operation.call_parameters() if hasattr(node.operation, "call_parameters") else []
    given = {**dict(zip(names, node.args, strict=False)), **node.with_mask()}
    return any(name.endswith("mask") and given[name] is not None for name in given)
