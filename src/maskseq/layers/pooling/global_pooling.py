"""GlobalAveragePooling1D over the real steps, and GlobalMaxPooling1D over all."""

from typing import Any, Unpack

import numpy as np

from ... import _kernels
from ...numerics.extremes import largest, maximum
from ...rows import Layout, Rows
from ...tape import Traced
from ..base.arguments import LayerOptions
from ..base.checks import channels_first
from ..base.masks import check_mask
from ..base.one_tensor import OneTensor
from ..base.taped import packed_by
from .over_time import largest_of_sequences


class _GlobalPooling(OneTensor):
    """One number for each feature of a sequence.

    Notes
    -----
    A call takes and gives:

    inputs
        (batch, time, features), or with data_format "channels_first" (batch, features, time).
    returns
        (batch, features); with keepdims the time axis stays, of size 1.
    """

    input_axes = "(batch, time, features)"

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Unpack[LayerOptions]
    ):
        super().__init__(**kwargs)
        self.data_format, self.keepdims = data_format, keepdims
        self._time_axis = 2 if channels_first(data_format) else 1

    def compute_output_shape(self, input_shape: Any) -> tuple:
        shape = list(input_shape)
        shape[self._time_axis : self._time_axis + 1] = [1] if self.keepdims else []
        return tuple(shape)


class GlobalAveragePooling1D(_GlobalPooling):
    """The mean over the real steps; masked ones are not read. A sequence without any gives 0.

    (Keras gives NaN there.) The mask (batch, time) ends here.

    Parameters
    ----------
    data_format : str, optional
        "channels_last", or "channels_first" for (batch, features, time).
    keepdims : bool, default False
        Keep the axis of time, with size 1.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For an unknown `data_format`, inputs without three axes, and a mask that is not (batch,
        time).

    See Also
    --------
    MaskedGlobalMaxPooling1D, AttentionPooling1D, LastStep

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, time, features), or (batch, features, time) with "channels_first".
    mask
        bool (batch, time); None = all real.
    returns
        float32 (batch, features); with keepdims the axis of time stays.

    Source: keras.layers.GlobalAveragePooling1D.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> x = np.array([[[1.0], [3.0], [8.0]]])
    >>> layers.GlobalAveragePooling1D()(x, mask=np.array([[True, True, False]])).tolist()
    [[2.0]]
    """

    supports_masking = True
    reads_masked = "none"

    def call(self, inputs: Any, mask: Any = None) -> np.ndarray:
        x = np.asarray(inputs, np.float32).swapaxes(1, self._time_axis)
        if mask is not None:
            mask = check_mask(mask, x.shape[:2])
        return self._means(Rows.view(np.ascontiguousarray(x), mask))

    def on_rows(self, rows: Rows) -> Any:
        return NotImplemented if rows.ndim != 3 or self._time_axis == 2 else self._means(rows)

    def on_tape(self, tape: Any, inputs: Traced, mask: Any = None) -> Any:
        if type(inputs.value) is Rows:
            if inputs.ndim != 3 or self._time_axis == 2:
                return NotImplemented
        elif self._time_axis == 2:
            inputs = tape.hold(inputs.swapaxes(2, 1))
        held = packed_by(inputs, mask)
        layout = held.value.layout

        def backward(d: np.ndarray, wanted: Any) -> list[np.ndarray]:
            shares = d.reshape(layout.batch, -1) / _counts(layout)
            return [np.repeat(shares, layout.lengths, axis=0)]

        return tape.record(self._means(held.value), [held], backward)

    def _means(self, rows: Rows) -> np.ndarray:
        layout = rows.layout
        values = np.asarray(rows.values, np.float32)[: layout.steps]
        means = _kernels.pool_sequences(values, layout.offsets, True)
        return np.expand_dims(means, self._time_axis) if self.keepdims else means

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None

    @property
    def mask_role(self) -> str:
        return "uses"


def _counts(layout: Layout) -> np.ndarray:
    """(batch, 1): the real steps of each sequence, at least 1."""
    return np.maximum(layout.lengths, 1).astype(np.float32)[:, None]


class GlobalMaxPooling1D(_GlobalPooling):
    """The maximum over all steps, masked ones too, as in Keras.

    Parameters
    ----------
    data_format : str, optional
        "channels_last", or "channels_first" for (batch, features, time).
    keepdims : bool, default False
        Keep the axis of time, with size 1.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For an unknown `data_format`, and inputs without three axes or without a step.

    See Also
    --------
    MaskedGlobalMaxPooling1D : Over real steps alone.
    GlobalAveragePooling1D, MaxPooling1D

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers (batch, time, features), or (batch, features, time) with "channels_first".
    returns
        The inputs' dtype, (batch, features); with keepdims the axis of time stays. The mask ends
        here.

    Source: keras.layers.GlobalMaxPooling1D.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.GlobalMaxPooling1D()(np.array([[[1.0], [3.0], [8.0]]])).tolist()
    [[8.0]]
    """

    plain = True
    traceable = True

    def over_shown(self, rows: Rows) -> Any:
        layout = rows.layout
        mixed = rows.ndim != 3 or self._time_axis == 2 or rows.carry
        if mixed or rows.dtype != np.float32 or not layout.time:
            return NotImplemented
        lengths = layout.lengths[:, None]
        most = np.where(lengths == 0, rows.pads, largest_of_sequences(rows))
        y = np.where(lengths == layout.time, most, maximum(most, rows.pads))
        return np.expand_dims(y, 1) if self.keepdims else y

    def call(self, inputs: Any) -> np.ndarray:
        x = inputs if type(inputs) is Traced else np.asarray(inputs)
        shape = self.compute_output_shape(x.shape)
        if x.shape[self._time_axis]:
            if isinstance(x, np.ndarray) and x.dtype == np.float32 and self._time_axis == 1:
                return largest_of_sequences(Rows.view(x, None)).reshape(shape)
            return largest(x, axis=self._time_axis, keepdims=self.keepdims)
        if 0 in shape:
            return np.empty(shape, x.dtype)
        raise ValueError(
            f"inputs must have at least 1 step, got shape {x.shape}: none has a maximum; "
            "MaskedGlobalMaxPooling1D gives 0"
        )
