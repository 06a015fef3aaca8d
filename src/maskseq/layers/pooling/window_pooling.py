"""AveragePooling1D and MaxPooling1D: each window of steps as one; masked steps take part."""

import math
from typing import Any, Unpack

import numpy as np

from ... import _kernels
from ...numerics import reductions
from ...rows import Rows
from ...tape import Traced
from ...tensor import as_numpy
from ..base.arguments import LayerOptions
from ..base.checks import channels_first, whole
from ..base.one_tensor import OneTensor
from ..base.windows import (
    check_padding,
    count_windows,
    gradient_of_windows,
    steps_before,
    windows_of,
)


class _Pooling(OneTensor):
    """Windows of `pool_size` steps, `strides` apart (None: side by side). The mask ends here.

    Notes
    -----
    A call takes and gives:

    inputs
        (batch, time, features), or with data_format "channels_first" (batch, features, time).
    returns
        The same with a step for each window.
    """

    input_axes = "(batch, time, features)"
    plain = True
    takes_mean = False

    def __init__(
        self,
        pool_size: int = 2,
        strides: int | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        self.pool_size = whole(pool_size, "pool_size")
        self.strides = self.pool_size if strides is None else whole(strides, "strides")
        self.padding = check_padding(padding)
        self.data_format = data_format
        self._time_axis = 2 if channels_first(data_format) else 1

    def call(self, inputs: Any) -> np.ndarray:
        x = np.asarray(inputs).swapaxes(1, self._time_axis)
        return self.pool(x).swapaxes(1, self._time_axis)

    def over_shown(self, rows: Rows) -> Any:
        if rows.ndim != 3 or self._time_axis == 2 or rows.carry:
            return NotImplemented
        return self._pooled(rows.values, rows.shape[:2], rows.shown)

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        x = np.moveaxis(as_numpy(inputs.value), self._time_axis, 1).astype(np.float32)
        y = self.pool(x)

        def backward(d: np.ndarray, wanted: Any) -> list[np.ndarray]:
            shares = np.moveaxis(self.shares(x, y, np.moveaxis(d, self._time_axis, 1)), 0, 2)
            back = gradient_of_windows(shares, x.shape[1], self.strides, self.padding)
            return [np.moveaxis(back, 1, self._time_axis)]

        return tape.record(np.moveaxis(y, 1, self._time_axis), [inputs], backward)

    def shares(self, x: np.ndarray, y: np.ndarray, d: np.ndarray) -> np.ndarray:
        """The gradient d of y = pool(x) divided among the steps of windows: see `windows`."""
        raise NotImplementedError

    def windows(self, x: np.ndarray, fill: float) -> np.ndarray:
        """x (batch, time, features) as (pool_size, batch, windows, features)."""
        windows = windows_of(x, self.pool_size, self.strides, self.padding, fill=fill)
        return np.moveaxis(windows, 2, 0)

    def pool(self, x: np.ndarray) -> np.ndarray:
        """x (batch, time, features) -> (batch, windows, features)."""
        return self._pooled(x.reshape(math.prod(x.shape[:2]), x.shape[2]), x.shape[:2])

    def _pooled(self, values: Any, cells: tuple[int, ...], index: Any = None) -> np.ndarray:
        """values: the rows of cells (batch, time), or those that `index` says."""
        batch, time = cells
        values = np.asarray(values, np.float32)
        if not batch and time < self.pool_size:
            return np.empty((0, 0, values.shape[1]), np.float32)
        size, stride = self.pool_size, self.strides
        count = count_windows(time, size, stride, self.padding)
        before = steps_before(time, size, stride, self.padding, 1, count)
        window = batch, time, count, size, stride, before
        return _kernels.pool_windows(values, *window, mean=self.takes_mean, index=index)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        shape = list(input_shape)
        time = shape[self._time_axis]
        shape[self._time_axis] = count_windows(time, self.pool_size, self.strides, self.padding)
        return tuple(shape)


class AveragePooling1D(_Pooling):
    """The mean of each window's steps, padding left out.

    Parameters
    ----------
    pool_size : int, default 2
        Steps in a window.
    strides : int, optional
        Steps from one window to the next.
    padding : str, default "valid"
        "valid": windows lie within the sequence. "same": as many steps come out as go in, for
        strides of 1.
    data_format : str, optional
        "channels_last", or "channels_first" for (batch, features, time).
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `pool_size` or `strides` is not a positive int, or for an unknown `padding` or
        `data_format`. From a call on fewer steps than a window has, with padding "valid".

    See Also
    --------
    MaxPooling1D, GlobalAveragePooling1D

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, time, features), or (batch, features, time) with "channels_first". Masked
        steps take part.
    returns
        float32, a step for each window. The mask ends here.

    Source: keras.layers.AveragePooling1D.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.AveragePooling1D()(np.array([[[1.0], [3.0], [8.0], [2.0]]])).tolist()
    [[[2.0], [5.0]]]
    """

    takes_mean = True

    def _counts(self, x: np.ndarray) -> Any:
        """How many steps of x each window has."""
        ones = np.ones((min(1, len(x)), x.shape[1], 1), np.float32)
        return sum(self.windows(ones, 0))

    def shares(self, x: np.ndarray, y: np.ndarray, d: np.ndarray) -> np.ndarray:
        return np.broadcast_to(d / self._counts(x), (self.pool_size, *d.shape))


class MaxPooling1D(_Pooling):
    """The maximum of each window.

    Parameters
    ----------
    pool_size : int, default 2
        Steps in a window.
    strides : int, optional
        Steps from one window to the next.
    padding : str, default "valid"
        "valid": windows lie within the sequence. "same": as many steps come out as go in, for
        strides of 1.
    data_format : str, optional
        "channels_last", or "channels_first" for (batch, features, time).
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        As of AveragePooling1D.

    See Also
    --------
    AveragePooling1D, MaskedGlobalMaxPooling1D

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, time, features), or (batch, features, time) with "channels_first". Masked
        steps take part.
    returns
        float32, a step for each window. The mask ends here.

    Source: keras.layers.MaxPooling1D.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.MaxPooling1D()(np.array([[[1.0], [3.0], [8.0], [2.0]]])).tolist()
    [[[3.0], [8.0]]]
    """

    def shares(self, x: np.ndarray, y: np.ndarray, d: np.ndarray) -> np.ndarray:
        """All steps that hold the largest value get an equal share."""
        found = (self.windows(x, -np.inf) == y).astype(np.float32)
        return found * (d / reductions.reduce(found, "sum", 0))
