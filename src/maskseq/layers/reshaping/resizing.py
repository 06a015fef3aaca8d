"""Cropping1D, ZeroPadding1D, UpSampling1D: another number of steps.

As in Keras they have no rule for the mask, and end it. Cropping nothing hands on the very input,
mask and all, as Keras does on JAX.
"""

from typing import Any, Unpack

import numpy as np

from ..base.arguments import LayerOptions
from ..base.checks import channels_first, pair, whole
from ..base.errors import check_axes
from ..base.one_tensor import OneTensor


class _Steps(OneTensor):
    """A layer on (batch, time, features) that changes the number of steps.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.
    """

    input_axes = "(batch, time, features)"

    def compute_output_shape(self, input_shape: Any) -> tuple:
        batch, time, features = input_shape
        return (batch, None if time is None else self.steps(time), features)

    def compute_output_dtype(self, inputs: Any) -> str:
        return str(inputs.dtype)

    def steps(self, time: int) -> int:
        """The number of steps that `time` steps become."""
        raise NotImplementedError


class Cropping1D(_Steps):
    """Cut steps off both ends.

    Parameters
    ----------
    cropping : int or tuple of int, default (1, 1)
        Steps to cut off the start and off the end.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `cropping` is not one or two int of at least 0. For inputs without three axes or without
        a step that is left.

    See Also
    --------
    ZeroPadding1D

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers (batch, time, features).
    returns
        The same dtype, with fewer steps. The mask ends here.

    Source: keras.layers.Cropping1D.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Cropping1D(1)(np.ones((2, 3, 4))).shape
    (2, 1, 4)
    """

    plain = True
    traceable = True

    def __init__(self, cropping: int | tuple[int, int] = (1, 1), **kwargs: Unpack[LayerOptions]):
        super().__init__(**kwargs)
        self.cropping = pair(cropping, "Cropping1D: cropping")

    def call(self, inputs: np.ndarray) -> np.ndarray:
        first, last = self.cropping
        _, time, _ = inputs.shape if not len(inputs) else self.compute_output_shape(inputs.shape)
        return inputs[:, first : first + time] if first or last else inputs  # and its mask

    def gives_late_mask(self, masked: bool, shape: tuple, made: tuple) -> bool:
        return masked and self.mask_role == "passes"

    @property
    def mask_role(self) -> str:
        return "drops" if any(self.cropping) else "passes"

    def steps(self, time: int) -> int:
        if time <= sum(self.cropping):
            raise ValueError(f"inputs must have over {sum(self.cropping)} steps, got {time}")
        return time - sum(self.cropping)


class ZeroPadding1D(_Steps):
    """Put steps of zeros at both ends.

    Parameters
    ----------
    padding : int or tuple of int, default 1
        Steps to put before the start and behind the end.
    data_format : str, optional
        "channels_last", or "channels_first" for (batch, features, time).
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `padding` is not one or two int of at least 0. For inputs without three axes.

    See Also
    --------
    MaskedConv1D : Pads by itself, with `padding="same"`.
    Cropping1D

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers (batch, time, features), or (batch, features, time) with "channels_first".
    returns
        The same dtype, with more steps. The mask ends here.

    Source: keras.layers.ZeroPadding1D.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.ZeroPadding1D(1)(np.ones((2, 3, 4))).shape
    (2, 5, 4)
    """

    plain = True
    traceable = True

    def __init__(
        self,
        padding: int | tuple[int, int] = 1,
        data_format: str | None = None,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        self.padding = pair(padding, "ZeroPadding1D: padding")
        self.data_format = data_format
        self._axis = 2 if channels_first(data_format) else 1

    def call(self, inputs: np.ndarray) -> np.ndarray:
        widths = [(0, 0)] * 3
        widths[self._axis] = self.padding
        return np.pad(inputs, widths)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        if self._axis == 1:
            return super().compute_output_shape(input_shape)
        batch, features, time = input_shape
        return (batch, features, None if time is None else self.steps(time))

    def steps(self, time: int) -> int:
        return time + sum(self.padding)


class UpSampling1D(_Steps):
    """Repeat each step `size` times.

    Parameters
    ----------
    size : int, default 2
        How often each step is repeated.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `size` is not a positive int.

    See Also
    --------
    Conv1DTranspose, RepeatVector

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers (batch, time, ...).
    returns
        The same dtype, (batch, time * size, ...). The mask ends here.

    Source: keras.layers.UpSampling1D.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.UpSampling1D(2)(np.ones((2, 3, 4))).shape
    (2, 6, 4)
    """

    plain = True
    traceable = True

    def __init__(self, size: int = 2, **kwargs: Unpack[LayerOptions]):
        super().__init__(**kwargs)
        self.size = whole(size, "UpSampling1D: size")

    def call(self, inputs: np.ndarray) -> np.ndarray:
        check_axes(self, inputs.shape)
        return np.repeat(inputs, self.size, axis=1)

    def steps(self, time: int) -> int:
        return time * self.size
