"""Conv1D: a convolution over time in which masked steps are steps like others."""

from typing import Any, Unpack

import numpy as np

from ... import _kernels
from ...numerics.products import column_sums
from ...tape import Traced
from ...tensor import as_numpy
from ..base.arguments import CommonOptions
from ..base.checks import channels_first
from ..base.taped import activated
from ..base.windows import convolution_back, places
from .convolution import Convolution
from .shown_windows import OverShownWindows


class Conv1D(Convolution, OverShownWindows):
    """activation(sum over a window of inputs[t + j] @ kernel[j] + bias), for every window.

    Masked steps take part and the mask ends here, as in Keras; `MaskedConv1D` keeps it.

    Parameters
    ----------
    filters : int
        Features of the output.
    kernel_size : int
        Steps in a window.
    strides : int, default 1
        Steps from one window to the next.
    padding : str, default "valid"
        "valid": windows lie within the sequence. "same": as many steps come out as go in, for
        strides of 1. "causal": the same, and no window sees a later step.
    data_format : str, optional
        "channels_last", or "channels_first" for (batch, features, time).
    dilation_rate : int, default 1
        Steps from one tap of the window to the next.
    groups : int, default 1
        Groups of features that are convolved apart from each other.
    activation : str, callable or None, default None
        Name of an activation, or a function; None is the identity.
    use_bias : bool, default True
        Whether there is a bias.
    kernel_initializer : str, dict or Initializer, default "glorot_uniform"
        First values of `kernel`.
    bias_initializer : str, dict or Initializer, default "zeros"
        First values of `bias`.
    kernel_regularizer : str, dict, Regularizer or None, default None
        Penalty on `kernel`, in training.
    bias_regularizer : str, dict, Regularizer or None, default None
        Penalty on `bias`, in training.
    activity_regularizer : str, dict, Regularizer or None, default None
        Penalty on the outputs, in training.
    kernel_constraint : str, dict, Constraint or None, default None
        What training holds `kernel` to.
    bias_constraint : str, dict, Constraint or None, default None
        What training holds `bias` to.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `groups` does not divide `filters`, a size is not a positive int, `padding` is unknown,
        or `strides` and `dilation_rate` are both above 1. For inputs without three axes, with other
        features than the first ones, or with fewer steps than a window, with padding "valid".

    See Also
    --------
    MaskedConv1D : Keeps the mask, and answers that padding does not change.
    Conv1DTranspose, DepthwiseConv1D, SeparableConv1D

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, time, features).
    returns
        float32 (batch, windows, filters).

    Weights: kernel float32 (kernel_size, features / groups, filters), bias float32 (filters,).

    Source: keras.layers.Conv1D.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Conv1D(8, 3, padding="same")(np.ones((2, 5, 4))).shape
    (2, 5, 8)
    """

    plain = True

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        strides: int = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Unpack[CommonOptions],
    ):
        window = filters, kernel_size, strides, padding, dilation_rate, groups
        initial = kernel_initializer, bias_initializer
        regular = kernel_regularizer, bias_regularizer, activity_regularizer
        limits = kernel_constraint, bias_constraint
        super().__init__(*window, activation, use_bias, *initial, *regular, *limits, **kwargs)
        self.data_format = data_format
        self._time_axis = 2 if channels_first(data_format) else 1

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)
        self.make_weights(input_shape[3 - self._time_axis])

    def at_windows(
        self, values: np.ndarray, windows: _kernels.Windows, activation: str
    ) -> np.ndarray:
        return self.convolve(values, windows, activation)

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        x = np.moveaxis(as_numpy(inputs.value), self._time_axis, 1).astype(np.float32)
        batch, time, features = x.shape
        windows, count = places(batch, time, self.kernel_size, *self.place())
        z = self.convolve(x.reshape(-1, features), windows, "linear")

        def backward(dz: np.ndarray, wanted: Any) -> list[Any]:
            place, kernel = self.place(), self.kernel.value
            back, of_kernel = convolution_back(x, kernel, dz, place, wanted[:2], self.groups)
            if back is not None:
                back = np.moveaxis(back, 1, self._time_axis)
            flat = np.ascontiguousarray(dz).reshape(-1, self.filters)
            return [back, of_kernel, column_sums(flat) if wanted[2] else None]

        z = z.reshape(batch, count, self.filters)
        made = tape.record(z, [inputs, self.kernel, self.bias], backward)
        return activated(self.activation, np.moveaxis(made, 1, self._time_axis))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        steps = self.steps(input_shape[self._time_axis])
        ends = (steps, self.filters) if self._time_axis == 1 else (self.filters, steps)
        return (input_shape[0], *ends)
