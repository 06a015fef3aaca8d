"""Symbolic tensors and the graph of calls that made them.

A call on symbolic tensors is recorded as a `Node`: the operation (a layer or a function of
`maskseq.ops`), its arguments, its outputs. A `Plan` is the graph between some inputs and outputs,
sorted once into a flat list of calls.
"""

import itertools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ..nest import flatten, holds, map_structure

_names: dict[str, itertools.count] = {}
_names_lock = threading.Lock()


def unique_name(prefix: str) -> str:
    """`prefix`, then `prefix_1`, `prefix_2`, ... on later calls."""
    with _names_lock:
        number = next(_names.setdefault(prefix, itertools.count()))
    return prefix if number == 0 else f"{prefix}_{number}"


def clear_session() -> None:
    """Start automatic names anew."""
    with _names_lock:
        _names.clear()


class KerasTensor:
    """A stand-in for an array that is not there yet: a shape (None = unknown), a dtype, a history.

    `maskseq.ops` attaches the arithmetic operators. `_keras_mask` is there only when the tensor
    carries a mask, itself a KerasTensor. Source: keras.KerasTensor.
    """

    __array_priority__ = 1000

    def __init__(
        self, shape: tuple[int | None, ...], dtype: str = "float32", name: str | None = None
    ):
        self.shape = tuple(shape)
        self.dtype = str(dtype)
        self.name = name or unique_name("keras_tensor")
        self.node: Node | None = None
        self.probed_mask: KerasTensor | None = None

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"

    def __array__(self, dtype=None, copy=None):
        raise TypeError(f"{self!r} is symbolic: it has no values; use maskseq.ops on it")

    def __bool__(self):
        raise TypeError(f"{self!r} is symbolic: it has no truth value")

    def __iter__(self):
        raise TypeError(f"{self!r} is symbolic: iterate over arrays, or use maskseq.ops.split")

    def __len__(self):
        raise TypeError(f"{self!r} is symbolic: its length is known only when a model runs")


def is_symbolic(value: Any) -> bool:
    """True if any leaf of `value` is a KerasTensor."""
    return holds(value, KerasTensor)


