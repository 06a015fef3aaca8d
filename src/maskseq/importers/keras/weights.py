"""Gives a model the weights in the tree of a new file (`model.weights.h5`), every shape checked.

Source: keras.src.saving.saving_lib, version 3.15.
"""

from collections.abc import Callable, Iterator
from typing import Any

from ...configured import snake_case
from ...layers.base.layer import Layer
from ...models.model import Model
from ...variable import Variable, publish
from ..errors import FormatError
from ..hdf5 import Dataset, Group
from .conversions import Stored, stored
from .tables import Tables
from .tree import Tree

# Classes that have another name inside Keras than in its public interface.
_NAMES_INSIDE_KERAS = {
    "Model": "Functional",
    "GroupQueryAttention": "GroupedQueryAttention",
}


def load_tree(model: Model, root: Group, path: str, tables: Tables | None = None) -> None:
    """Give the model the weights. Nothing is changed unless everything fits and is read."""
    tree = Tree(root, path)
    tables = tables or Tables(path)
    found: list[Stored] = []
    for layer, place, owner in _places(model, "", model, set(), tree):
        tables.note(layer, place, tree)
        variables = sorted(layer._own_variables, key=lambda v: not v.trainable)
        if variables:
            found += checked(owner, variables, tree.take(place), stored, path, layer)
    tree.check_all_taken()
    known = {id(x.variable) for x in found}
    if never := [v.name for v in model.weights if id(v) not in known]:
        raise FormatError(path, f"no weights for {never[:10]}")
    take_tables = tables.read()
    assign(found, path)
    for take in take_tables:
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

    Weights that share bytes of the file would be a way to grow.
    """
    if found and sum(x.dataset.nbytes for x in found) > found[0].dataset.file_size:
        raise FormatError(path, "weights that together are larger than the file")
    values = [x.value() for x in found]
    try:
        publish([x.variable for x in found], values)
    except ValueError as error:  # a number that float32 does not hold
        raise FormatError(path, str(error)) from error


def _places(
    layer: Layer, place: str, owner: Layer, seen: set[int], tree: Tree
) -> Iterator[tuple[Layer, str, Layer]]:
    """(layer, its place, the model's layer it belongs to) for a layer and all that it holds.

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
            yield from _places(value, inside, owner, seen, tree)
        elif isinstance(value, list | tuple | dict):
            members = value.values() if isinstance(value, dict) else value
            for member, key in _named([x for x in members if isinstance(x, Layer)], inside, tree):
                inner = member if isinstance(layer, Model) else owner
                yield from _places(member, f"{inside}/{key}", inner, seen, tree)


def _named(members: list[Layer], container: str, tree: Tree) -> Iterator[tuple[Layer, str]]:
    """Layers in a list with their names there: of the class, then numbered, class by class."""
    by_kind: dict[str, list[Layer]] = {}
    for member in members:
        by_kind.setdefault(_kind(member), []).append(member)
    for kind, found in by_kind.items():
        names = [f"{kind}_{number}" if number else kind for number in range(len(found))]
        weighty = [i for i, member in enumerate(found) if member.weights]
        in_file = tree.numbered(container, kind)
        if len(in_file) == len(weighty) and not {names[i] for i in weighty} <= set(in_file):
            for i, name in zip(weighty, in_file, strict=True):  # numbers with gaps, in order
                names[i] = name
        yield from zip(found, names, strict=True)


def _kind(layer: Layer) -> str:
    """The class of a layer as the file calls it."""
    name = getattr(layer, "_saved_as", type(layer).__name__)
    return snake_case(_NAMES_INSIDE_KERAS.get(name, name))
