"""Where each layer of a model has its weights in the tree of a file: a path of attributes, classes.

"layers/lstm_1/cell" is the cell of the second LSTM among the layers of a model.
Source: keras.src.saving.saving_lib, version 3.15.
"""

import functools
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ...configured import snake_case
from ...layers.base.layer import Layer
from ...models.model import Model

# Classes that have another name inside Keras than in its public interface.
_NAMES_INSIDE_KERAS = {
    "Model": "Functional",
    "GroupQueryAttention": "GroupedQueryAttention",
}
# Layers whose attributes have names there that begin with _.
_UNDERSCORED = {"GroupedQueryAttention"}

Numbered = Callable[[str, str], list[str]]
"""(container, class) -> the names that a file has for its members of that class, in order."""


class Place(NamedTuple):
    """layer, its path in the tree, and the layer of the model that it belongs to."""

    layer: Layer
    path: str
    owner: Layer


def places(model: Model, numbered: Numbered | None = None) -> Iterator[Place]:
    """The places of a model and all that it holds; a shared layer counts where it comes first.

    numbered: what a file has, where names may have gaps; None: there is no file yet.
    """
    return _places(model, "", model, set(), numbered or (lambda container, kind: []))


def _places(
    layer: Layer, path: str, owner: Layer, seen: set[int], numbered: Numbered
) -> Iterator[Place]:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    yield Place(layer, path, owner)
    held = {"layers": layer.layers} if isinstance(layer, Model) else vars(layer)
    for name, value in held.items():
        hidden = "_" if type(layer).__name__ in _UNDERSCORED else ""
        inside = f"{path}/{hidden}{name}".lstrip("/")
        if isinstance(value, Layer):
            yield from _places(value, inside, owner, seen, numbered)
        elif isinstance(value, list | tuple | dict):
            values = value.values() if isinstance(value, dict) else value
            members = [x for x in values if isinstance(x, Layer)]
            for member, key in _named(members, inside, numbered) if members else ():
                inner = member if isinstance(layer, Model) else owner
                yield from _places(member, f"{inside}/{key}", inner, seen, numbered)


def _named(members: list[Layer], container: str, numbered: Numbered) -> Iterator[tuple[Layer, str]]:
    """Layers in a list with their names there: of the class, then numbered, class by class."""
    by_kind: dict[str, list[Layer]] = {}
    names_of = functools.cache(functools.partial(numbered, container))
    for member in members:
        by_kind.setdefault(_kind(member, names_of), []).append(member)
    for kind, found in by_kind.items():
        names = [f"{kind}_{number}" if number else kind for number in range(len(found))]
        weighty = [i for i, member in enumerate(found) if member.weights]
        in_file = names_of(kind)
        if len(in_file) == len(weighty) and not {names[i] for i in weighty} <= set(in_file):
            for i, name in zip(weighty, in_file, strict=True):  # numbers with gaps, in order
                names[i] = name
        yield from zip(found, names, strict=True)


def _kind(layer: Layer, names_of: Callable[[str], list[str]]) -> str:
    """The class of a layer as the file calls it, which may be as where the layer came from."""
    name = type(layer).__name__
    for known in (getattr(layer, "_saved_as", name), name):
        kind = snake_case(_NAMES_INSIDE_KERAS.get(known, known))
        if names_of(kind):
            break
    return kind
