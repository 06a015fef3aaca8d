"""A cell of this package with activations that C does not know, over the real steps of a batch.

The inputs of many steps are multiplied at once. A step is left with the product of the states and
what follows, on the sequences that still have one: these come first, as the longest do.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .... import _kernels
from ....rows import Rows
from ..run_cell import NOWHERE, Outputs, Run, in_time, initial_state_of

TOGETHER = 128
"""Rows whose inputs are multiplied at once, unless a step has more: they stay in the caches."""


def run_products(cell: Any, rows: Rows, states: Any, outputs: Outputs | None, reverse: bool) -> Run:
    """`run_cell` by one `cell.after` a step."""
    out, cells = outputs or NOWHERE
    if states is None:
        states = initial_state_of(cell, rows.layout.batch)
    by_length, steps = in_time(rows.layout, reverse)
    held = [np.asarray(state, np.float32)[by_length] for state in states]
    now = held
    for at, of_input in _products(rows, steps, cell.packed()[0], cell.gates * cell.units):
        if len(at) < len(now[0]):
            _keep_ended(held, now, len(at))
            now = [state[: len(at)] for state in now]
        now = [np.asarray(state, np.float32) for state in cell.after(of_input, *now)]
        if out is not None:
            out[at if cells is None else cells[at]] = now[0]
    _keep_ended(held, now, 0)
    last = [np.empty_like(state) for state in held]
    for state, value in zip(last, held, strict=True):
        state[by_length] = value
    return last[0], last


def _keep_ended(held: list[np.ndarray], now: list[np.ndarray], first: int) -> None:
    """Keep the last states of the sequences from `first` on, which have no further step."""
    for state, value in zip(held, now, strict=True):
        state[first : len(value)] = value[first:]


def _products(
    rows: Rows, steps: list[np.ndarray], weights: _kernels.PackedDense, width: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The rows of each step, and the product of their inputs, (n, width), until the next one."""
    source, first = rows.source, 0
    x, index = np.asarray(source.array, np.float32), source.index
    room = max(TOGETHER, len(steps[0]) if steps else 0)
    inputs, products = (np.empty((room, n), np.float32) for n in (x.shape[1], width))
    while first < len(steps):
        count, end = len(steps[first]), first + 1
        while end < len(steps) and count + len(steps[end]) <= TOGETHER:
            count, end = count + len(steps[end]), end + 1
        at = np.concatenate(steps[first:end])
        x.take(at if index is None else index[at], axis=0, out=inputs[:count], mode="clip")
        _kernels.dense(inputs[:count], weights, out=products[:count])
        begin = 0
        for step in steps[first:end]:
            yield step, products[begin : begin + len(step)]
            begin += len(step)
        first = end
