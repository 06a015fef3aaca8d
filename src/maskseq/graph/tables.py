"""Which rows of a table a graph need not gather: what reads them looks them up by itself."""

from typing import Any

from ..nest import flatten
from .symbols import KerasTensor, Node


def left_in_table(nodes: list[Node], outputs: Any) -> set[int]:
    """The `id` of each tensor of rows of a table that nothing but layers with `on_table` read.

    Parameters
    ----------
    nodes : list of Node
        The calls of a graph.
    outputs : KerasTensor or nested KerasTensors
        What the graph gives.
    """
    given = {id(x) for x in flatten(outputs)}
    return {
        id(node.outputs)
        for node in nodes
        if getattr(node.operation, "gives_table", False)
        and id(node.outputs) not in given
        and all(_looks_up(reader, node.outputs) for reader in nodes)
    }


def _looks_up(node: Node, rows: KerasTensor) -> bool:
    """True for a call that does not read `rows`, or looks them up as its first argument."""
    count = sum(x is rows for x in node.inputs)
    if count == 0:
        return True
    first = bool(node.args) and node.args[0] is rows
    return count == 1 and first and getattr(node.operation, "takes_table", False)
