"""Windows over a padded array that is not made: they read the rows that its cells show."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import _kernels, activations
from ...rows import Layout, Rows
from ..base.one_tensor import OneTensor
from ..base.windows import count_windows, places, steps_before

Place = tuple[int, str, int]
"""Stride, padding and dilation."""


def windows_over(rows: Rows, size: int, place: Place) -> tuple[_kernels.Windows, Layout]:
    """The windows of the padded array of `rows`, those of pad rows alone once for each pad row.

    Returns: windows over `rows.values`, and the layout of those that are more than padding. The
    windows are these in order, then one for each pad row.
    """
    layout, (stride, padding, dilation) = rows.layout, place
    batch, time = layout.batch, layout.time
    count = count_windows(time, size, stride, padding, dilation)
    before = steps_before(time, size, stride, padding, dilation, count)
    made, cells = made_windows(rows, np.arange(count) * stride - before, (size - 1) * dilation)
    windows = _kernels.Windows(
        batch, time, count, size, stride, dilation, before, rows.shown, cells
    )
    return windows, made


def made_windows(rows: Rows, first: np.ndarray, reach: int) -> tuple[Layout, np.ndarray]:
    """The layout of the windows that are more than padding, and the windows to compute.

    first: int (windows,), the first step of each; its last one is `reach` steps later.
    Returns: and int64 (n,), sequence * windows + window: those of the layout in order, then one of
    padding alone for each pad row.
    """
    layout = rows.layout
    seen = _reads(layout, first, reach)
    seen[:, : np.searchsorted(first, 0)] = True
    seen[:, np.searchsorted(first, layout.time - reach) :] = True
    made = Layout.from_mask(seen)
    if len(rows.pads) == 1:
        padding_only = np.array([seen.argmin()])  # any window, if each is more than padding
    else:
        padding_only = seen.argmin(1) + np.arange(layout.batch) * len(first)
    return made, np.concatenate([made.cells, padding_only])


def _reads(layout: Layout, first: np.ndarray, reach: int) -> np.ndarray:
    """bool (batch, windows), new: whether a real step is in [first, first + reach] of a sequence.

    first rises by one number from window to window.
    """
    begin, end = int(first[0]), int(first[-1]) + reach + 1
    stride = int(first[1]) - begin if len(first) > 1 else 1
    time = max(min(end, layout.time), begin)
    reads = np.zeros((layout.batch, end - begin), bool)  # a real step is in [step, step + size)
    reads[:, max(-begin, 0) : time - begin] = layout.mask[:, max(begin, 0) : time]
    size = 1
    while size <= reach:
        more = min(size, reach + 1 - size)
        reads = reads[:, :-more] | reads[:, more:]
        size += more
    return np.ascontiguousarray(reads[:, ::stride])


class OverShownWindows(OneTensor):
    """A layer whose answer at each window is a function of the rows that its places show.

    The mask ends here. Where masked cells show pad rows, no padded array is made, and windows of
    padding alone are computed once.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.
    """

    input_axes = "(batch, time, features)"
    kernel_size: int
    strides: int
    padding: str
    dilation_rate: int
    activation: Callable[[np.ndarray], np.ndarray]
    _time_axis: int

    def place(self) -> Place:
        """How windows lie."""
        return self.strides, self.padding, self.dilation_rate

    def at_windows(
        self, values: np.ndarray, windows: _kernels.Windows, activation: str
    ) -> np.ndarray:
        """values (n, features) float32 -> the answer at each window, (windows, filters).

        activation: the name of one that C knows, in the place of the layer's.
        """
        raise NotImplementedError

    def call(self, inputs: Any) -> np.ndarray:
        x = np.asarray(inputs, np.float32).swapaxes(1, self._time_axis)
        batch, time, features = x.shape
        windows, count = places(batch, time, self.kernel_size, *self.place())
        fused = activations.kernel_name(self.activation)
        outputs = self.at_windows(x.reshape(-1, features), windows, fused or "linear")
        if not fused and self._time_axis == 1:
            outputs = self.activation(outputs)
        outputs = outputs.reshape(batch, count, outputs.shape[1]).swapaxes(1, self._time_axis)
        if not fused and self._time_axis == 2:  # softmax and the like go along the last axis
            outputs = self.activation(np.ascontiguousarray(outputs))
        return outputs

    def over_shown(self, rows: Rows) -> Any:
        layout = rows.layout
        plain = rows.ndim == 3 and self._time_axis == 1 and not rows.carry
        if not plain or layout.full or not layout.batch or not layout.time:
            return NotImplemented
        windows, made = windows_over(rows, self.kernel_size, self.place())
        fused = activations.kernel_name(self.activation)
        y = self.at_windows(np.asarray(rows.values, np.float32), windows, fused or "linear")
        return Rows(y if fused else self.activation(y), made)
