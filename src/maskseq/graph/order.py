"""The order in which the calls of a graph run, and Keras's order of its layers."""

from typing import Any

from ..nest import flatten
from .symbols import KerasTensor, Node


def sort_nodes(
    inputs: list[KerasTensor], outputs: list[KerasTensor], with_masks: bool = False
) -> list[Node]:
    """The nodes that lead from `inputs` to `outputs`, each after those it needs.

    With `with_masks` those too that make the masks which calls were filled with.
    Raises: ValueError if an output needs a tensor that the inputs do not give.
    """
    known = {id(tensor) for tensor in inputs}
    done: dict[int, Node] = {}
    stack: list[tuple[KerasTensor, bool]] = [(tensor, False) for tensor in reversed(outputs)]
    while stack:
        tensor, ready = stack.pop()
        node = tensor.node
        if id(tensor) in known or id(node) in done:
            continue
        if node is None or not node.inputs:
            raise ValueError(
                f"Model outputs must be reachable from its inputs {[t.name for t in inputs]}: "
                f"{tensor!r} is needed too"
            )
        if ready:
            done[id(node)] = node
        else:
            stack.append((tensor, True))
            masks = [x for x in flatten(node.filled_mask) if isinstance(x, KerasTensor)]
            needed = node.inputs + masks if with_masks else node.inputs
            stack.extend((other, False) for other in reversed(needed))
    return list(done.values())


def needs(node: Node) -> list[KerasTensor]:
    """The tensors that a call needs, those of the mask it was filled with after the others."""
    return node.inputs + [x for x in flatten(node.filled_mask) if isinstance(x, KerasTensor)]


def _depths(order: list[Node]) -> tuple[dict[int, int], dict[int, int]]:
    """By id, how far calls and their operations are from the outputs at most, as Keras counts.

    The calls stand in the order in which a walk back first meets them.

    Arguments: order: the calls, each after those it needs.
    """
    of_calls: dict[int, int] = {}
    of_operations: dict[int, int] = {}
    for node in reversed(order):
        operation = id(node.operation)
        depth = max(of_calls.get(id(node), 0), of_operations.get(operation, 0))
        of_calls[id(node)] = of_operations[operation] = depth
        for needed in needs(node):
            if needed.node is not None:
                before = of_calls.get(id(needed.node), 0)
                of_calls[id(needed.node)] = max(depth + 1, before)
    return of_calls, of_operations


def as_keras_runs(order: list[Node]) -> list[Node]:
    """The calls in the order in which Keras runs them: it matters where masks are taken off.

    Arguments: order: the calls, each after those it needs, also for its mask.
    """
    depths = _depths(order)[0]
    met = {call: place for place, call in enumerate(depths)}
    return sorted(order, key=lambda node: (-depths[id(node)], met[id(node)]))


def layers_by_depth(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> list[Any]:
    """The layers between `inputs` and `outputs` in Keras's order of a functional model.

    Deepest first (furthest from the outputs), then in the order in which a walk from the outputs
    back to the inputs meets them. The layers of the inputs are included; those that lead nowhere
    come first of the last.
    """
    met: dict[int, int] = {}
    order: list[Node] = []
    stack = [(tensor, False) for tensor in reversed(outputs)]
    seen: set[int] = set()
    while stack:
        tensor, done = stack.pop()
        node = tensor.node
        if node is None or (id(node) in seen and not done):
            continue
        if done:
            order.append(node)
            continue
        seen.add(id(node))
        met.setdefault(id(node.operation), len(met))
        stack.append((tensor, True))
        stack.extend((needed, False) for needed in reversed(needs(node)))
    layer_depth = _depths(order)[1]
    operations = (node.operation for node in reversed(order))
    layers = {id(x): x for x in operations if hasattr(x, "_inbound_nodes")}
    for tensor in inputs:
        operation = tensor.maker
        if id(operation) not in layers:
            layers[id(operation)], layer_depth[id(operation)] = operation, 0
            met[id(operation)] = -1
    return sorted(layers.values(), key=lambda x: (-layer_depth[id(x)], met[id(x)]))
