"""Dropout: the identity, except in training."""

from typing import Any, Unpack

import numpy as np

from ...context import current
from ..base.arguments import LayerOptions
from ..base.elementwise import Elementwise
from ..base.taped import map_values
from .places import Drawing


class Dropout(Drawing, Elementwise):
    """Set a share `rate` of the inputs to 0 and scale up the rest, in training only.

    Call arguments: inputs: float32, any shape.  training: bool.  Returns: the same shape.
    Source: keras.layers.Dropout.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Any = None,
        seed: int | None = None,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        if not 0 <= rate <= 1:
            raise ValueError(f"Dropout: rate must be between 0 and 1, got {rate!r}")
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not (training or current().training) or self.rate == 0:
            return inputs
        shape = inputs.shape
        if self.noise_shape is not None:
            shape = [
                n if wanted is None else wanted
                for n, wanted in zip(shape, self.noise_shape, strict=True)
            ]
        if self.rate == 1:
            return np.zeros_like(inputs)
        keep = self._rng.random(shape, np.float32) >= self.rate
        return np.where(keep, inputs / np.float32(1 - self.rate), np.float32(0))

    def on_tape(self, tape: Any, inputs: Any) -> Any:
        if not current().training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return map_values(inputs, np.zeros_like, lambda d: np.zeros_like(d))
        places = self.places_of(inputs.value, self.noise_shape)
        change = lambda x: places.dropped(x, self.rate)  # noqa: E731
        return map_values(inputs, change, change)
