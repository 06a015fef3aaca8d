"""DepthwiseConv1D: a convolution over time of each feature by itself."""

from typing import Any, Unpack

import numpy as np

from ... import _kernels, activations, constraints, regularizers
from ...initializers import checked
from ...tape import Traced
from ..base.arguments import CommonOptions
from ..base.checks import channels_first, whole
from ..base.taped import activated
from ..base.windows import (
    check_padding,
    convolve_channels_on_tape,
    count_windows,
)
from .shown_windows import OverShownWindows


class DepthwiseConv1D(OverShownWindows):
    """`depth_multiplier` convolutions of every feature; masked steps take part, the mask ends here.

    Parameters
    ----------
    kernel_size : int
        Steps in a window.
    strides : int, default 1
        Steps from one window to the next.
    padding : str, default "valid"
        "valid": windows lie within the sequence. "same": as many steps come out as go in, for
        strides of 1. "causal": the same, and no window sees a later step.
    depth_multiplier : int, default 1
        Outputs for each feature.
    data_format : str, optional
        "channels_last", or "channels_first" for (batch, features, time).
    dilation_rate : int, default 1
        Steps from one tap of the window to the next.
    activation : str, callable or None, default None
        Name of an activation, or a function; None is the identity.
    use_bias : bool, default True
        Whether there is a bias.
    depthwise_initializer : str, dict or Initializer, default "glorot_uniform"
        First values of `depthwise_kernel`.
    bias_initializer : str, dict or Initializer, default "zeros"
        First values of `bias`.
    depthwise_regularizer : str, dict, Regularizer or None, default None
        Penalty on `depthwise_kernel`, in training.
    bias_regularizer : str, dict, Regularizer or None, default None
        Penalty on `bias`, in training.
    activity_regularizer : str, dict, Regularizer or None, default None
        Penalty on the outputs, in training.
    depthwise_constraint : str, dict, Constraint or None, default None
        What training holds `depthwise_kernel` to.
    bias_constraint : str, dict, Constraint or None, default None
        What training holds `bias` to.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If a size is not a positive int or `padding` is unknown. For inputs with other features than
        the first ones.

    See Also
    --------
    SeparableConv1D : Then mixes the features.
    Conv1D

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, time, features).
    returns
        float32 (batch, windows, features * depth_multiplier).

    Weights: kernel float32 (kernel_size, features, depth_multiplier), bias float32 (features *
    depth_multiplier,).

    Source: keras.layers.DepthwiseConv1D.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.DepthwiseConv1D(3, depth_multiplier=2)(np.ones((2, 5, 4))).shape
    (2, 3, 8)
    """

    plain = True

    def __init__(
        self,
        kernel_size: int,
        strides: int = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Unpack[CommonOptions],
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.kernel_size = whole(kernel_size, "kernel_size")
        self.strides = whole(strides, "strides")
        self.padding = check_padding(padding)
        self.depth_multiplier = whole(depth_multiplier, "depth_multiplier")
        self.data_format = data_format
        self.dilation_rate = whole(dilation_rate, "dilation_rate")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.depthwise_initializer = checked(depthwise_initializer, "depthwise_initializer")
        self.bias_initializer = checked(bias_initializer, "bias_initializer")
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._time_axis = 2 if channels_first(data_format) else 1

    def build(self, input_shape: Any) -> None:
        features = input_shape[3 - self._time_axis]
        shape = (self.kernel_size, features, self.depth_multiplier)
        self.kernel = self.add_named_weight("kernel", shape, "depthwise")
        self.bias = self.add_named_weight("bias", (features * shape[2],)) if self.use_bias else None

    def at_windows(
        self, values: np.ndarray, windows: _kernels.Windows, activation: str
    ) -> np.ndarray:
        biases = None if self.bias is None else self.bias.value
        return _kernels.depthwise(values, self.kernel.value, biases, windows, activation)

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        x = tape.hold(inputs.swapaxes(self._time_axis, 1))
        outputs = convolve_channels_on_tape(x, self.kernel, *self.place())
        if self.bias is not None:
            outputs = outputs + self.bias
        return activated(self.activation, np.moveaxis(outputs, 1, self._time_axis))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        shape = list(input_shape)
        shape[self._time_axis] = count_windows(
            shape[self._time_axis], self.kernel_size, *self.place()
        )
        shape[3 - self._time_axis] *= self.depth_multiplier
        return tuple(shape)
