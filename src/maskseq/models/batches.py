"""The inputs of a model cut into batches of whole sequences, and their results as one."""

from array import array
from collections.abc import Callable
from typing import Any

import numpy as np

from ..data import frames
from ..data.ragged import Ragged
from ..given import options
from ..given.places import rows_of
from ..nest import flatten, map_structure
from ..rows import Layout, Rows, Source
from ..tensor import get_keras_mask

STEPS_A_CALL = 1 << 16
"""Real steps (or padded cells) that predict hands to one call: 64 Ki rows of 128 float32 are 32 MB:
enough work that cutting costs nothing, and a bound on memory."""

_OF_DATA = ("__array__", "__arrow_c_stream__", "tocsr", "collect_schema")


def length(value: Any) -> int:
    """How many sequences an input is of."""
    return value.shape[0] if value.ndim else 1


def count_of(values: list[Any]) -> int:
    """How many sequences the inputs are of; None is one that is not there."""
    return max((length(value) for value in values if value is not None), default=0)


def gives_batches(x: Any) -> bool:
    """True for generators, iterators and Keras's PyDataset; not for what holds sequences.

    Raises: TypeError for groups of a frame, which give pairs of a key and a frame.
    """
    if hasattr(x, "__next__"):
        return True
    known = (list, tuple, dict, str, bytes, bytearray, memoryview, array, np.ndarray, Ragged)
    if isinstance(x, known) or any(hasattr(x, name) for name in _OF_DATA):
        return False
    if frames.library_of(x) is not None:
        return False
    return hasattr(x, "__getitem__") or hasattr(x, "__iter__")


def steps_of(value: Any) -> int:
    """How many real steps of Rows there are, how many cells of a padded array, 0 for None."""
    if type(value) is Rows:
        return value.layout.steps
    if value is None:
        return 0
    shape = value.shape
    return shape[0] * shape[1] if len(shape) > 1 else value.size


def checked_size(batch_size: Any) -> int:
    """Sequences a batch. Raises: ValueError unless it is a positive int."""
    return options.count(batch_size, "batch_size")


def cut(model: Any, values: list[Any], batch_size: int | None) -> list[list[Any]]:
    """The inputs in batches: of `batch_size` sequences, or of about STEPS_A_CALL real steps."""
    if batch_size is None and max(map(steps_of, values)) <= STEPS_A_CALL:
        return [values]
    count = count_of(values)
    if batch_size is None:
        bounds = [0, count] if model.stateful else _bounds(values, count)
    else:
        bounds = [*range(0, count, checked_size(batch_size)), count]
    if len(bounds) <= 2:
        return [values]
    return [
        [part(value, start, stop) for value in values]
        for start, stop in zip(bounds, bounds[1:], strict=False)
    ]


def _bounds(values: list[Any], count: int) -> list[int]:
    """Ends of batches, none of which holds many more than STEPS_A_CALL steps of any input."""
    steps = np.zeros(count + 1, np.int64)
    for value in values:
        if value is None:
            continue
        if type(value) is Rows:
            steps = np.maximum(steps, value.layout.offsets)
        else:
            cells = int(np.prod(value.shape[1:2]))
            steps = np.maximum(steps, np.arange(count + 1, dtype=np.int64) * cells)
    return bounds_of(steps)


def each(answer: Callable[[list[Any]], Any], parts: list[list[Any]]) -> list[Any]:
    """What `answer` gives for each batch. The row of an error is that of all sequences."""
    results: list[Any] = []
    with rows_of(lambda row: row + sum(map(count_of, parts[: len(results)]))):
        for values in parts:
            results.append(answer(values))
    return results


def bounds_of(steps: np.ndarray) -> list[int]:
    """Where batches of about STEPS_A_CALL steps begin and end: from 0 to the number of sequences.

    steps: (sequences + 1,), the steps of all sequences before each, as the offsets of a Ragged.
    """
    count = len(steps) - 1
    bounds = [0]
    while bounds[-1] < count:
        start = bounds[-1]
        stop = int(np.searchsorted(steps, steps[start] + STEPS_A_CALL, side="right")) - 1
        bounds.append(min(max(stop, start + 1), count))
    return bounds if count else [0, 0]


def part(value: Any, start: int, stop: int) -> Any:
    """The sequences [start, stop) of an input, where they lie; None stays None."""
    if type(value) is not Rows:
        return picked(value, slice(start, stop))
    layout, source = value.layout, value.source
    inside, first = layout.part(start, stop), layout.offsets.item(start)
    last = first + inside.steps
    if source.index is None:
        return Rows(None, inside, source=Source(source.array[first:last]))
    return Rows(None, inside, source=Source(source.array, source.index[first:last]))


def picked(value: Any, numbers: Any) -> Any:
    """The sequences of those numbers, in that order; the padded time stays what it was."""
    if value is None:
        return None
    if type(value) is not Rows:
        found = value[numbers]
        mask = get_keras_mask(value)
        if mask is not None:
            found._keras_mask = mask[numbers]
        return found
    layout, source = value.layout, value.source
    whole = value.is_ragged or layout.full
    if whole and source.index is None:
        taken = Ragged._of(source.array, layout.offsets)[numbers]
        return Rows.from_ragged(taken.values, taken.offsets, layout.time)
    steps = Ragged._of(np.arange(layout.steps), layout.offsets)[numbers]
    index = steps.values if source.index is None else source.index[steps.values]
    if whole:
        values = source.array.take(index, axis=0)
        return Rows.from_ragged(values, steps.offsets, layout.time)
    inside = Layout.from_mask(layout.mask[numbers])
    return Rows(None, inside, source=Source(source.array, index))


def in_one(answer: Callable[[list[Any]], Any], parts: list[list[Any]]) -> Any:
    """What `answer` gives for all batches as one; None if shapes differ in more than sequences.

    Each batch's goes to its place as it comes, so that no second copy of all is ever there. The row
    of an error is that of all sequences.
    """
    counts, at = list(map(count_of, parts)), 0
    first: Any = None
    wholes: list[np.ndarray] = []
    others: list[Any] = []  # outputs that are not one row a sequence
    with rows_of(lambda row: row + at):
        for number, (part, count) in enumerate(zip(parts, counts, strict=True)):
            result = answer(part)
            pieces = flatten(result)
            if number == 0:
                first = result
                if all(np.shape(piece)[:1] == (count,) for piece in pieces):
                    total = sum(counts)
                    wholes = [np.empty((total, *x.shape[1:]), x.dtype) for x in pieces]
            if not wholes:
                others.append(result)
            for whole, piece in zip(wholes, pieces, strict=False):
                if (piece.shape, piece.dtype) != ((count, *whole.shape[1:]), whole.dtype):
                    return None
                whole[at : at + count] = piece
            at += count
    if others:
        return join(others) if fit_together(others) else None
    made = {id(piece): whole for piece, whole in zip(flatten(first), wholes, strict=True)}
    return map_structure(lambda piece: made[id(piece)], first)


def fit_together(results: list[Any]) -> bool:
    """True if the answers for all batches have the same shapes, but for the number of sequences."""
    shapes = {tuple(np.shape(array)[1:] for array in flatten(result)) for result in results}
    return len(shapes) == 1


def join(results: list[Any]) -> Any:
    """The results of the batches as one."""
    if len(results) == 1:
        return results[0]
    first = results[0]
    if isinstance(first, dict):
        return {key: join([result[key] for result in results]) for key in first}
    if isinstance(first, (list, tuple)):
        return type(first)(join(list(parts)) for parts in zip(*results, strict=True))
    return np.concatenate(results)
