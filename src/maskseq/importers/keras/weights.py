"""Gives a model the weights of a Keras file, every shape checked.

New files (`model.weights.h5`) keep a tree of layers, legacy ones a list of weights for each layer.
Source: keras/src/saving/saving_lib.py and legacy_h5_format.py, version 3.15.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...configured import snake_case
from ...layers.base.layer import Layer
from ...models.model import Model
from ...variable import Variable
from ..errors import FormatError
from ..hdf5 import Dataset, Group

# Classes that have another name inside Keras than in its public interface.
_NAMES_INSIDE_KERAS = {
    "Model": "Functional",
    "GroupQueryAttention": "GroupedQueryAttention",
}


def load_tree(model: Model, root: Group, path: str) -> None:
    """Weights from the tree that Keras 3 writes. Nothing is changed unless everything fits."""
    pairs: list[tuple[Variable, Dataset]] = []
    unknown = {name for name in root.get("layers") or () if not name.startswith("input_layer")}
    for layer, place, owner in _places(model, "", model, set()):
        unknown.discard(place.removeprefix("layers/"))
        variables = sorted(layer._own_variables, key=lambda v: not v.trainable)
        if variables:
            pairs += _matched(owner, variables, _variables(root, place, path), path)
    if unknown:
        raise FormatError(path, f"weights for layers that the model has not, {sorted(unknown)}")
    _assign(pairs, path)


def load_legacy(model: Model, root: Group, path: str) -> None:
    """Weights from a legacy `.h5`: layers in order, each with its list of weights."""
    group = _group(root, "model_weights", path) if "model_weights" in root else root
    holders = [_group(group, name, path) for name in _names(group, "layer_names", path)]
    saved = [[holder[name] for name in _names(holder, "weight_names", path)] for holder in holders]
    saved = [datasets for datasets in saved if datasets]
    layers = [layer for layer in model.layers if layer.weights]
    if len(saved) != len(layers):
        raise FormatError(path, f"{len(saved)} layers with weights, the model has {len(layers)}")
    pairs: list[tuple[Variable, Dataset]] = []
    for layer, datasets in zip(layers, saved, strict=True):
        pairs += _matched(layer, _legacy_order(layer), datasets, path)
    _assign(pairs, path)


def _places(
    layer: Layer, place: str, owner: Layer, seen: set[int]
) -> Iterator[tuple[Layer, str, Layer]]:
    """(layer, its group, the model's layer it belongs to) for a layer and all that it holds.

    A shared layer counts where it comes first.
    """
    if id(layer) in seen:
        return
    seen.add(id(layer))
    yield layer, place, owner
    held = {"layers": layer.layers} if isinstance(layer, Model) else vars(layer)
    for name, value in held.items():
        inside = f"{place}/{name}".lstrip("/")
        if isinstance(value, Layer):
            yield from _places(value, inside, owner, seen)
        elif isinstance(value, list | tuple | dict):
            used: Counter[str] = Counter()
            for member in value.values() if isinstance(value, dict) else value:
                if isinstance(member, Layer):
                    kind = type(member).__name__
                    kind = snake_case(_NAMES_INSIDE_KERAS.get(kind, kind))
                    number, used[kind] = used[kind], used[kind] + 1
                    key = f"{inside}/{kind}_{number}" if number else f"{inside}/{kind}"
                    inner = member if isinstance(layer, Model) else owner
                    yield from _places(member, key, inner, seen)


def _group(group: Group, name: str, path: str) -> Group:
    found = group[name]
    if not isinstance(found, Group):
        raise FormatError(path, f"{name} is no group")
    return found


def _variables(root: Group, place: str, path: str) -> list[Any]:
    """What is kept as 0, 1, 2 ... of the layer at `place`, whose name may begin with _ or not."""
    head, _, last = place.rpartition("/")
    for name in (last, f"_{last}", last.lstrip("_")):
        vars_ = f"{head}/{name}/vars".lstrip("/")
        if vars_ in root:
            group = _group(root, vars_, path)
            return [group[str(number)] for number in range(len(list(group)))]
    raise FormatError(path, f"no weights at {place}")


def _matched(
    layer: Layer, variables: list[Variable], datasets: list[Any], path: str
) -> list[tuple[Variable, Dataset]]:
    who = f"layer '{layer.name}' ({type(layer).__name__})"
    if len(variables) != len(datasets):
        raise FormatError(path, f"{who}: expected {len(variables)} weights, got {len(datasets)}")
    for variable, dataset in zip(variables, datasets, strict=True):
        if not isinstance(dataset, Dataset) or dataset.shape != variable.shape:
            got = getattr(dataset, "shape", "a group")
            raise FormatError(
                path, f"{who}: weight {variable.name}: expected shape {variable.shape}, got {got}"
            )
    return list(zip(variables, datasets, strict=True))


def _assign(pairs: list[tuple[Variable, Dataset]], path: str) -> None:
    """Read all, then assign all. Weights that share bytes of the file would be a way to grow."""
    if pairs and sum(dataset.nbytes for _, dataset in pairs) > pairs[0][1].file_size:
        raise FormatError(path, "weights that together are larger than the file")
    values = [np.asarray(dataset.read()) for _, dataset in pairs]
    for (variable, _), value in zip(pairs, values, strict=True):
        variable.assign(value)


def _legacy_order(layer: Layer) -> list[Variable]:
    """Trainable weights before the others; those of a frozen layer are not trainable."""

    def flagged(layer: Layer, trainable: bool) -> Iterator[tuple[bool, Variable]]:
        trainable = trainable and layer.trainable
        for variable in sorted(layer._own_variables, key=lambda v: not v.trainable):
            yield trainable and variable.trainable, variable
        for inner in layer._sublayers():
            yield from flagged(inner, trainable)

    found = list({id(v): (flag, v) for flag, v in flagged(layer, True)}.values())
    return [v for flag, v in found if flag] + [v for flag, v in found if not flag]


def _names(group: Group, attribute: str, path: str) -> list[str]:
    """A list of names in an attribute, or in numbered ones where it was too long for one."""
    names = group.attribute(attribute)
    if names is None:
        names, number = [], 0
        while isinstance(part := group.attribute(f"{attribute}{number}"), list):
            names += part
            number += 1
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise FormatError(path, f"{group.name} has no list {attribute}")
    return names
