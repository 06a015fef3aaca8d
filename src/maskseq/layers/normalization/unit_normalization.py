"""UnitNormalization: the features of every step with length 1."""

from typing import Any, Unpack

import numpy as np

from ...numerics import reductions
from ..base.arguments import LayerOptions
from ..base.checks import axes_from_the_end
from ..base.elementwise import SameShape
from ..base.masks import OVER_STEPS
from .taped import normalized_on_tape


class UnitNormalization(SameShape):
    """x over its length along `axis`; zeros stay zeros.

    Parameters
    ----------
    axis : int or list of int, default -1
        One axis or several.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        From a call with `axis` outside the inputs' axes, or named twice.

    See Also
    --------
    RMSNormalization, LayerNormalization

    Notes
    -----
    A call takes and gives:

    inputs
        float32, any shape.
    returns
        The same shape.

    Source: keras.layers.UnitNormalization.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> print(layers.UnitNormalization()(np.array([[3.0, 4.0]])).round(2))
    [[0.6 0.8]]
    """

    input_axes = "(batch, ...)"
    supports_masking = True
    plain = True

    def __init__(self, axis: int | list[int] = -1, **kwargs: Unpack[LayerOptions]):
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        self._axes = axes_from_the_end(self.axis, len(input_shape))
        self.stepwise = all(len(input_shape) + axis >= 2 for axis in self._axes)
        self.reads_masked = "own" if self.stepwise else "all"
        self.depends_on_padding = None if self.stepwise else OVER_STEPS

    def call(self, inputs: Any) -> np.ndarray:
        return reductions.unit(inputs, self._axes, 1e-12)

    def on_tape(self, tape: Any, inputs: Any) -> Any:
        return normalized_on_tape(inputs, self.call, self._axes, "unit", 1e-12)
