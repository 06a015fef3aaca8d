"""The calls of a model as boxes and arrows: where a mask is made, handed on and lost."""

from typing import Any

from ..graph.order import sort_nodes
from ..graph.symbols import Operation
from ..nest import flatten
from ..pictures.flow import Arrow, Box


def mask_flow(model: Any) -> tuple[list[Box], list[Arrow]]:
    """The inputs and calls of a model that has a graph as boxes, in order, and what leads where."""
    nodes = sort_nodes(model.inputs, flatten(model.outputs))
    boxes = [Box(tensor.name, f"{_shape(tensor)} {tensor.dtype}") for tensor in model.inputs]
    makers = {id(tensor): number for number, tensor in enumerate(model.inputs)}
    arrows = []
    for number, node in enumerate(nodes, len(boxes)):
        outputs = flatten(node.outputs)
        makers |= {id(tensor): number for tensor in outputs}
        arrows += [
            Arrow(makers[id(tensor)], number, _has_mask(tensor))
            for tensor in _once(node.inputs)
            if id(tensor) in makers
        ]
        operation = node.operation
        kind = "operation" if isinstance(operation, Operation) else type(operation).__name__
        role = getattr(operation, "mask_role", "drops")
        detail = f"{kind} {_shape(outputs[0])}"
        boxes.append(Box(operation.name, detail, f"mask: {role}", _loses(node)))
    return boxes, arrows


def _loses(node: Any) -> bool:
    """True if a mask comes in and the layer destroys it, of which it warns when it is called."""
    role = getattr(node.operation, "mask_role", "drops")
    return role == "drops" and any(map(_has_mask, node.inputs))


def _has_mask(tensor: Any) -> bool:
    return getattr(tensor, "_keras_mask", None) is not None


def _once(tensors: list[Any]) -> list[Any]:
    return list({id(x): x for x in tensors}.values())


def _shape(tensor: Any) -> str:
    sizes = ", ".join("?" if size is None else str(size) for size in tensor.shape[1:])
    return f"({sizes})"
