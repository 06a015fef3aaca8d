"""Frames with labels in their columns, as `fit` and `evaluate` take them."""

from typing import Any

import numpy as np

from ..data import frames
from ..data.ragged import Ragged, as_batch


def data_of(
    model: Any,
    frame: Any,
    y: Any,
    sample_weight: Any,
    *,
    by: Any = None,
    sort: Any = None,
    columns: Any = None,
    nulls: float | None = None,
) -> tuple[Any, Any, Any]:
    """x, y and sample_weight of a frame; the last two as names of columns, in a list or dict too.

    Of a long frame labels are one for each sequence, equal in all of its rows, or one for each step
    where the model answers for each step.
    Raises: TypeError for what is no frame; ValueError naming the column and the row.
    """
    if frames.library_of(frame) is None:
        raise TypeError(f"expected a frame for names of columns, got {type(frame).__name__}")
    labels = {*_names(y), *_names(sample_weight)}
    if by is None:
        if columns is None:
            kept = [name for name in frames.names_of(frame) if name not in labels]
            x = frame[kept] if frames.library_of(frame) != "pyarrow" else frame.select(kept)
        else:
            x = frames.value_of(frame, columns, nulls)

        def of_rows(name: str) -> Any:
            return as_batch(frames.value_of(frame, name, nulls))

        return x, _mapped(of_rows, y), _mapped(of_rows, sample_weight)
    from ..data import grouping

    groups = grouping.groups_of(frame, by, sort)
    if columns is None:
        columns = [n for n in grouping.features_of(frame, by, sort) if n not in labels]
    x = grouping.sequences_of(frame, groups, columns, nulls)

    def of_groups(name: str) -> Any:
        found = frames.numbers_of(frames.column_of(frame, name), name, nulls)
        return _label(groups.sequences(found), name, _is_stepwise(model))

    return x, _mapped(of_groups, y), _mapped(of_groups, sample_weight)


def names_columns(y: Any, sample_weight: Any) -> bool:
    """True if `y` or `sample_weight` is the name of a column."""
    return isinstance(y, str) or isinstance(sample_weight, str)


def _names(y: Any) -> list[str]:
    if isinstance(y, str):
        return [y]
    parts = y.values() if isinstance(y, dict) else y if isinstance(y, list) else ()
    return [part for part in parts if isinstance(part, str)]


def _mapped(read: Any, y: Any) -> Any:
    """`y` with each name of a column as what is in it."""
    if isinstance(y, str):
        return read(y)
    if isinstance(y, dict):
        return {key: _mapped(read, part) for key, part in y.items()}
    if isinstance(y, list) and _names(y):
        return [_mapped(read, part) for part in y]
    return y


def _is_stepwise(model: Any) -> bool | None:
    """True if the model answers for each step; None if that is not known before it is built."""
    if getattr(model, "_plan", None) is None:
        return None
    return all(output.shape[1:2] == (None,) for output in model.outputs)


def _label(steps: Ragged, name: str, stepwise: bool | None) -> Any:
    """The labels of sequences, or those of their steps."""
    if stepwise:
        return steps
    first = steps.values[steps.offsets[:-1]]
    other = steps.values != np.repeat(first, steps.lengths)
    if not other.any():
        return first
    if stepwise is None:
        return steps
    b = int(np.searchsorted(steps.offsets, int(np.argmax(other)), "right")) - 1
    raise ValueError(
        f"column {name!r} must have one value for each sequence, got several in the one at {b}"
    )
