"""Wrapper: the base of layers that hold another layer."""

from typing import Any, Unpack

from .arguments import LayerOptions
from .layer import Layer
from .weights import overridable


class Wrapper(Layer):
    """A base for layers of your own that hold another layer, as TimeDistributed does.

    It builds `layer`, and keeps it in configs and files; its weights are among those of the
    wrapper. A subclass writes `call`, and `build` and `compute_output_shape` where `layer` sees
    other shapes than the wrapper. As of any layer, the mask ends here unless `supports_masking` or
    `compute_mask` says otherwise; `layer`, when it is called, sees the mask that its input carries.

    Parameters
    ----------
    layer : Layer
        The layer to wrap, kept as the attribute `layer`.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `layer` is no Layer. From `build`, what that of `layer` raises.
    NotImplementedError
        From a call, if the class has no `call`.

    See Also
    --------
    TimeDistributed, SpectralNormalization

    Notes
    -----
    Source: keras.layers.Wrapper.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> class Residual(layers.Wrapper):
    ...     def call(self, inputs):
    ...         return inputs + self.layer(inputs)
    >>> Residual(layers.Dense(4))(np.ones((2, 3, 4))).shape
    (2, 3, 4)
    """

    def __init__(self, layer: Layer, **kwargs: Unpack[LayerOptions]):
        if not isinstance(layer, Layer):
            raise ValueError(f"{type(self).__name__}: layer must be a Layer, got {layer!r}")
        super().__init__(**kwargs)
        self.layer = layer

    @overridable
    def build(self, input_shape: Any) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