class Operation:
    """A function of `maskseq.ops` as a step of a graph."""

    def __init__(self, name: str, function: Callable[..., Any]):
        self.class_name, self.function = name, function
        self.name = unique_name(function.__name__)

    def run(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


class Node:
    """One recorded call. `outputs` is the structure of KerasTensors it returned.

    `filled_mask` is the symbolic mask that went into the call's `mask` argument by itself.
    """

    filled_mask: Any = None

    def __init__(self, operation: Any, args: tuple, kwargs: dict[str, Any], outputs: Any):
        self.operation, self.args, self.kwargs, self.outputs = operation, args, kwargs, outputs
        self.inputs = [x for x in flatten([args, kwargs]) if isinstance(x, KerasTensor)]
        for tensor in flatten(outputs):
            tensor.node = self
        if hasattr(operation, "_inbound_nodes"):
            operation._inbound_nodes.append(self)

    def with_mask(self) -> dict[str, Any]:
        """The keyword arguments, the mask among them as if it had been passed by hand."""
        return (
            self.kwargs if self.filled_mask is None else {**self.kwargs, "mask": self.filled_mask}
        )


def same_computation(a: Any, b: Any, known: set[tuple[int, int]] | None = None) -> bool:
    """True if two symbolic values are made by the same operations from the same tensors.

    `known` holds pairs of ids found the same before, and is added to: where masks grow out of one
    another, each comparison then goes no further than to the one before.
    """
    known = set() if known is None else known
    seen: set[tuple[int, int]] = set()
    pairs = [(a, b)]
    while pairs:
        a, b = pairs.pop()
        if a is b or (id(a), id(b)) in seen or (id(a), id(b)) in known:
            continue
        if type(a) is not type(b):
            return False
        if isinstance(a, KerasTensor):
            m, n = a.node, b.node
            if not (m and n and isinstance(m.operation, Operation) and _same_place(a, b)):
                return False
            seen.add((id(a), id(b)))
            pairs += [(list(m.args), list(n.args)), (m.kwargs, n.kwargs)]
        elif isinstance(a, (list, tuple)):
            if len(a) != len(b):
                return False
            pairs += zip(a, b, strict=True)
        elif isinstance(a, dict):
            if a.keys() != b.keys():
                return False
            pairs += [(a[key], b[key]) for key in a]
        elif not np.array_equal(a, b):
            return False
    known |= seen
    return True


def _same_place(a: KerasTensor, b: KerasTensor) -> bool:
    """True if both are the same output of the same operation."""
    if getattr(a.node.operation, "class_name", 0) != getattr(b.node.operation, "class_name", 1):
        return False
    ours, theirs = flatten(a.node.outputs), flatten(b.node.outputs)
    return [x is a for x in ours] == [x is b for x in theirs]


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


def _needs(node: Node) -> list[KerasTensor]:
    """The tensors that a call needs, those of the mask it was filled with after the others."""
    return node.inputs + [x for x in flatten(node.filled_mask) if isinstance(x, KerasTensor)]


def layers_by_depth(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> list[Any]:
    """The layers between `inputs` and `outputs` in Keras's order of a functional model.

    Deepest first (furthest from the outputs), then in the order in which a walk from the outputs
    back to the inputs meets them; the inputs' own layers are included.
    """
    sources = {id(tensor) for tensor in inputs}
    met: dict[int, int] = {}
    order: list[Node] = []
    stack = [(tensor, False) for tensor in reversed(outputs)]
    seen: set[int] = set()
    while stack:
        tensor, done = stack.pop()
        node = tensor.node
        if done:
            order.append(node)
            continue
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        met.setdefault(id(node.operation), len(met))
        stack.append((tensor, True))
        if id(tensor) not in sources:
            stack.extend((needed, False) for needed in reversed(_needs(node)))
    depth_of: dict[int, int] = {}
    layer_depth: dict[int, int] = {}
    layers: dict[int, Any] = {}
    for node in reversed(order):
        operation = node.operation
        depth = max(depth_of.get(id(node), 0), layer_depth.get(id(operation), 0))
        depth_of[id(node)] = layer_depth[id(operation)] = depth
        if hasattr(operation, "_inbound_nodes"):
            layers[id(operation)] = operation
        for needed in _needs(node):
            if needed.node is not None:
                before = depth_of.get(id(needed.node), 0)
                depth_of[id(needed.node)] = max(depth + 1, before)
    for tensor in inputs:
        if tensor.node is not None:  # Keras puts every input at the deepest level
            operation = tensor.node.operation
            layers[id(operation)] = operation
            layer_depth[id(operation)] = max(layer_depth.values(), default=0)
            met.setdefault(id(operation), len(met))
    return sorted(layers.values(), key=lambda x: (-layer_depth[id(x)], met[id(x)]))


class Plan:
    """The calls between `inputs` and `outputs` as a flat list; values live in numbered slots."""

    def __init__(self, inputs: Any, outputs: Any):
        self.inputs, self.outputs = flatten(inputs), outputs
        self.nodes = sort_nodes(self.inputs, flatten(outputs))
        # Where a layer takes masks off, those that calls were filled with are as if given by hand:
        # so it is in Keras, which records them.
        self._by_hand = any(getattr(n.operation, "takes_masks", False) for n in self.nodes)
        if self._by_hand:
            self.nodes = sort_nodes(self.inputs, flatten(outputs), with_masks=True)
        self._slots = {id(tensor): slot for slot, tensor in enumerate(self.inputs)}
        for node in self.nodes:
            for tensor in flatten(node.outputs):
                self._slots.setdefault(id(tensor), len(self._slots))
        self._steps = [self._step(number, node) for number, node in enumerate(self.nodes)]
        self._result = map_structure(self._slot, outputs)

    def _slot(self, leaf: Any) -> Any:
        return _Slot(self._slots[id(leaf)]) if isinstance(leaf, KerasTensor) else leaf

    def _step(self, number: int, node: Node) -> tuple:
        options = node.with_mask() if self._by_hand else node.kwargs
        args, kwargs = map_structure(self._slot, [list(node.args), options])
        outputs = [self._slots[id(tensor)] for tensor in flatten(node.outputs)]
        plain = all(type(arg) is _Slot for arg in args) and not kwargs
        return node.operation, args, kwargs, outputs, plain, self._taken(number, node)

    def _taken(self, number: int, node: Node) -> list[int]:
        """The slots whose masks the call takes and that somebody reads after it."""
        if not getattr(node.operation, "takes_masks", False):
            return []
        later = [x for after in self.nodes[number + 1 :] for x in after.inputs]
        read = {id(x) for x in [*later, *flatten(self.outputs)]}
        return sorted({self._slots[id(x)] for x in node.inputs if id(x) in read})

    def run(
        self, values: list[Any], call: Callable[..., Any], take_mask: Callable[..., Any]
    ) -> Any:
        """The outputs for the inputs `values`; `call(operation, args, kwargs)` does each step.

        `take_mask(operation, value)` gives an input of an operation that takes masks as it is
        from then on.
        """
        slots = values + [None] * (len(self._slots) - len(values))

        def fill(leaf: Any) -> Any:
            return slots[leaf.number] if type(leaf) is _Slot else leaf

        for operation, args, kwargs, outputs, plain, taken in self._steps:
            if plain:
                result = call(operation, [slots[arg.number] for arg in args], kwargs)
            else:
                result = call(operation, map_structure(fill, args), map_structure(fill, kwargs))
            if len(outputs) == 1 and not isinstance(result, (list, tuple, dict)):
                slots[outputs[0]] = result
            else:
                for slot, value in zip(outputs, flatten(result), strict=True):
                    slots[slot] = value
            for slot in taken:
                slots[slot] = take_mask(operation, slots[slot])
        return map_structure(fill, self._result)

    def consumers(self, tensor: KerasTensor) -> list[Node]:
        """The nodes that read `tensor`."""
        return [node for node in self.nodes if any(x is tensor for x in node.inputs)]


class _Slot:
    """A place in the list of values of a running plan."""

    __slots__ = ("number",)

    def __init__(self, number: int):
        self.number = number
