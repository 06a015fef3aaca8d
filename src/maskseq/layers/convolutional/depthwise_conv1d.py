"""DepthwiseConv1D: a convolution over time of each feature by itself."""

from typing import Any

import numpy as np

from ... import activations
from ..base.checks import channels_first, whole
from ..base.layer import Layer
from ..base.windows import check_padding, convolve_channels, count_windows, windows_of


class DepthwiseConv1D(Layer):
    """`depth_multiplier` convolutions of every feature; masked steps take part, the mask ends here.

    Weights: kernel float32 (kernel_size, features, depth_multiplier), bias float32 (features *
        depth_multiplier,).
    Call arguments: inputs: float32 (batch, time, features).
    Returns: float32 (batch, windows, features * depth_multiplier).
    Source: keras.layers.DepthwiseConv1D.
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
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.kernel_size = whole(kernel_size, "kernel_size")
        self.strides = whole(strides, "strides")
        self.padding = check_padding(padding)
        self.depth_multiplier = whole(depth_multiplier, "depth_multiplier")
        self.data_format = data_format
        self.dilation_rate = whole(dilation_rate, "dilation_rate")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.depthwise_initializer = depthwise_initializer
        self.bias_initializer = bias_initializer
        self._time_axis = 2 if channels_first(data_format) else 1

    def _window(self) -> tuple[int, int, str, int]:
        return self.kernel_size, self.strides, self.padding, self.dilation_rate

    def build(self, input_shape: Any) -> None:
        features = input_shape[3 - self._time_axis]
        shape = (self.kernel_size, features, self.depth_multiplier)
        self.kernel = self.add_weight(shape, self.depthwise_initializer, name="kernel")
        self.bias = (
            self.add_weight((features * shape[2],), self.bias_initializer, name="bias")
            if self.use_bias
            else None
        )

    def call(self, inputs: Any) -> np.ndarray:
        x = np.moveaxis(np.asarray(inputs, np.float32), self._time_axis, 1)
        outputs = convolve_channels(windows_of(x, *self._window()), self.kernel.value)
        if self.use_bias:
            outputs += self.bias.value
        return np.moveaxis(self.activation(outputs), 1, self._time_axis)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        shape = list(input_shape)
        shape[self._time_axis] = count_windows(shape[self._time_axis], *self._window())
        shape[3 - self._time_axis] *= self.depth_multiplier
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "depth_multiplier": self.depth_multiplier,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "depthwise_initializer": self.depthwise_initializer,
            "bias_initializer": self.bias_initializer,
        }
