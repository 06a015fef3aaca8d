"""Masks that show only when a graph runs, and the recorded ones that they make different."""

from typing import Any

from ..nest import flatten
from ..tensor import get_keras_mask
from .symbols import Node


def recorded_masks_differ(nodes: list[Node]) -> bool:
    """True if a mask that was recorded may differ from the one that a tensor carries in a run.

    Models, and layers that hand on their very input, give masks of which their symbolic outputs say
    nothing. A mask that a layer made of several was then made without those: Concatenate takes
    an input without a mask for real steps. Keras gives what it recorded to the layers behind.

    Parameters
    ----------
    nodes : list of Node
        The calls of a graph, each after those it needs.
    """
    late: set[int] = set()
    for node in nodes:
        known = any(id(x) in late for x in node.inputs)
        for output in flatten(node.outputs):
            if get_keras_mask(output) is not None:
                if known:
                    return True
            elif output.probed_mask is not None or _gives_late(node, output.shape, known):
                late.add(id(output))
    return False


def _gives_late(node: Node, made: tuple[int | None, ...], known: bool) -> bool:
    """True if an output of the shape `made` may carry a mask in a run alone."""
    layer: Any = node.operation
    if known and getattr(layer, "supports_masking", False):
        return True
    if not hasattr(layer, "gives_late_mask") or not node.inputs:
        return False
    masked = known or any(get_keras_mask(x) is not None for x in node.inputs)
    return layer.gives_late_mask(masked, node.inputs[0].shape, made)
