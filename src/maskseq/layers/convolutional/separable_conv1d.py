"""SeparableConv1D: each feature's own convolution over time, then one product for every step."""

from typing import Any, Unpack

import numpy as np

from ... import _kernels, activations, constraints, regularizers
from ...initializers import checked
from ...numerics.products import column_sums, outer, turned
from ...tape import Traced
from ..base.arguments import CommonOptions
from ..base.checks import channels_first, whole
from ..base.packing import KeepsPack
from ..base.taped import activated
from ..base.windows import (
    check_padding,
    convolve_channels_on_tape,
    count_windows,
)
from .shown_windows import OverShownWindows


class SeparableConv1D(KeepsPack, OverShownWindows):
    """A convolution of each feature, then a product of the results; masked steps take part.

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
    depth_multiplier : int, default 1
        Outputs for each feature.
    activation : str, callable or None, default None
        Name of an activation, or a function; None is the identity.
    use_bias : bool, default True
        Whether there is a bias.
    depthwise_initializer : str, dict or Initializer, default "glorot_uniform"
        First values of `depthwise_kernel`.
    pointwise_initializer : str, dict or Initializer, default "glorot_uniform"
        First values of `pointwise_kernel`.
    bias_initializer : str, dict or Initializer, default "zeros"
        First values of `bias`.
    depthwise_regularizer : str, dict, Regularizer or None, default None
        Penalty on `depthwise_kernel`, in training.
    pointwise_regularizer : str, dict, Regularizer or None, default None
        Penalty on `pointwise_kernel`, in training.
    bias_regularizer : str, dict, Regularizer or None, default None
        Penalty on `bias`, in training.
    activity_regularizer : str, dict, Regularizer or None, default None
        Penalty on the outputs, in training.
    depthwise_constraint : str, dict, Constraint or None, default None
        What training holds `depthwise_kernel` to.
    pointwise_constraint : str, dict, Constraint or None, default None
        What training holds `pointwise_kernel` to.
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
    DepthwiseConv1D, Conv1D

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, time, features).
    returns
        float32 (batch, windows, filters). The mask ends here.

    Weights: depthwise_kernel float32 (kernel_size, features, depth_multiplier), pointwise_kernel
    float32 (1, features * depth_multiplier, filters), bias float32 (filters,).

    Source: keras.layers.SeparableConv1D.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.SeparableConv1D(8, 3)(np.ones((2, 5, 4))).shape
    (2, 3, 8)
    """

    plain = True
    packed_names = ("pointwise_kernel", "bias")

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        strides: int = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Unpack[CommonOptions],
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = whole(filters, "filters")
        self.kernel_size = whole(kernel_size, "kernel_size")
        self.strides = whole(strides, "strides")
        self.padding = check_padding(padding)
        self.data_format = data_format
        self.dilation_rate = whole(dilation_rate, "dilation_rate")
        self.depth_multiplier = whole(depth_multiplier, "depth_multiplier")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.depthwise_initializer = checked(depthwise_initializer, "depthwise_initializer")
        self.pointwise_initializer = checked(pointwise_initializer, "pointwise_initializer")
        self.bias_initializer = checked(bias_initializer, "bias_initializer")
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.pointwise_constraint = constraints.get(pointwise_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._time_axis = 2 if channels_first(data_format) else 1

    def build(self, input_shape: Any) -> None:
        features = input_shape[3 - self._time_axis]
        depthwise = (self.kernel_size, features, self.depth_multiplier)
        pointwise = (1, features * self.depth_multiplier, self.filters)
        self.depthwise_kernel = self.add_named_weight("depthwise_kernel", depthwise, "depthwise")
        self.pointwise_kernel = self.add_named_weight("pointwise_kernel", pointwise, "pointwise")
        self.bias = self.add_named_weight("bias", (self.filters,)) if self.use_bias else None

    def at_windows(
        self, values: np.ndarray, windows: _kernels.Windows, activation: str
    ) -> np.ndarray:
        kernel, mixing = self.depthwise_kernel.value, self.packed()
        return _kernels.depthwise(values, kernel, None, windows, activation, mixing=mixing)

    def pack_weights(
        self, pointwise_kernel: np.ndarray, bias: np.ndarray | None
    ) -> _kernels.PackedDense:
        """The product's weights."""
        return _kernels.PackedDense(pointwise_kernel[0], bias)

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        x = tape.hold(inputs.swapaxes(self._time_axis, 1))
        middle = convolve_channels_on_tape(x, self.depthwise_kernel, *self.place())
        steps, kernel = middle.value, self.pointwise_kernel.value[0]
        flat = steps.reshape(-1, steps.shape[-1])
        z = _kernels.dense(flat, self.packed()).reshape(*steps.shape[:2], self.filters)

        def backward(d: np.ndarray, wanted: Any) -> list[Any]:
            dz = np.ascontiguousarray(d).reshape(-1, self.filters)
            return [
                turned(dz, kernel).reshape(steps.shape) if wanted[0] else None,
                outer(flat, dz)[None] if wanted[1] else None,
                column_sums(dz) if wanted[2] else None,
            ]

        made = tape.record(z, [middle, self.pointwise_kernel, self.bias], backward)
        return activated(self.activation, np.moveaxis(made, 1, self._time_axis))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        shape = list(input_shape)
        shape[self._time_axis] = count_windows(
            shape[self._time_axis], self.kernel_size, *self.place()
        )
        shape[3 - self._time_axis] = self.filters
        return tuple(shape)
