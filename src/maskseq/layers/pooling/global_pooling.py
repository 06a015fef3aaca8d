"""GlobalAveragePooling1D over the real steps, and GlobalMaxPooling1D over all."""

from typing import Any, Unpack

import numpy as np

from ... import _kernels
from ...numerics.extremes import largest
from ...rows import Rows
from ..base.arguments import LayerOptions
from ..base.checks import channels_first
from ..base.masks import check_mask
from ..base.one_tensor import OneTensor


class _GlobalPooling(OneTensor):
    """One number for each feature of a sequence.

    Call arguments: inputs: (batch, time, features), or with data_format "channels_first" (batch,
        features, time).
    Returns: (batch, features); with keepdims the time axis stays, of size 1.
    """

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Unpack[LayerOptions]
    ):
        super().__init__(**kwargs)
        self.data_format, self.keepdims = data_format, keepdims
        self._time_axis = 2 if channels_first(data_format) else 1

    def compute_output_shape(self, input_shape: Any) -> tuple:
        if len(input_shape) != 3:
            raise ValueError(f"inputs must have 3 axes, got shape {tuple(input_shape)}")
        shape = list(input_shape)
        shape[self._time_axis : self._time_axis + 1] = [1] if self.keepdims else []
        return tuple(shape)


class GlobalAveragePooling1D(_GlobalPooling):
    """The mean over the real steps; masked ones are not read. A sequence without any gives 0.

    (Keras gives NaN there.) The mask (batch, time) ends here.
    Source: keras.layers.GlobalAveragePooling1D.
    """

    supports_masking = True
    reads_masked = "none"

    def call(self, inputs: Any, mask: Any = None) -> np.ndarray:
        x = np.moveaxis(np.asarray(inputs, np.float32), self._time_axis, 1)
        if mask is not None:
            mask = check_mask(mask, x.shape[:2])
        return self._means(Rows.view(np.ascontiguousarray(x), mask))

    def on_rows(self, rows: Rows) -> Any:
        return NotImplemented if rows.ndim != 3 or self._time_axis == 2 else self._means(rows)

    def _means(self, rows: Rows) -> np.ndarray:
        layout = rows.layout
        values = np.asarray(rows.values, np.float32)[: layout.steps]
        steps = np.maximum(layout.lengths, 1).astype(np.float32)
        means = _kernels.sum_rows(values, layout.offsets) / steps[:, None]
        return np.expand_dims(means, self._time_axis) if self.keepdims else means

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None

    @property
    def mask_role(self) -> str:
        return "uses"


class GlobalMaxPooling1D(_GlobalPooling):
    """The maximum over all steps, masked ones too, as in Keras.

    Source: keras.layers.GlobalMaxPooling1D.
    """

    plain = True

    def call(self, inputs: Any) -> np.ndarray:
        x = np.asarray(inputs)
        shape = self.compute_output_shape(x.shape)
        if x.shape[self._time_axis]:
            return largest(x, axis=self._time_axis, keepdims=self.keepdims)
        if 0 in shape:
            return np.empty(shape, x.dtype)
        raise ValueError(
            f"inputs must have at least 1 step, got shape {x.shape}: none has a maximum; "
            "MaskedGlobalMaxPooling1D gives 0"
        )
