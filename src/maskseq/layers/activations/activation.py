"""Activation: a function on every number, or on the features of every step."""

from typing import Any

from ... import activations
from ..base.layer import Layer


class Activation(Layer):
    """Apply an activation, given by name or as a function of arrays. It does not see the mask.

    Call arguments: inputs: float32, any shape.  Returns: the same shape.
    Source: keras.layers.Activation.
    """

    supports_masking = True
    stepwise = True
    plain = True

    def __init__(self, activation: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.mixes_features = self.activation in activations.OF_FEATURES

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}
