"""Dense: one matrix product and an activation for every step."""

from typing import Any

import numpy as np

from ... import _kernels, activations
from ..base.packing import PackingLayer


class Dense(PackingLayer):
    """activation(inputs @ kernel + bias), along the last axis.

    Arguments: units: output features.  activation: name or function.  use_bias: bool.
    Weights: kernel float32 (features, units), bias float32 (units,).
    Call arguments: inputs: float32 (..., features).  Returns: float32 (..., units).
    Source: keras.layers.Dense.
    """

    supports_masking = True
    stepwise = True
    plain = True
    mixes_features = True

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if not isinstance(units, (int, np.integer)) or units <= 0:
            raise ValueError(f"Dense: units must be a positive int, got {units!r}")
        self.units, self.use_bias = int(units), use_bias
        self.activation = activations.get(activation)
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape: Any) -> None:
        features = input_shape[-1] if input_shape else None
        if not features:
            raise ValueError(
                f"inputs must have a known number of features (last axis), got shape {input_shape}"
            )
        self.kernel = self.add_weight(
            (features, self.units), self.kernel_initializer, name="kernel"
        )
        self.bias = (
            self.add_weight((self.units,), self.bias_initializer, name="bias")
            if self.use_bias
            else None
        )

    def call(self, inputs: Any) -> np.ndarray:
        x = np.asarray(inputs, np.float32)
        if x.ndim < 1 or x.shape[-1] != self.kernel.shape[0]:
            raise ValueError(
                f"inputs must have {self.kernel.shape[0]} features (last axis), got shape {x.shape}"
            )
        fused = activations.kernel_name(self.activation)
        rows = x if x.ndim == 2 else x.reshape(-1, x.shape[-1])
        y = _kernels.dense(rows, self.packed(), activation=fused or "linear")
        y = y if x.ndim == 2 else y.reshape(*x.shape[:-1], self.units)
        return y if fused else self.activation(y)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer,
        }
