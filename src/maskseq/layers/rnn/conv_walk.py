"""A convolutional LSTM over rows: the kernel's walk, or one step in NumPy."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import _kernels, activations
from ...rows import Rows
from ..base.windows import steps_before, windows_of
from .run_cell import NOWHERE, Outputs


class Window(NamedTuple):
    """Of a convolution over rows. See `windows_of`."""

    size: int
    stride: int = 1
    padding: str = "same"
    dilation: int = 1


class Gates(NamedTuple):
    """The matrix of both convolutions for gates i, f, o and for the candidate, and what follows.

    Their columns: a window of the inputs, then one of the states.
    """

    gates: _kernels.PackedDense
    candidate: _kernels.PackedDense
    gate: Callable[[np.ndarray], np.ndarray]
    activation: Callable[[np.ndarray], np.ndarray]


def walk(
    rows: Rows,
    states: list[np.ndarray],
    window: Window,
    packed: _kernels.PackedConvLSTM,
    outputs: Outputs | None,
    *,
    first: bool,
    reverse: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """The last h and c, float32 (batch, rows, filters).

    Arguments: rows: of steps (rows, features).  states: the first h and c.  outputs: where to write
        each step's h.  first: steps and outputs have features first.
    """
    source, layout, (out, cells) = rows.source, rows.layout, outputs or NOWHERE
    x = _turned(np.asarray(source.array, np.float32), first)
    time, count = x.shape[1], states[0].shape[1]
    before = steps_before(time, *window, count)
    windows = _kernels.Windows(1, time, count, window.size, window.stride, window.dilation, before)
    made = out
    if out is not None and (first or not out.flags.c_contiguous):
        made = np.empty((layout.steps, *states[0].shape[1:]), np.float32)
    h, c = _kernels.conv_lstm(
        x,
        packed,
        windows,
        layout.offsets,
        states,
        index=source.index,
        reverse=reverse,
        out=made,
        cells=cells if made is out else None,
    )
    if out is not None and made is not out:
        out[slice(layout.steps) if cells is None else cells] = _turned(made, first)
    return h, c


def step(
    x: np.ndarray, h: np.ndarray, c: np.ndarray, window: Window, weights: Gates, *, first: bool
) -> tuple[np.ndarray, np.ndarray]:
    """h' and c' after one step x (batch, rows, features), with any functions.

    first: these get features before rows, as the cell puts them out.
    """
    sides = windows_of(x, *window), windows_of(h, window.size, padding="same")
    both = np.concatenate([side.reshape(*c.shape[:2], -1) for side in sides], axis=2)
    flat = both.reshape(-1, both.shape[2])
    gates = _dense(flat, weights.gates, weights.gate).reshape(*c.shape[:2], 3, c.shape[2])
    candidate = _dense(flat, weights.candidate, weights.activation).reshape(c.shape)
    i, f, o = (_whole(gates[:, :, k], weights.gate, first) for k in range(3))
    c = f * c + i * _whole(candidate, weights.activation, first)
    return o * _turned(weights.activation(_turned(c, first)), first), c


def _dense(x: np.ndarray, packed: _kernels.PackedDense, function: Callable) -> np.ndarray:
    """The product, and the function if C knows it."""
    return _kernels.dense(x, packed, activations.kernel_name(function) or "linear")


def _whole(x: np.ndarray, function: Callable, first: bool) -> np.ndarray:
    """What is left to do for a gate, (batch, rows, filters)."""
    return x if activations.kernel_name(function) else _turned(function(_turned(x, first)), first)


def _turned(x: Any, first: bool) -> Any:
    """Steps with rows before features, or back."""
    return x.swapaxes(1, 2) if first else x
