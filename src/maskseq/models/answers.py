"""What a walk answers, as users get it: padded arrays, Ragged of the real steps, columns."""

from typing import Any

import numpy as np

from ..data.ragged import Ragged
from ..nest import flatten, is_nested, map_structure
from ..rows import Rows
from ..tensor import as_numpy, get_keras_mask


def as_array(value: Any) -> np.ndarray:
    """One output as a padded array."""
    return as_numpy(value.to_padded() if type(value) is Rows else value)


def as_arrays(outputs: Any) -> Any:
    """Outputs as padded arrays, in their own structure."""
    if type(outputs) is np.ndarray:
        return outputs
    if type(outputs) is Rows:
        return outputs.to_padded()
    if type(outputs) is list:
        return [y if type(y) is np.ndarray else as_arrays(y) for y in outputs]
    return map_structure(as_array, outputs) if is_nested(outputs) else as_array(outputs)


def as_raggeds(outputs: Any, values: list[Any], symbols: list[Any] | None) -> Any:
    """Outputs in their own structure: those of every step as Ragged, others as arrays.

    values: the inputs, as `model_inputs.for_predict` makes them. An output of the steps of
        sequences has their lengths; else it has its real steps.
    symbols: the symbolic outputs; None: there is no graph.
    """
    found = flatten(outputs)
    shapes = [None] * len(found) if symbols is None else [x.shape for x in symbols]
    of = {id(y): shape for y, shape in zip(found, shapes, strict=True)}
    inputs = [value.layout for value in values if type(value) is Rows]
    return map_structure(lambda y: _as_ragged(y, inputs, of[id(y)]), outputs)


def _as_ragged(y: Any, inputs: list[Any], shape: tuple[int | None, ...] | None) -> Any:
    mask = None if type(y) is Rows else get_keras_mask(y)
    if type(y) is not Rows and mask is None and (shape is None or shape[1:2] != (None,)):
        return as_array(y)
    if len(y.shape) < 2:
        return as_array(y)
    given = next((x for x in inputs if (x.batch, x.time) == tuple(y.shape[:2])), None)
    if type(y) is Rows:
        layout = y.layout
        if given is None or given is layout or np.array_equal(given.offsets, layout.offsets):
            return Ragged(as_numpy(y.values)[: layout.steps], layout.offsets)
    if given is not None:
        return Ragged.from_padded(as_array(y), lengths=given.lengths)
    return Ragged.from_padded(as_array(y), mask=None if mask is None else np.asarray(mask))


def join(results: list[Any]) -> Any:
    """The answers of batches, of arrays and Ragged, as one."""
    first = results[0]
    if len(results) == 1:
        return first
    if isinstance(first, dict):
        return {key: join([result[key] for result in results]) for key in first}
    if isinstance(first, (list, tuple)):
        return type(first)(join(list(parts)) for parts in zip(*results, strict=True))
    if isinstance(first, Ragged):
        lengths = np.concatenate([part.lengths for part in results])
        return Ragged.from_lengths(np.concatenate([part.values for part in results]), lengths)
    return np.concatenate(results)


def by_column(outputs: Any, names: list[str], name: str) -> dict[str, np.ndarray | Ragged]:
    """Outputs by the names of columns: the one output's is `name`, others have their own."""
    found = flatten(outputs)
    if len(found) == 1:
        names = [name]
    elif len(names) != len(found) or len(set(names)) < len(names):
        names = [f"{name}_{number}" for number in range(len(found))]
    return dict(zip(names, found, strict=True))


def as_numbers(y: np.ndarray | Ragged) -> np.ndarray | Ragged:
    """An output without a last axis of one number: a score is a number, not a list of one."""
    if isinstance(y, Ragged):
        return Ragged(y.values[..., 0], y.offsets) if y.features[-1:] == (1,) else y
    return y[..., 0] if y.ndim > 1 and y.shape[-1] == 1 else y
