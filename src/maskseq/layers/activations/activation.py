"""Activation: a function on every number, or on the features of every step."""

from typing import Any, Unpack

from ... import activations
from ...tape import Traced
from ..base.arguments import LayerOptions
from ..base.elementwise import Elementwise
from ..base.taped import activation_on_tape


class Activation(Elementwise):
    """Apply an activation, given by name or as a function of arrays. It does not see the mask.

    Call arguments: inputs: float32, any shape.  Returns: the same shape.
    Source: keras.layers.Activation.
    """

    traceable = True

    def __init__(self, activation: Any, **kwargs: Unpack[LayerOptions]):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.mixes_features = self.activation in activations.OF_FEATURES

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        return activation_on_tape(self.activation, inputs)
