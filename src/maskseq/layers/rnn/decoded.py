"""What tags were decoded from: a loss that gets the tags of a model asks for the emissions."""

import weakref
from typing import Any

import numpy as np

from ...rows import Rows
from ...tape import value_of

_FROM: dict[int, tuple[Any, Any, Any]] = {}
"""id of an array of tags -> (a weak reference to it, the layer, the emissions), while it lives."""


def remember(tags: np.ndarray, layer: Any, emissions: Any) -> None:
    """`tags` were decoded by `layer` from `emissions`, Rows or Traced Rows."""
    number = id(tags)
    _FROM[number] = weakref.ref(tags, lambda _: _FROM.pop(number, None)), layer, emissions


def decoded_from(tags: Any) -> tuple[Any, Any]:
    """(layer, emissions) of tags as a layer gave them: Rows or an array, Traced or not.

    Raises: ValueError if they are not such tags.
    """
    held = value_of(tags)
    array = held.values if type(held) is Rows else held
    while isinstance(array, np.ndarray):
        reference, layer, emissions = _FROM.get(id(array), (None, None, None))
        if reference is not None and reference() is array:
            return layer, emissions
        array = array.base
    raise ValueError(f"expected the tags that a layer CRF gave, got {type(held).__name__}")
