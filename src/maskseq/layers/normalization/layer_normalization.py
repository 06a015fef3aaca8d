"""LayerNormalization: the features of every step with mean 0 and variance 1."""

from typing import Any

import numpy as np

from ..base.checks import axes_from_the_end, spread
from ..base.layer import Layer


class LayerNormalization(Layer):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, along `axis`.

    Arguments: axis: one or several; epsilon; center: add beta; scale: multiply by gamma;
        rms_scaling: divide only, without taking the mean off, and without beta (out of use).
    Weights: gamma and beta, float32, the sizes of `axis`.
    Call arguments: inputs: float32, any shape.  Returns: the same shape.
    Source: keras.layers.LayerNormalization.
    """

    supports_masking = True
    plain = True

    def __init__(
        self,
        axis: int | list[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        rms_scaling: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.axis, self.epsilon = axis, epsilon
        self.center, self.scale, self.rms_scaling = center, scale, rms_scaling
        self.beta_initializer, self.gamma_initializer = beta_initializer, gamma_initializer

    def build(self, input_shape: Any) -> None:
        self._axes = axes_from_the_end(self.axis, len(input_shape))
        self.stepwise = all(len(input_shape) + axis >= 2 for axis in self._axes)
        self.reads_masked = "own" if self.stepwise else "all"
        shape = tuple(input_shape[axis] for axis in self._axes)
        self.gamma = self.beta = None
        if self.scale or self.rms_scaling:
            self.gamma = self.add_weight(shape, self.gamma_initializer, name="gamma")
        if self.center and not self.rms_scaling:
            self.beta = self.add_weight(shape, self.beta_initializer, name="beta")

    def call(self, inputs: Any) -> np.ndarray:
        x = np.asarray(inputs, np.float32, order="C")
        centred = x - np.mean(x, axis=self._axes, keepdims=True)
        variance = np.mean(np.square(centred), axis=self._axes, keepdims=True)
        y = x if self.rms_scaling else centred
        y = y / np.sqrt(variance + np.float32(self.epsilon))
        if self.gamma is not None:
            y *= spread(self.gamma.value, self._axes, x)
        if self.beta is not None:
            y += spread(self.beta.value, self._axes, x)
        return y

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "rms_scaling": self.rms_scaling,
            "beta_initializer": self.beta_initializer,
            "gamma_initializer": self.gamma_initializer,
        }
