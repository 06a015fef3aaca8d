"""Which rows of a table a graph need not gather: what reads them looks them up by itself."""

from typing import Any

from ..nest import flatten
from .symbols import Node


def left_in_table(nodes: list[Node], outputs: Any) -> set[int]:
    """The `id` of each tensor of rows of a table that nothing but layers with `on_table` read.

    Parameters
    ----------
    nodes : list of Node
        The calls of a graph.
    outputs : KerasTensor or nested KerasTensors
        What the graph gives.
    """
    left = {id(node.outputs) for node in nodes if getattr(node.operation, "gives_table", False)}
    left -= {id(x) for x in flatten(outputs)}
    for node in nodes:
        if left:
            left -= _read_otherwise(node)
    return left


def _read_otherwise(node: Node) -> set[int]:
    """The inputs of a call by `id`, but for one that it looks up: its first argument, read once."""
    read = [id(x) for x in node.inputs]
    first = id(node.args[0]) if node.args else 0  # which no object has
    looks_up = getattr(node.operation, "takes_table", False) and read.count(first) == 1
    return set(read) - {first} if looks_up else set(read)
