"""Which slot of a walk holds which tensor: those that are read no more leave theirs to later ones.

So a walk holds few arrays at a time, however long the model is, and the memory of one is there
again for the next.
"""

from typing import Any

from ..nest import flatten
from .order import needs
from .symbols import KerasTensor, Node


def slots_of(
    inputs: list[KerasTensor], nodes: list[Node], outputs: list[Any]
) -> tuple[dict[int, int], int]:
    """By a tensor's id its slot, and how many slots there are.

    The inputs have the first, in order. A call reads its arguments before it puts its result, which
    may thus have the slot of one of them. Several results of a call are side by side.
    """
    slots = {id(tensor): slot for slot, tensor in enumerate(inputs)}
    count = len(inputs)
    last_use = {id(x): -1 for x in inputs}
    for number, node in enumerate(nodes):
        last_use.update((id(x), number) for x in needs(node) + flatten(node.outputs))
    last_use.update((id(x), len(nodes)) for x in outputs)
    ending: dict[int, list[int]] = {}
    for tensor, number in last_use.items():
        ending.setdefault(number, []).append(tensor)
    free: list[int] = []
    for number, node in enumerate(nodes):
        results = list(map(id, flatten(node.outputs)))
        made = [tensor for tensor in results if tensor not in slots]
        free += [slots[x] for x in ending.get(number, ()) if x in slots and x not in results]
        if len(made) == 1 and free:
            slots[made[0]] = free.pop()
        else:
            slots.update(zip(made, range(count, count + len(made)), strict=True))
            count += len(made)
        free += {slots[tensor] for tensor in made if last_use[tensor] == number}
    return slots, count
