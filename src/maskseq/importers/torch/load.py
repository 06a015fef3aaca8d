"""PyTorch's weights into layers and models that are there: what `load_torch` does."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ...layers import LSTM, MultiHeadAttention
from ...layers.base.layer import Layer
from ...layers.rnn.cell import Cell
from ...models.model import Model
from ...variable import publish
from .attention import multi_head
from .plain import PLAIN
from .recurrent import RECURRENT, single_cell
from .sources import Part, Source

_OTHERS = {MultiHeadAttention: multi_head, Cell: single_cell}
CONVERTERS: dict[type[Layer], Callable[..., Any]] = {**PLAIN, **RECURRENT, **_OTHERS}
"""Class of a layer -> what gives the values of its weights; bases after what is derived."""
_HINT = (
    "; a recurrent layer takes one of PyTorch's layers: write prefix='lstm.*_l1' for the second, "
    "or let maskseq.from_torch build all of them"
)


def load_torch(
    target: Layer, weights: Any, prefix: str = "", names: Mapping[str, Any] | None = None
) -> None:
    """What `Layer.load_torch` does; see there."""
    source = Source(weights)
    if isinstance(target, Model):
        found = [*_of_model(target, source, prefix, dict(names or {}))]
        if prefix:
            source.check_all_taken(Part(source, prefix, who_is(target)))
        else:
            source.check_all_taken()
    else:
        part = Part(source, prefix, who_is(target), names)
        found = [*values_of(target, part)]
        numbered = any(name.endswith("_l1") for name in source.arrays)
        source.check_all_taken(part, _HINT if numbered else "")
    publish([variable for variable, _ in found], [value for _, value in found])


def values_of(layer: Layer, part: Part) -> Iterator[tuple[Any, np.ndarray]]:
    """(Variable, value) of each weight of a layer. Raises: TypeError for an unknown layer."""
    for kind, convert in CONVERTERS.items():
        if isinstance(layer, kind):
            return convert(layer, part)
    known = sorted({kind.__name__ for kind in CONVERTERS} - {"Cell"} | {LSTM.__name__, "GRU"})
    raise TypeError(
        f"{part.who}: PyTorch has no such layer, or it is not known; known are {', '.join(known)}. "
        f"Use set_weights"
    )


def who_is(layer: Layer) -> str:
    """A layer, for errors."""
    return f"layer '{layer.name}' ({type(layer).__name__})"


def _of_model(
    model: Model, source: Source, prefix: str, names: dict[str, Any]
) -> Iterator[tuple[Any, np.ndarray]]:
    """The weights of all layers, each at its name in `names`, else at the layer's own."""
    wanted = [x for x in model.layers if x.weights or not x.built]
    if unknown := names.keys() - {x.name for x in wanted}:
        raise ValueError(
            f"names: the model has no layers with weights called {sorted(unknown)}; it has "
            f"{[x.name for x in wanted]}"
        )
    for layer in wanted:
        place = names.get(layer.name, f"{layer.name}.")
        own: dict[str, Any] = {}
        if isinstance(place, Mapping):
            own, place = dict(place), f"{layer.name}."
        begin = f"{prefix}{place}"
        if isinstance(layer, Model):
            begin = begin if not begin or begin.endswith(".") else f"{begin}."
            yield from _of_model(layer, source, begin, own)
        else:
            yield from values_of(layer, Part(source, begin, who_is(layer), own))
