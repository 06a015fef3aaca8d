"""Activation: a function on every number, or on the features of every step."""

from typing import Any, Unpack

from ... import activations
from ...tape import Traced
from ..base.arguments import LayerOptions
from ..base.elementwise import Elementwise
from ..base.taped import activation_on_tape


class Activation(Elementwise):
    """Apply an activation, given by name or as a function of arrays. It does not see the mask.

    Parameters
    ----------
    activation : str or callable
        Name of an activation, or a function of arrays.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If there is no activation of that name; it lists those there are.

    See Also
    --------
    Softmax, ReLU, Lambda

    Notes
    -----
    A call takes and gives:

    inputs
        float32, any shape.
    returns
        The same shape.

    Source: keras.layers.Activation.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Activation("relu")(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
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
