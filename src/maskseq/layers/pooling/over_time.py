"""OverTime: layers of ours that make one value of the real steps of a sequence."""

import math
from typing import Any

import numpy as np

from ... import _kernels
from ...numerics.extremes import largest_of_parts
from ...rows import Rows
from ...tape import Traced
from ..base.errors import check_axes
from ..base.masks import check_mask
from ..base.one_tensor import OneTensor
from ..base.taped import packed_by


class OverTime(OneTensor):
    """A layer that ends the time axis and reads no masked step. Not in Keras.

    A subclass writes `pool(rows)` and `gradient`. A sequence without real steps gives zeros.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Notes
    -----
    A call takes and gives:

    inputs
        (batch, time, ...).
    mask
        bool (batch, time); None = all real. It ends here.
    returns
        (batch, ...).
    """

    input_axes = "(batch, time, ...)"
    supports_masking = True
    reads_masked = "none"

    def call(self, inputs: Any, mask: Any = None) -> np.ndarray:
        x = np.asarray(inputs)
        check_axes(self, x.shape)
        return self.pool(Rows.view(x, None if mask is None else check_mask(mask, x.shape[:2])))

    def on_rows(self, rows: Rows) -> np.ndarray:
        return self.pool(rows)

    def pool(self, rows: Rows) -> np.ndarray:
        """(batch, ...) of the real steps."""
        raise NotImplementedError

    def on_tape(self, tape: Any, inputs: Traced, mask: Any = None) -> Any:
        held = packed_by(inputs, mask)
        rows: Rows = held.value
        y = self.pool(rows)
        return tape.record(y, [held], lambda d, wanted: [self.gradient(rows, y, d)])

    def gradient(self, rows: Rows, y: np.ndarray, d: np.ndarray) -> np.ndarray:
        """The gradient of the real steps from that of y = pool(rows): (n, ...)."""
        raise NotImplementedError

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None

    @property
    def mask_role(self) -> str:
        return "uses"


def largest_of_sequences(rows: Rows) -> np.ndarray:
    """(batch, ...): the largest real value of each feature, 0 of no steps; NaN if one is."""
    layout = rows.layout
    values = rows.values[: layout.steps]
    if values.dtype == np.float32:
        flat = values.reshape(layout.steps, math.prod(values.shape[1:]))
        most = _kernels.pool_sequences(flat, layout.offsets)
        return most.reshape(layout.batch, *values.shape[1:])
    result = np.zeros((layout.batch, *values.shape[1:]), values.dtype)
    some = layout.lengths > 0
    if some.any():
        result[some] = largest_of_parts(values, layout.offsets[:-1][some])
    return result
