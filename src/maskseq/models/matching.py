"""Which of the values that users hand to a model belongs to which of its inputs.

Values come as a model's inputs were given: one, a list, a dict, or lists and dicts within each
other; or by the inputs' names. Lists may also be data, so a list is taken apart only where the
model's inputs are a list.
"""

from typing import Any

import numpy as np

from ..data import frames
from ..given.notices import warn
from ..graph.symbols import KerasTensor
from ..nest import flatten, is_nested
from ..rows import Rows


def in_order(structure: Any, x: Any) -> list[Any]:
    """The values in `x` in the order of `flatten(structure)`, the inputs of a model.

    None stands for an input that is optional and not there.
    Raises: ValueError if a value is missing, or there are too many.
    """
    tensors = flatten(structure)
    if isinstance(x, dict) and not isinstance(structure, dict):
        named = _parts_of({tensor.name: tensor for tensor in tensors}, x)
        values = [named[tensor.name] for tensor in tensors]
    elif len(tensors) == 1 and not is_nested(x if isinstance(x, dict) else structure):
        values = [x]
    elif len(tensors) == 1 and not isinstance(x, dict) and not _is_list_of_one(x):
        values = [x]
    else:
        values = _values_of(structure, x)
    for tensor, value in zip(tensors, values, strict=True):
        if value is None and not is_optional(tensor):
            raise ValueError(f"input '{tensor.name}' is not optional, got None")
    return values


def masks_in_order(structure: Any, mask: Any) -> list[Any]:
    """A mask or None for each input; one mask alone is the first input's, as in Keras."""
    names = [tensor.name for tensor in flatten(structure)]
    if isinstance(mask, dict):
        if not set(mask) <= set(names):
            raise ValueError(f"masks must be named {names}, got {sorted(mask)}")
        return [mask.get(name) for name in names]
    if mask is None or not isinstance(mask, (list, tuple)):
        return [mask] + [None] * (len(names) - 1)
    if len(names) == 1 and not (len(mask) == 1 and np.ndim(mask[0]) != 1):
        return [mask]  # one mask written as lists
    if len(mask) not in (1, len(names)):
        raise ValueError(f"mask must be a list of {len(names)} ({names}), got {len(mask)} masks")
    return [*mask] + [None] * (len(names) - len(mask))


def is_optional(tensor: Any) -> bool:
    """True if None may stand for the input `tensor`: Input(optional=True), or no Input at all."""
    return tensor.node is None or getattr(tensor.node.operation, "optional", True)


def _values_of(structure: Any, x: Any) -> list[Any]:
    """The values of `x` for the leaves of `structure`, in the order of `flatten`."""
    if isinstance(structure, KerasTensor):
        return [x]
    parts = _parts_of(structure, x)
    keys: Any = sorted(structure) if isinstance(structure, dict) else range(len(structure))
    return [value for key in keys for value in _values_of(structure[key], parts[key])]


def _parts_of(structure: Any, x: Any) -> Any:
    """What of `x` belongs to each part of `structure`, under the same keys or numbers."""
    if isinstance(structure, dict) and isinstance(x, dict):
        keys = sorted(structure)
        missing = [
            k for k in keys if k not in x and not all(map(is_optional, flatten(structure[k])))
        ]
        if missing:
            raise ValueError(f"inputs must be named {keys}, got {sorted(x)}")
        if len(x.keys() - structure.keys()):
            unused = sorted(x.keys() - structure.keys())
            warn(f"inputs {unused} are not among the inputs {keys} of the model and are ignored")
        return {key: x.get(key) for key in keys}
    if frames.library_of(x) is not None:
        return _columns_of(structure, x)
    if not isinstance(x, (list, tuple)) or len(x) != len(structure):
        names = [tensor.name for tensor in flatten(structure)]
        got = f"{len(x)} values" if isinstance(x, (list, tuple)) else type(x).__name__
        raise ValueError(f"inputs must be a list of {len(structure)} ({names}), got {got}")
    return dict(zip(sorted(structure), x, strict=True)) if isinstance(structure, dict) else x


def _columns_of(structure: Any, frame: Any) -> Any:
    """The columns of a frame by the names of the inputs, or by the keys of a dict of them."""
    if isinstance(structure, dict):
        return {key: frames.column_of(frame, key) for key in structure}
    return [frames.column_of(frame, tensor.name) for tensor in structure]


def _is_list_of_one(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and len(x) == 1 and isinstance(x[0], (np.ndarray, Rows))
