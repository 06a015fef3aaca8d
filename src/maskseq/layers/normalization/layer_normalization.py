"""LayerNormalization: the features of every step with mean 0 and variance 1."""

from typing import Any

import numpy as np

from ... import reductions
from ..base.checks import axes_from_the_end
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
        weights = (None if w is None else w.value for w in (self.gamma, self.beta))
        norm = "scaled" if self.rms_scaling else "layer"
        return reductions.normalized(inputs, self._axes, norm, self.epsilon, *weights)

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
