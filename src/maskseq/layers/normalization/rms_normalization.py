"""RMSNormalization: the features of every step over their root mean square."""

from typing import Any, Unpack

import numpy as np

from ...numerics import reductions
from ..base.arguments import LayerOptions
from ..base.checks import axes_from_the_end
from ..base.elementwise import SameShape
from .taped import normalized_on_tape


class RMSNormalization(SameShape):
    """x / sqrt(mean(x ** 2) + epsilon) * scale, along `axis`. The mask ends here, as in Keras.

    Parameters
    ----------
    axis : int or list of int, default -1
        One axis or several.
    epsilon : float, default 1e-06
        Small number that keeps divisions from dividing by 0.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        From a call with `axis` outside the inputs' axes, or named twice, and for inputs of other
        sizes along it than the first ones.

    See Also
    --------
    LayerNormalization : Takes the mean off and keeps the mask.
    UnitNormalization

    Notes
    -----
    A call takes and gives:

    inputs
        float32, any shape.
    returns
        The same shape.

    Weights: scale float32, the sizes of `axis`.

    Source: keras.layers.RMSNormalization.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.RMSNormalization()(np.ones((2, 3, 4))).shape
    (2, 3, 4)
    """

    input_axes = "(batch, ...)"
    plain = True

    def __init__(
        self, axis: int | list[int] = -1, epsilon: float = 1e-6, **kwargs: Unpack[LayerOptions]
    ):
        super().__init__(**kwargs)
        self.axis, self.epsilon = axis, epsilon

    def build(self, input_shape: Any) -> None:
        self._axes = axes_from_the_end(self.axis, len(input_shape))
        self.stepwise = all(len(input_shape) + axis >= 2 for axis in self._axes)
        shape = tuple(input_shape[axis] for axis in self._axes)
        self.scale = self.add_weight(shape, "ones", name="scale")

    def call(self, inputs: Any) -> np.ndarray:
        return reductions.normalized(inputs, self._axes, "rms", self.epsilon, self.scale.value)

    def on_tape(self, tape: Any, inputs: Any) -> Any:
        return normalized_on_tape(inputs, self.call, self._axes, "rms", self.epsilon, self.scale)
