"""Leave one step out: how much an answer changes when a step is masked."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from ..data.ragged import Ragged, as_batch
from ..graph.order import sort_nodes
from ..nest import flatten
from ..tensor import as_numpy, convert_to_tensor

CELLS = 1 << 16  # steps of a call, masked ones too


def steps(model: Any, x: Any, *, unit: int | None = None, pad_value: float = 0) -> Ragged:
    """How much the answer of `model` for each sequence depends on each of its steps.

    Every step is masked once, alone, and the answer compared with that for the whole sequence. A
    sequence of n steps is so run n times.

    Parameters
    ----------
    model : Model
        A model of one input and one output, which takes a mask.
    x : array_like
        Sequences, as `predict` takes them: a list of lists or arrays, a Ragged, an Arrow column.
    unit : int, optional
        A place on the last axis of the output: the change there, with its sign: positive where the
        step raises it. None: the largest change of all units, without a sign.
    pad_value : float, default 0
        What a masked step holds: the id 0 of an Embedding, the value of a Masking.

    Returns
    -------
    Ragged
        Ragged of float32, one number for each step of each sequence. Of an output for every step
        the largest change (by size) at the other steps counts.

    Raises
    ------
    TypeError
        For a padded array, of which it is not known which steps are real.
    ValueError
        For a model of several inputs or outputs, one whose first layer drops masks, or a `unit`
        that the output does not have.

    See Also
    --------
    maskseq.plot.steps

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> ids = maskseq.Input((None,), dtype="int32")
    >>> x = layers.Embedding(1000, 16, mask_zero=True)(ids)
    >>> model = maskseq.Model(ids, layers.LSTM(8)(x))
    >>> changes = maskseq.explain.steps(model, [[711, 632, 71], [73, 8]])
    >>> changes.lengths.tolist()
    [3, 2]
    """
    sequences = as_batch(x)
    if not isinstance(sequences, Ragged):
        raise TypeError(
            f"explain.steps: x must be sequences (a list of them, or a Ragged), got an array of "
            f"shape {sequences.shape}; maskseq.Ragged.from_padded(x, mask=...) makes them of it"
        )
    _check(model, unit)
    found = np.zeros(len(sequences.values), np.float32)
    for number, (start, end) in enumerate(pairwise(sequences.offsets.tolist())):
        if end > start:
            found[start:end] = _changes(model, sequences[number : number + 1], unit, pad_value)
    return Ragged(found, sequences.offsets)


def _check(model: Any, unit: int | None) -> None:
    """Raises ValueError for what `steps` cannot do. Of a model without a graph nothing is known."""
    if getattr(model, "_plan", None) is None:
        return
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            f"explain.steps: expected a model of one input and one output, got "
            f"{len(model.inputs)} and {len(model.outputs)}"
        )
    for node in sort_nodes(model.inputs, flatten(model.outputs)):
        reads = any(x is model.inputs[0] for x in node.inputs)
        if reads and getattr(node.operation, "mask_role", "drops") == "drops":
            raise ValueError(
                f"explain.steps: layer '{node.operation.name}' reads the input and drops its mask, "
                f"so no step can be left out (an Embedding takes masks with mask_zero=True)"
            )
    width = model.outputs[0].shape[-1]
    if unit is not None and width is not None and not -width <= unit < width:
        raise ValueError(f"explain.steps: unit must be in [-{width}, {width}), got {unit}")


def _changes(model: Any, sequence: Ragged, unit: int | None, pad_value: float) -> np.ndarray:
    """float32 (steps,): of one sequence."""
    padded = sequence.to_padded()
    time = padded.shape[1]
    whole = _answer(model, padded, np.ones((1, time), bool))
    stepwise = whole.ndim > 2 and whole.shape[1] == time
    parts = []
    for left_out in _groups(time):
        mask = np.ones((len(left_out), time), bool)
        mask[np.arange(len(left_out)), left_out] = False
        copies = np.repeat(padded, len(left_out), axis=0)
        copies[~mask] = pad_value
        answers = _answer(model, copies, mask)
        change = (whole - answers).reshape(len(left_out), time if stepwise else 1, -1)
        if stepwise:
            change[np.arange(len(left_out)), left_out] = 0  # its own answer is that of no step
        change = change if unit is None else change[..., [unit]]
        change = change.reshape(len(left_out), -1)
        largest = np.abs(change).argmax(axis=1)
        found = change[np.arange(len(change)), largest]
        parts.append(np.abs(found) if unit is None else found)
    return np.concatenate(parts)


def _groups(time: int) -> Iterator[np.ndarray]:
    """The steps of a sequence, in groups whose copies of it fit into a call."""
    size = max(1, CELLS // time)
    for start in range(0, time, size):
        yield np.arange(start, min(start + size, time))


def _answer(model: Any, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return as_numpy(flatten(model(convert_to_tensor(x), mask=mask))[0])
