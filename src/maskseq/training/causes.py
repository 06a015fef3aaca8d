"""Why a loss may be no number: the first of a batch's labels, weights or inputs that is none."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..data.ragged import Ragged
from ..losses.targets import layout_of
from ..rows import Layout, Rows
from ..tensor import as_numpy
from .data import Batch


def cause_of_nan(batch: Batch, outputs: list[Any]) -> str:
    """ ": y of sequence 3 is nan", by its number in the data; "" if all numbers are finite.

    Only what counts is looked at: nothing at a masked step.
    """
    for name, parts in (("y", batch.targets), ("sample_weight", batch.weights)):
        for part, output in zip(parts, outputs, strict=True):
            for sequence, value in _not_finite(part, layout_of(output)):
                return f": {name} of sequence {batch.numbers[sequence]} is {value}"
    for part in batch.values:
        for sequence, value in _not_finite(part, layout_of(part)):
            return f": x of sequence {batch.numbers[sequence]} has {value}"
    return ""


def _not_finite(part: Any, layout: Layout | None) -> Iterator[tuple[int, Any]]:
    """(sequence, number) of the first that is not finite, if any."""
    if part is None or part.dtype.kind != "f":
        return
    if isinstance(part, (Rows, Ragged)):
        offsets = part.layout.offsets if isinstance(part, Rows) else part.offsets
        values = part.values[: offsets[-1]]
        sequences = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    else:
        values = as_numpy(part)
        sequences = np.arange(len(values))
        if layout is not None and values.shape[:2] == (layout.batch, layout.time):
            values, sequences = values[layout.mask], np.nonzero(layout.mask)[0]
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        yield int(sequences[wrong[0][0]]), values[tuple(wrong[0])]
