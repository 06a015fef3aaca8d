"""A functional graph as a config, in the form Keras 3 writes, and back.

A config lists the layers and operations of the graph, each with the calls made of it
(`inbound_nodes`); a tensor in an argument is named by who made it: [name, call, output].
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from ..nest import flatten, map_structure
from .symbols import KerasTensor, Node

Make = Callable[[dict[str, Any]], Any]
Key = tuple[str, int]  # a layer's name, the number of the call
Call = Callable[[Callable[..., Any], list[Any], dict[str, Any]], Any]


def to_config(
    inputs: Any, outputs: Any, layers: list[Any], nodes: list[Node], entry_of: Callable
) -> dict[str, Any]:
    """The config of the graph between `inputs` and `outputs`.

    `entry_of(operation)` gives the part that describes one layer or operation by itself.
    """
    places: dict[int, list[Any]] = {}
    entries: dict[int, dict[str, Any]] = {
        id(layer): {**entry_of(layer), "name": layer.name, "inbound_nodes": []} for layer in layers
    }
    for tensor in flatten(inputs):
        places[id(tensor)] = [tensor.maker.name, 0, 0]

    def reference(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return leaf
        config = {"shape": leaf.shape, "dtype": leaf.dtype, "keras_history": places[id(leaf)]}
        return {"class_name": "__keras_tensor__", "config": config}

    for node in nodes:
        operation = node.operation
        entry = entries.setdefault(
            id(operation), {**entry_of(operation), "name": operation.name, "inbound_nodes": []}
        )
        for number, tensor in enumerate(flatten(node.outputs)):
            places[id(tensor)] = [operation.name, len(entry["inbound_nodes"]), number]
        entry["inbound_nodes"].append(
            {
                "args": map_structure(reference, list(node.args)),
                "kwargs": map_structure(reference, node.kwargs),
            }
        )
    return {
        "layers": list(entries.values()),
        "input_layers": map_structure(lambda x: places[id(x)], inputs),
        "output_layers": map_structure(lambda x: places[id(x)], outputs),
    }


def from_config(config: dict[str, Any], make: Make, call: Call | None = None) -> tuple[Any, Any]:
    """(inputs, outputs) of the graph that `config` describes.

    Arguments: make: gives the layer or function of an entry; an InputLayer is asked for its
        `output`.  call: makes one recorded call; by default operation(*args, **kwargs).
    Raises: ValueError if a call needs a tensor that no other call makes.
    """
    call = call or (lambda operation, args, kwargs: operation(*args, **kwargs))
    made: dict[Key, list[KerasTensor]] = {}
    calls: dict[Key, tuple[Callable[..., Any], dict[str, Any]]] = {}
    for entry in config["layers"]:
        operation = make(entry)
        if not entry["inbound_nodes"]:
            made[entry["name"], 0] = [operation.output]
        for number, node in enumerate(entry["inbound_nodes"]):
            calls[entry["name"], number] = operation, node
    missing = {key: _makers(node).difference(made) for key, (_, node) in calls.items()}
    readers: dict[Key, list[Key]] = {}
    for key, needed in missing.items():
        for other in needed:
            readers.setdefault(other, []).append(key)

    def resolve(value: Any) -> Any:
        place = _reference(value)
        if place is not None:
            return _output(made, place)
        if isinstance(value, dict):
            return {key: resolve(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(resolve(item) for item in value)
        return value

    ready = deque(key for key, needed in missing.items() if not needed)
    while ready:
        key = ready.popleft()
        operation, node = calls[key]
        made[key] = flatten(call(operation, resolve(list(node["args"])), resolve(node["kwargs"])))
        for reader in readers.get(key, ()):
            missing[reader].remove(key)
            if not missing[reader]:
                ready.append(reader)
    if never := sorted({name for (name, _), needed in missing.items() if needed}):
        raise ValueError(f"model config: {never[:5]} need tensors that no layer makes")
    return _ends(config["input_layers"], made), _ends(config["output_layers"], made)


def _reference(value: Any) -> tuple[str, int, int] | None:
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        name, call, output = value["config"]["keras_history"]
        return name, call, output
    return None


def _makers(node: Any) -> set[Key]:
    """The calls whose outputs are read anywhere in a recorded call's arguments."""
    place = _reference(node)
    if place is not None:
        return {place[:2]}
    inside = node.values() if isinstance(node, dict) else node
    return set().union(*map(_makers, inside)) if isinstance(node, (dict, list, tuple)) else set()


def _output(made: dict[Key, list[KerasTensor]], place: Any) -> KerasTensor:
    name, call, output = place
    outputs = made.get((name, call), [])
    if output >= len(outputs):
        raise ValueError(f"model config: no layer makes {list(place)}")
    return outputs[output]


def _ends(places: Any, made: dict[Key, list[KerasTensor]]) -> Any:
    if isinstance(places, dict):
        return {key: _ends(place, made) for key, place in places.items()}
    if len(places) == 3 and isinstance(places[0], str):
        return _output(made, places)
    return [_ends(place, made) for place in places]
