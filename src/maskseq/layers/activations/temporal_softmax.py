"""TemporalSoftmax: softmax over time that skips masked steps."""

import math
from typing import Any

import numpy as np

from ... import _kernels
from ...numerics import reductions
from ...rows import Rows
from ...tape import Traced
from ...tensor import as_numpy
from ..base.elementwise import SameShape
from ..base.errors import check_axes
from ..base.masks import check_mask


class TemporalSoftmax(SameShape):
    """exp(x) / sum over the real steps of exp(x), along axis 1, for each feature.

    This is the guide's custom layer made right: as printed there, it divides by the sum of the
    inputs and not of their exponentials, so that its rows do not sum to 1; it also overflows for
    large inputs, and is NaN where every step is masked.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For inputs of fewer than two axes, and a mask that is not (batch, time).

    See Also
    --------
    Softmax, AttentionPooling1D

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, time, ...).
    mask
        bool (batch, time); None = all real.
    returns
        float32, the inputs' shape; masked steps are 0, and so is a row without real steps. The mask
        goes on.

    Source: "Masking and padding with Keras", TemporalSoftmax.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> x = np.zeros((1, 3, 1))
    >>> layers.TemporalSoftmax()(x, mask=np.array([[True, True, False]])).tolist()
    [[[0.5], [0.5], [0.0]]]
    """

    input_axes = "(batch, time, ...)"
    supports_masking = True
    plain = True

    def call(self, inputs: Any, mask: Any = None) -> np.ndarray:
        x = np.asarray(inputs, np.float32)
        check_axes(self, x.shape)
        return self.on_rows(
            Rows.view(x, None if mask is None else check_mask(mask, x.shape[:2]))
        ).to_padded()

    def on_rows(self, rows: Rows) -> Rows:
        layout = rows.layout
        x = np.asarray(rows.values[: layout.steps], np.float32)
        y = np.zeros((layout.steps + 1, *x.shape[1:]), np.float32)
        flat = x.reshape(layout.steps, math.prod(x.shape[1:]))
        y[:-1] = _kernels.time_softmax(flat, layout.offsets).reshape(x.shape)
        return Rows(y, layout)

    def on_tape(self, tape: Any, inputs: Traced, mask: Any = None) -> Any:
        y = self.call(as_numpy(inputs.value), mask)

        def backward(d: np.ndarray, wanted: Any) -> list[np.ndarray]:
            return [y * (d - reductions.reduce(d * y, "sum", 1, keepdims=True))]

        return tape.record(y, [inputs], backward)
