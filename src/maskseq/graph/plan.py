"""A plan: the calls between the inputs and the outputs of a model, compiled once into a flat list.

Values live in numbered slots. Each step knows where its arguments come from and where its result
goes, so that a walk looks nothing up. A value that is read no more leaves its slot to another.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from ..context import Context, enter, leave
from ..nest import flatten, holds, is_nested
from ..rows import Rows, settled
from .late import recorded_masks_differ
from .lost import reader_of_padding
from .order import as_keras_runs, sort_nodes
from .slots import slots_of
from .symbols import KerasTensor, Node
from .tables import left_in_table

Slots = list[Any]
Step = tuple[Callable[..., Any], int | None, int]
"""(function, source, place): slots[place] = function(slots[source]); with source None the function
takes all slots and writes its results by itself."""


class Plan:
    """The calls between `inputs` and `outputs`, each after those it needs."""

    def __init__(self, inputs: Any, outputs: Any):
        self.inputs, self.outputs = flatten(inputs), outputs
        self.nodes = sort_nodes(self.inputs, flatten(outputs))
        # Where a layer takes masks off, or masks show only in a run, those that calls were filled
        # with are as if given by hand: so it is in Keras, which records them.
        takes = any(getattr(n.operation, "takes_masks", False) for n in self.nodes)
        self._by_hand = takes or recorded_masks_differ(self.nodes)
        if self._by_hand:
            self.nodes = sort_nodes(self.inputs, flatten(outputs), with_masks=True)
        if takes:
            self.nodes = as_keras_runs(self.nodes)
        self._tables = set() if self._by_hand else left_in_table(self.nodes, outputs)
        self._slots, count = slots_of(self.inputs, self.nodes, flatten(outputs))
        self._room: Slots = [None] * (count - len(self.inputs))
        # The number of the last call that reads a tensor; an output is read after all.
        self._last_read = {id(x): i for i, node in enumerate(self.nodes) for x in node.inputs}
        self._last_read.update((id(x), len(self.nodes)) for x in flatten(outputs))
        steps = [self._step(number, node) for number, node in enumerate(self.nodes)]
        last = len(steps) - self._count_last()
        self._steps, self._last = steps[:last], steps[last:]
        self._only = self._slots[id(outputs)] if isinstance(outputs, KerasTensor) else None
        self._result = self._filler(outputs)
        # Where a mask is lost, rows may stay behind.
        self._settles = self._by_hand or any(
            not getattr(n.operation, "supports_masking", False)
            or getattr(n.operation, "ends_masks", False)
            for n in self.nodes
        )

    def run(self, values: Slots, inside: Context, last: Context) -> Any:
        """The outputs for the inputs `values`: Rows, arrays, or what a layer of a user's returns.

        inside: the context of the walk.  last: the same for the calls whose results are outputs, in
        which these may be wanted padded.
        """
        slots = values + self._room
        steps = self._steps
        token = enter(inside if steps else last)
        try:
            if steps:
                for function, source, place in steps:
                    if source is None:
                        function(slots)
                    else:
                        slots[place] = function(slots[source])
                enter(last)
            for function, source, place in self._last:
                if source is None:
                    function(slots)
                else:
                    slots[place] = function(slots[source])
        finally:
            leave(token)
        result = self._result(slots) if self._only is None else slots[self._only]
        return settled(result) if self._settles else result

    def reads_masked(self, tensor: KerasTensor) -> bool:
        """True if anything from `tensor` on may depend on what its masked cells hold."""
        if any(tensor is output for output in flatten(self.outputs)):
            return True
        for node in self.nodes:
            if not any(x is tensor for x in node.inputs):
                continue
            role = getattr(node.operation, "reads_masked", "all")
            if role == "all" or len(node.inputs) > 1 or _has_options(node):
                return True
            if role == "own" and any(map(self.reads_masked, flatten(node.outputs))):
                return True
        return False

    def _function(self, node: Node) -> Callable[..., Any]:
        """What runs a call."""
        operation = node.operation
        if id(node.outputs) in self._tables:
            return operation.look_up
        reads = any(id(x) in self._tables for x in node.inputs)
        return operation.on_table if reads else operation.step

    def _step(self, number: int, node: Node) -> Step:
        kwargs = node.with_mask() if self._by_hand else node.kwargs
        function, taken = self._function(node), self._taken(number, node)
        alone = len(node.args) == 1 and not kwargs and not taken
        if alone and isinstance(node.args[0], KerasTensor):
            source = self._slots[id(node.args[0])]
            if isinstance(node.outputs, KerasTensor):
                return function, source, self._slots[id(node.outputs)]
            places = [self._slots[id(x)] for x in flatten(node.outputs)]
            side_by_side = places == [*range(places[0], places[0] + len(places))]
            if side_by_side and _is_flat(node.outputs):
                return self._spread(node, function, source, places[0]), None, -1
        return self._call(node, kwargs, taken), None, -1

    def _spread(
        self, node: Node, function: Callable[..., Any], source: int, first: int
    ) -> Callable[[Slots], None]:
        """A function of all slots that calls `function` on one of them.

        Its results go to slots side by side from the `first`.
        """
        name, count = node.operation.name, len(node.outputs)

        def call(slots: Slots) -> None:
            result = function(slots[source])
            values = result if type(result) is list else flatten(result)
            if len(values) != count:
                raise ValueError(f"{name}: expected {count} results, got {len(values)}")
            slots[first : first + count] = values

        return call

    def _call(
        self, node: Node, kwargs: dict[str, Any], taken: list[tuple[int, Any]]
    ) -> Callable[..., None]:
        """A function of all slots that makes a call of any arguments and results."""
        operation, places = node.operation, [self._slots[id(x)] for x in flatten(node.outputs)]
        function, fill = self._function(node), self._filler(list(node.args))
        fill_options = self._filler(kwargs) if kwargs else None
        single = isinstance(node.outputs, KerasTensor)
        first, count = (places or [0])[0], len(places)
        flat = type(node.outputs) is list and _is_flat(node.outputs)
        flat = flat and places == [*range(first, first + count)]

        def call(slots: Slots) -> None:
            if fill_options:
                result = function(*fill(slots), **fill_options(slots))
            else:
                result = function(*fill(slots))
            if flat and type(result) is list and len(result) == count:
                slots[first : first + count] = result
            elif single and (type(result) is Rows or not is_nested(result)):
                slots[first] = result
            else:
                for place, value in zip(places, flatten(result), strict=True):
                    slots[place] = value
            for slot, reader in taken:
                slots[slot] = operation.take_mask(slots[slot], reader)

        return call

    def _filler(self, structure: Any) -> Callable[[Slots], Any]:
        """A function of all slots that gives `structure` with values in place of tensors."""
        if isinstance(structure, KerasTensor):
            return itemgetter(self._slots[id(structure)])
        if not holds(structure, KerasTensor):
            return lambda slots: structure
        if isinstance(structure, dict):
            fillers = {key: self._filler(value) for key, value in structure.items()}
            if len(fillers) == 1:
                ((name, one),) = fillers.items()
                return lambda slots: {name: one(slots)}
            return lambda slots: {key: fill(slots) for key, fill in fillers.items()}
        kind = type(structure)
        if kind is list and all(isinstance(x, KerasTensor) for x in structure):
            numbers = [self._slots[id(x)] for x in structure]
            return lambda slots: list(map(slots.__getitem__, numbers))
        if len(structure) == 1 and kind is list:
            only = self._filler(structure[0])
            return lambda slots: [only(slots)]
        parts = [self._filler(part) for part in structure]
        if hasattr(structure, "_fields"):
            return lambda slots: kind(*[fill(slots) for fill in parts])
        return lambda slots: kind([fill(slots) for fill in parts])

    def _taken(self, number: int, node: Node) -> list[tuple[int, Any]]:
        """The slots whose masks the call takes and that are read after it; and what then reads
        their padding as if it were real, if anything does."""
        if not getattr(node.operation, "takes_masks", False):
            return []
        read = {id(x): x for x in node.inputs if self._last_read.get(id(x), 0) > number}
        after = self.nodes[number + 1 :]
        return sorted(
            ((self._slots[place], reader_of_padding(after, x)) for place, x in read.items()),
            key=itemgetter(0),
        )

    def _count_last(self) -> int:
        """How many calls at the end make outputs that no other call reads."""
        read = {id(x) for node in self.nodes for x in node.inputs}
        count = 0
        for node in reversed(self.nodes):
            if any(id(x) in read for x in flatten(node.outputs)):
                break
            count += 1
        return count


def _is_flat(outputs: Any) -> bool:
    """True for a list or tuple of tensors, none of them in a list of their own."""
    return isinstance(outputs, (list, tuple)) and all(isinstance(x, KerasTensor) for x in outputs)


def _has_options(node: Node) -> bool:
    """True if a call has more than one argument: it may then run without its input's mask."""
    return any(value is not None for value in (*node.args[1:], *node.kwargs.values()))
