"""Rescaling: the inputs times a scale, plus an offset."""

from typing import Any, Unpack

import numpy as np

from ...rows import Rows
from ...tape import Traced
from ..base.arguments import LayerOptions
from ..base.checks import numbers
from ..base.one_tensor import OneTensor
from ..base.taped import map_steps


class Rescaling(OneTensor):
    """inputs * scale + offset.

    Parameters
    ----------
    scale : float or array_like
        What the inputs are multiplied by; an array broadcasts to their last axes.
    offset : float or array_like, default 0.0
        What is added; an array broadcasts to the inputs' last axes.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `scale` or `offset` is no number or array of them, or does not broadcast to the inputs.
    TypeError
        For a call on text.

    See Also
    --------
    Normalization

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers of any shape.
    returns
        float32, the same shape.

    Source: keras.layers.Rescaling.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Rescaling(0.5, offset=1.0)(np.array([2.0, 4.0])).tolist()
    [2.0, 3.0]
    """

    supports_masking = True
    reads_masked = "own"

    def __init__(
        self,
        scale: Any,
        offset: Any = 0.0,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        self._scale = numbers(scale, "Rescaling: scale")
        self._offset = numbers(offset, "Rescaling: offset")
        self.scale, self.offset = _plain(scale), _plain(offset)

    def call(self, inputs: Any) -> np.ndarray:
        x = np.asarray(inputs, np.float32)
        try:
            return x * self._scale + self._offset
        except ValueError:
            raise ValueError(
                f"inputs must broadcast with scale {self._scale.shape} and offset "
                f"{self._offset.shape}, got shape {x.shape}"
            ) from None

    def on_rows(self, rows: Rows) -> Any:
        if max(self._scale.ndim, self._offset.ndim) > rows.ndim - 2:
            return NotImplemented  # an array with an axis for time
        return rows.with_values(self.call(rows.values))

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        rows = type(inputs.value) is Rows
        if rows and max(self._scale.ndim, self._offset.ndim) > inputs.ndim - 2:
            return NotImplemented
        return map_steps(inputs, self.call, lambda d, y, x: d * self._scale)


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's, for a config."""
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
