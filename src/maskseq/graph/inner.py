"""Models of a part of a graph: inner tensors become inputs of a copy of the calls behind them."""

from collections.abc import Callable
from typing import Any

from ..nest import flatten, map_structure
from .order import sort_nodes
from .symbols import KerasTensor, Node


def with_own_inputs(
    inputs: Any, outputs: Any, make_input: Callable[[KerasTensor], KerasTensor]
) -> tuple[Any, Any]:
    """The same graph where all inputs are inputs: themselves, or copies of the calls behind them.

    make_input: gives the Input that takes the place of an inner tensor. The layers are called in
    both graphs; the masks that calls were filled with go along as far as the copy makes them.
    """
    tensors = flatten(inputs)
    copies = {id(x): make_input(x) if _is_inner(x) else x for x in tensors}
    if all(copies[id(x)] is x for x in tensors):
        return inputs, outputs

    copy_of = copy_calls(_nodes_between(tensors, flatten(outputs)), copies)
    for tensor in flatten(outputs):
        mask = getattr(tensor, "_keras_mask", None)
        if id(mask) in copies:
            copies[id(tensor)]._keras_mask = copies[id(mask)]
    return map_structure(copy_of, inputs), map_structure(copy_of, outputs)


def copy_calls(
    nodes: list[Node],
    copies: dict[int, KerasTensor],
    operation_of: Callable[[Node], Any] = lambda node: node.operation,
) -> Callable[[Any], Any]:
    """Copy calls, each after those it needs; `copies` has what stands for a tensor, by its id.

    The tensors that the calls give are added to it. operation_of: what is called in place of a
    node's operation. Returns: a function that gives for a tensor its copy, for all else itself.
    """

    def copy_of(value: Any) -> Any:
        return copies[id(value)] if isinstance(value, KerasTensor) else value

    for node in nodes:
        made = map_structure(lambda x: KerasTensor(x.shape, x.dtype, x.name), node.outputs)
        args, kwargs = map_structure(copy_of, (node.args, node.kwargs))
        copy = Node(operation_of(node), args, kwargs, made)
        if all(id(x) in copies for x in flatten(node.filled_mask)):
            copy.filled_mask = map_structure(copy_of, node.filled_mask)
        copies.update(zip(map(id, flatten(node.outputs)), flatten(made), strict=True))
    return copy_of


def _is_inner(tensor: KerasTensor) -> bool:
    return tensor.node is None or bool(tensor.node.inputs)


def _nodes_between(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> list[Node]:
    """The calls to copy, with those that make the masks of others unless they lie outside."""
    try:
        return sort_nodes(inputs, outputs, with_masks=True)
    except ValueError:
        return sort_nodes(inputs, outputs)
