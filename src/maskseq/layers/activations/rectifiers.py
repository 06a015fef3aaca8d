"""ReLU, LeakyReLU, PReLU and ELU: straight above 0, and in four ways less so below."""

from typing import Any

import numpy as np

from ... import _kernels, activations
from ..base.layer import Layer


class _Rectifier(Layer):
    """Call arguments: inputs: float32, any shape.  Returns: the same shape."""

    supports_masking = True

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return tuple(input_shape)


def _not_negative(value: Any, name: str) -> float:
    if value is None or value < 0:
        raise ValueError(f"{name} must not be negative, got {value!r}")
    return value


class ReLU(_Rectifier):
    """x above `threshold`, at most `max_value`; below it negative_slope * (x - threshold).

    Source: keras.layers.ReLU.
    """

    stepwise = True
    plain = True

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else _not_negative(max_value, "max_value")
        self.negative_slope = _not_negative(negative_slope, "negative_slope")
        self.threshold = _not_negative(threshold, "threshold")

    def call(self, inputs: Any) -> np.ndarray:
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


class LeakyReLU(_Rectifier):
    """x, and negative_slope * x below 0. Source: keras.layers.LeakyReLU."""

    stepwise = True
    plain = True

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any):
        slope = kwargs.pop("alpha", negative_slope)  # its name in Keras 2
        super().__init__(**kwargs)
        self.negative_slope = _not_negative(slope, "negative_slope")

    def call(self, inputs: Any) -> np.ndarray:
        return activations.leaky_relu(inputs, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ELU(_Rectifier):
    """x, and alpha * (e ** x - 1) below 0. Source: keras.layers.ELU."""

    stepwise = True
    plain = True

    def __init__(self, alpha: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Any) -> np.ndarray:
        return activations.elu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


class ThresholdedReLU(_Rectifier):
    """x above `theta`, else 0. Source: keras.layers.ThresholdedReLU of Keras 2."""

    stepwise = True
    plain = True

    def __init__(
        self,
        theta: float = 1.0,
        *,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ):
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.theta = float(_not_negative(theta, "ThresholdedReLU: theta"))

    def call(self, inputs: Any) -> np.ndarray:
        x = np.asarray(inputs, np.float32)
        return x * (x > np.float32(self.theta))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "theta": self.theta}


class PReLU(_Rectifier):
    """x, and alpha * x below 0, with an alpha learnt for each number of a sample.

    Arguments: shared_axes: axes (1 = time) along which there is one alpha.
    Weights: alpha float32, the shape of a sample, 1 along the shared axes.
    Source: keras.layers.PReLU.
    """

    plain = True

    def __init__(self, alpha_initializer: Any = "zeros", shared_axes: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.alpha_initializer = alpha_initializer
        axes = shared_axes if isinstance(shared_axes, (list, tuple)) else [shared_axes]
        self.shared_axes = None if shared_axes is None else list(axes)

    def build(self, input_shape: Any) -> None:
        shape = list(input_shape[1:])
        for axis in self.shared_axes or []:
            shape[axis - 1] = 1
        if None in shape:
            raise ValueError(f"shared_axes must have the axes of unknown size, got {input_shape}")
        self.alpha = self.add_weight(tuple(shape), self.alpha_initializer, name="alpha")
        self.stepwise = len(shape) > 1 and shape[0] == 1
        self.reads_masked = "own" if self.stepwise else "all"

    def call(self, inputs: Any) -> np.ndarray:
        x, alpha = np.asarray(inputs, np.float32), self.alpha.value
        if alpha.size == 1:
            return activations.leaky_relu(x, alpha.item())
        last = alpha.ndim - next(i for i, n in enumerate(alpha.shape) if n != 1)
        if alpha.shape[-last:] == x.shape[-last:]:  # an alpha for each number of the last axes
            return _kernels.prelu(x, alpha.reshape(-1))
        return np.where(x < 0, alpha * x, x)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "alpha_initializer": self.alpha_initializer,
            "shared_axes": self.shared_axes,
        }
