"""Rows under a tape: padded, and as arrays of their rows and back."""

import math
from typing import Any

import numpy as np

from .. import _kernels
from ..numerics import reductions
from ..rows import Rows, align, as_padded
from ..tensor import Tensor, as_numpy
from .traced import Traced


def padded(x: Traced) -> Traced:
    """Rows as the padded array that carries their mask; an array unchanged.

    Way back: a row gets the sum over all cells that show it.
    """
    rows = x.value
    if type(rows) is not Rows:
        return x
    return x.tape.record(
        as_padded(rows), [x], lambda gradient, wanted: [gradient_of_padded(rows, gradient)]
    )


def values(x: Traced) -> Any:
    """The rows of Rows, pads and all, as an array (n + pads, *features)."""
    rows = x.value.values
    return x.tape.record(rows, [x], lambda gradient, wanted: [gradient])


def real_values(x: Traced) -> Any:
    """The rows of the real steps alone, as an array (n, *features)."""
    rows = x.value.values[: x.value.layout.steps]
    return x.tape.record(rows, [x], lambda gradient, wanted: [gradient])


def rows_like(rows: Rows, x: Any) -> Traced:
    """An array (n + pads, *features) on the cells of `rows`."""
    count = len(x.value)

    def backward(gradient: np.ndarray, wanted: Any) -> list[np.ndarray]:
        if len(gradient) == count:
            return [gradient]
        whole = np.zeros((count, *gradient.shape[1:]), np.float32)
        whole[: len(gradient)] = gradient
        return [whole]

    return x.tape.record(rows.with_values(x.value), [x], backward)


def aligned(inputs: list[Traced]) -> list[Any] | None:
    """`align` of Rows: their values, row upon row the same cells; None if they cannot be put so."""
    arrays = align([x.value for x in inputs])
    if arrays is None:
        return None
    steps = inputs[0].value.layout.steps

    def widened(x: Traced, array: np.ndarray) -> Traced:
        own = len(x.value.values)
        if len(array) == own:
            return values(x)

        def backward(d: np.ndarray, wanted: Any) -> list[np.ndarray]:
            return [np.concatenate([d[:steps], reductions.reduce(d[steps:], "sum", 0, True)])]

        return x.tape.record(array, [x], backward)

    return list(map(widened, inputs, arrays))


def packed(x: Traced, mask: np.ndarray | None) -> Traced:
    """A padded array (batch, time, *features) as Rows of the real steps of `mask`.

    For readers that never look at a masked cell (`Rows.view`): no gradient goes to these.
    """
    rows, shape = Rows.view(x.value, mask), x.shape

    def backward(gradient: np.ndarray, wanted: Any) -> list[np.ndarray]:
        cells = np.zeros((shape[0] * shape[1], *shape[2:]), np.float32)
        cells[rows.layout.cells] = gradient[: rows.layout.steps]
        return [cells.reshape(shape)]

    return x.tape.record(rows, [x], backward)


def masked_by_hand(x: Traced, mask: np.ndarray) -> Traced:
    """`x`, padded, with another mask."""
    x = padded(x)
    tensor = as_numpy(x.value).view(Tensor)
    tensor._keras_mask = mask
    return x.tape.record(tensor, [x], lambda gradient, wanted: [gradient])


def gradient_of_padded(rows: Rows, gradient: np.ndarray) -> np.ndarray:
    """The gradient of Rows from that of their padded array (batch, time, *features)."""
    layout, features = rows.layout, gradient.shape[2:]
    cells = np.asarray(gradient).reshape(layout.batch * layout.time, *features)
    if layout.full:
        return cells
    shown, count = rows_shown(rows), len(rows.values)
    order = np.argsort(shown, kind="stable")
    offsets = np.searchsorted(shown[order], np.arange(count + 1))
    flat = np.ascontiguousarray(cells, np.float32).reshape(len(cells), math.prod(features))
    return _kernels.sum_segments(flat, order, offsets).reshape(count, *features)


def rows_shown(rows: Rows) -> np.ndarray:
    """int64 (batch * time,): the row that each cell shows."""
    layout, steps = rows.layout, rows.layout.steps
    own = len(rows.values) != steps + 1
    pads = np.arange(layout.batch) if own else np.zeros(layout.batch, np.int64)
    shown = np.repeat(steps + pads, layout.time)
    shown[layout.cells] = np.arange(steps)
    if not rows.carry:
        return shown
    shown = shown.reshape(layout.batch, layout.time)
    last = np.where(layout.mask, np.arange(layout.time), -1)
    last = np.maximum.accumulate(last, axis=1)
    carried = np.take_along_axis(shown, np.maximum(last, 0), axis=1)
    return np.where(last < 0, shown, carried).reshape(-1)
