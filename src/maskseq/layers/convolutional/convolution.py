"""What convolutions over time share: the kernel, and its product with windows of steps."""

from typing import Any, Unpack

import numpy as np

from ... import _kernels, activations, constraints, regularizers
from ...initializers import checked
from ...numerics.quantized import columns, packable
from ..base.arguments import CommonOptions
from ..base.checks import whole
from ..base.packing import PackingLayer
from ..base.windows import check_padding, count_windows


class Convolution(PackingLayer):
    """Base of Conv1D and MaskedConv1D: activation(sum over a window of step @ kernel[j] + bias).

    Parameters
    ----------
    filters : int
        Output features.
    kernel_size : int
        Steps in a window.
    strides : int, default 1
        Steps from one window to the next.
    padding : str, default "valid"
        "valid", "same" or "causal".
    dilation_rate : int, default 1
        Steps from one tap of the window to the next.
    groups : int, default 1
        The features, and the filters, in as many parts.

    Notes
    -----
    Weights: kernel float32 (kernel_size, features / groups, filters), bias float32 (filters,).
    """

    quantizes = {"kernel": 2}

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        strides: int = 1,
        padding: str = "valid",
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
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = whole(filters, "filters")
        self.kernel_size = whole(kernel_size, "kernel_size")
        self.strides = whole(strides, "strides")
        self.padding = check_padding(padding, ("valid", "same", "causal"))
        self.dilation_rate = whole(dilation_rate, "dilation_rate")
        self.groups = whole(groups, "groups")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = checked(kernel_initializer, "kernel_initializer")
        self.bias_initializer = checked(bias_initializer, "bias_initializer")
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        if self.filters % self.groups:
            raise ValueError(f"filters must divide by groups, got {filters} and {groups}")
        if self.strides > 1 and self.dilation_rate > 1:
            raise ValueError("strides and dilation_rate cannot both be above 1")

    def make_weights(self, features: int | None) -> None:
        """Make the kernel and the bias for steps of `features` numbers."""
        if features is None or features % self.groups:
            raise ValueError(f"inputs must have features that divide by {self.groups} groups")
        shape = (self.kernel_size, features // self.groups, self.filters)
        self.kernel = self.add_named_weight("kernel", shape)
        self.bias = self.add_named_weight("bias", (self.filters,)) if self.use_bias else None

    def convolve(
        self,
        x: np.ndarray,
        windows: _kernels.Windows,
        activation: str | None = None,
        out: np.ndarray | None = None,
    ) -> np.ndarray:
        """Windows of x (rows, features) -> (n, filters), bias and activation included."""
        fused = activation or activations.kernel_name(self.activation)
        y = _kernels.convolve(x, self.packed(), windows, fused or "linear", out=out)
        return y if fused else self.activation(y)

    def pack_weights(self, kernel: Any, bias: np.ndarray | None) -> list[_kernels.PackedDense]:
        """The matrix of each group."""
        units, flat = self.filters // self.groups, packable(kernel, 2)
        if type(flat) is not tuple:
            flat = flat.reshape(-1, self.filters)
        made = []
        for i in range(self.groups):
            part = slice(i * units, (i + 1) * units)
            matrix = columns(flat, part)
            made.append(_kernels.PackedDense(matrix, None if bias is None else bias[part]))
        return made

    def steps(self, time: int | None) -> int | None:
        """The number of output steps of `time` steps."""
        return count_windows(time, self.kernel_size, self.strides, self.padding, self.dilation_rate)
