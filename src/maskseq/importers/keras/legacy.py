"""Weights in legacy `.h5` files: layers in order, each with a list of its weights.

Source: keras.src.legacy.saving.legacy_h5_format, version 3.15.
"""

from ... import activations
from ...layers.base.layer import Layer
from ...models.model import Model
from ...models.sequential import Sequential
from ...variable import Variable
from ..errors import FormatError
from ..hdf5 import Group
from .conversions import Stored, cells_of, stored, turned_round
from .tables import idf_weights_of, is_summary, summaries_of
from .tree import datasets_of
from .weights import assign, checked


def is_legacy(root: Group) -> bool:
    """True if a file lists its layers, as legacy files do."""
    listed = any(root.attribute(key) is not None for key in ("layer_names", "layer_names0"))
    return listed or "model_weights" in root


def load_legacy(model: Model, root: Group, path: str) -> list[str]:
    """Give the model the weights. Nothing is changed unless everything fits and is read.

    Returns: the names of the layers with sigmoid gates that took their weights as they are.
    """
    group = root
    if "model_weights" in root:
        group = _group(root, "model_weights", path)
    of_theano = "theano" in (root.attribute("backend"), group.attribute("backend"))
    saved, summaries, others, read = [], [], [], set()
    lookups = {layer.name: layer for layer in model.layers if layer.has_vocabulary}
    for name in _names(group, "layer_names", path):
        holder = _group(group, name, path)
        names = _names(holder, "weight_names", path)
        read.update(f"{name}/{weight}" for weight in names)
        if is_summary(names):
            summaries.append(holder[names[0]])
        elif names and name in lookups:
            others.append(idf_weights_of(lookups[name], [holder[x] for x in names], path))
        elif names:
            saved.append([holder[weight] for weight in names])
    others += summaries_of(model.layers, summaries, path)
    layers = [layer for layer in model.layers if layer.weights]
    if len(saved) != len(layers):
        raise FormatError(path, f"{len(saved)} layers with weights, the model has {len(layers)}")
    left = [name for name, _ in datasets_of(group, path) if name not in read]
    if left := [name for name in left if not name.startswith("optimizer_weights/")]:
        raise FormatError(path, f"weights that no layer lists, {sorted(left)[:10]}")
    found: list[Stored] = []
    plain: list[str] = []
    for layer, datasets in zip(layers, saved, strict=True):
        variables = weights_in_order(layer)
        pairs = checked(layer, variables, datasets, stored, path)
        if of_theano:
            pairs = turned_round(layer, pairs)
        found += pairs
        as_they_are = {id(x.variable) for x in pairs if x.convert is None}
        if any(_has_sigmoid_gates(cell, as_they_are) for cell in cells_of(layer)):
            plain.append(layer.name)
    assign(found, path)
    for take in others:
        take()
    return plain


def _has_sigmoid_gates(cell: Layer, as_they_are: set[int]) -> bool:
    gate = getattr(cell, "recurrent_activation", None)
    return gate is activations.sigmoid and any(id(v) in as_they_are for v in cell._own_variables)


def _group(group: Group, name: str, path: str) -> Group:
    found = group[name]
    if not isinstance(found, Group):
        raise FormatError(path, f"{name} is no group")
    return found


def weights_in_order(layer: Layer) -> list[Variable]:
    """Trainable weights before the others; those of a frozen layer are not trainable.

    It is the order of the layer that the file's config makes: of a weight that was frozen alone,
    and of a frozen Sequential, the config does not say so.
    """
    weights = layer.weights
    if not layer.trainable and not isinstance(layer, Sequential):
        return weights
    made = {id(v) for x in layer._holders() for v in x._own_variables[: x._made_trainable]}
    trained = made - layer._frozen()
    return sorted(weights, key=lambda v: id(v) not in trained)


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
