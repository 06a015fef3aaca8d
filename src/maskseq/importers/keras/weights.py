"""Gives a model the weights in the tree of a new file (`model.weights.h5`), every shape checked.

Source: keras.src.saving.saving_lib, version 3.15.
"""

from collections.abc import Callable
from typing import Any

from ...layers.base.layer import Layer
from ...models.model import Model
from ...variable import Variable, publish
from ..errors import FormatError
from ..hdf5 import Dataset, Group
from .conversions import Stored, stored
from .places import places
from .tables import Tables, taking
from .tree import Tree

MOST = 0.75
"""Of what was read of a file: weights that are so much of it are not copied out of it."""


def load_tree(model: Model, root: Group, path: str, tables: Tables | None = None) -> None:
    """Give the model the weights. Nothing is changed unless everything fits and is read."""
    tree = Tree(root, path)
    tables = tables or Tables(path)
    found: list[Stored] = []
    summaries: list[tuple[Layer, Dataset]] = []
    for layer, place, owner in places(model, tree.numbered):
        tables.note(layer, place, tree)
        if layer.reads_summary and (summary := tree.take_named(place, "0")) is not None:
            summaries.append((layer, summary))
        variables = layer._own_variables
        if variables:
            found += checked(owner, variables, tree.take(place), stored, path, layer)
    tree.check_all_taken()
    known = {id(x.variable) for x in found}
    if never := [v.name for v in model.weights if id(v) not in known]:
        raise FormatError(path, f"no weights for {never[:10]}")
    others = [*tables.read(), *(taking(*pair, path) for pair in summaries)]
    assign(found, path)
    for take in others:
        take()


def checked(
    owner: Layer,
    variables: list[Variable],
    datasets: list[Any],
    pair: Callable[..., list[Stored]],
    path: str,
    holder: Layer | None = None,
) -> list[Stored]:
    """The weights of a layer as `pair` has them. Raises: FormatError unless they fit."""
    who = f"layer '{owner.name}' ({type(owner).__name__})"
    if len(variables) != len(datasets):
        raise FormatError(path, f"{who}: expected {len(variables)} weights, got {len(datasets)}")
    for variable, dataset in zip(variables, datasets, strict=True):
        if not isinstance(dataset, Dataset):
            raise FormatError(path, f"{who}: weight {variable.name} is a group")
    found = pair(holder or owner, variables, datasets)
    for x in found:
        if not x.fits:
            name, wanted = x.variable.name, x.variable.shape
            got = x.dataset.shape
            raise FormatError(path, f"{who}: weight {name}: expected shape {wanted}, got {got}")
    return found


def assign(found: list[Stored], path: str) -> None:
    """Read all, then assign all in one step.

    Weights that share bytes of the file would be a way to grow. Those that are most of what was
    read stay where they are in it; fewer are copied, so that the rest of it can be freed.
    """
    size = sum(x.dataset.nbytes for x in found)
    if found and size > found[0].dataset.file_size:
        raise FormatError(path, "weights that together are larger than the file")
    values = [x.value() for x in found]
    most = bool(found) and size >= MOST * found[0].dataset.file_size
    try:
        publish([x.variable for x in found], values, own=most)
    except ValueError as error:  # a number that float32 does not hold
        raise FormatError(path, str(error)) from error
