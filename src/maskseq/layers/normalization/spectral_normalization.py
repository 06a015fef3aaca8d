"""SpectralNormalization: a layer whose kernel training keeps at a spectral norm of about 1."""

import math
from typing import Any, Unpack

import numpy as np

from ... import ops
from ...context import current
from ...rows import Rows
from ...tape import padded
from ...variable import publish
from ..base.arguments import LayerOptions
from ..base.checks import whole
from ..base.layer import Layer
from ..base.wrapper import Wrapper

_EPSILON = 1e-7  # keras.config.epsilon()


class SpectralNormalization(Wrapper):
    """The answer of `layer`; in training, its kernel is first divided by its spectral norm.

    The norm, the largest singular value of the kernel as a matrix of its last axis, is estimated by
    `power_iterations` steps a call, which go on where the call before stopped.

    Call arguments, masks: those of `layer`.

    Parameters
    ----------
    layer : Layer
        One that has a `kernel` or `embeddings`.
    power_iterations : int, default 1
        Steps of the estimate in each call.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `layer` is no Layer or `power_iterations` not a positive int; from the first call if
        `layer` has neither a kernel nor embeddings.

    See Also
    --------
    BatchNormalization, UnitNormalization

    Notes
    -----
    Weights: vector_u float32 (1, last axis of the kernel), and those of `layer`.

    Source: keras.layers.SpectralNormalization; Miyato et al. 2018, arXiv:1802.05957.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.SpectralNormalization(layers.Dense(8))(np.ones((2, 4))).shape
    (2, 8)
    """

    def __init__(
        self,
        layer: Layer,
        power_iterations: int = 1,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(layer, **kwargs)
        self.power_iterations = whole(power_iterations, "SpectralNormalization: power_iterations")
        self.supports_masking, self.reads_masked = layer.supports_masking, layer.reads_masked

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        kernel = getattr(self.layer, "kernel", getattr(self.layer, "embeddings", None))
        if kernel is None:
            raise ValueError(f"layer must have a kernel or embeddings, got {self.layer!r}")
        self.kernel = kernel
        self._own_variables.append(kernel)  # Keras counts it among the weights of both
        first = {"class_name": "TruncatedNormal", "config": {"stddev": 0.02}}
        self.vector_u = self.add_weight(
            (1, kernel.shape[-1]), first, trainable=False, name="vector_u"
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training or current().training:
            self._normalize()
        return self.layer(inputs)

    def on_rows(self, rows: Rows) -> Any:
        if current().training:
            self._normalize()
        return self.layer.apply(rows)

    def on_tape(self, tape: Any, inputs: Any) -> Any:
        """The gradient is that of the kernel as it is after the division, as with TensorFlow."""
        if current().training:
            self._normalize()
        outputs = self.layer.apply(inputs)
        return outputs if type(inputs.value) is Rows else padded(outputs)

    def _normalize(self) -> None:
        """Divide the kernel by its spectral norm as known after some more iterations."""
        kernel, u = self.kernel.value, self.vector_u.value
        if not kernel.any():
            return
        weights = kernel.reshape(-1, kernel.shape[-1])
        v = u
        for _ in range(self.power_iterations):
            v = _unit(ops.matmul(u, weights.T))
            u = _unit(ops.matmul(v, weights))
        sigma = ops.matmul(ops.matmul(v, weights), u.T)
        publish([self.vector_u, self.kernel], [u, kernel / np.asarray(sigma).item()])

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return self.layer.compute_mask(inputs, previous_mask)

    @property
    def mask_role(self) -> str:
        return self.layer.mask_role

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.layer.compute_output_shape(input_shape)

    def compute_output_dtype(self, inputs: Any) -> str:
        return self.layer.compute_output_dtype(inputs)


def _unit(x: Any) -> np.ndarray:
    """x divided by its length, summed exactly."""
    x = np.asarray(x, np.float64)
    length = math.sqrt(math.fsum(np.square(x).ravel()))
    return (x / max(length, _EPSILON)).astype(np.float32)
