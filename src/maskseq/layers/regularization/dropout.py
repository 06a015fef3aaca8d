"""Dropout: the identity, except in training."""

from typing import Any, Unpack

import numpy as np

from ...context import current
from ...rows import Rows
from ..base.arguments import LayerOptions
from ..base.elementwise import Elementwise
from ..base.taped import map_values
from .places import DrawsAtPlaces


class Dropout(DrawsAtPlaces, Elementwise):
    """Set a share `rate` of the inputs to 0 and scale up the rest, in training only.

    Parameters
    ----------
    rate : float
        Share that is dropped, between 0 and 1.
    noise_shape : tuple of int, optional
        Shape of the draws, with 1 along axes that share them; by default that of the inputs.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `rate` is not between 0 and 1; in training if `noise_shape` does not fit the inputs.

    See Also
    --------
    SpatialDropout1D, GaussianDropout, AlphaDropout

    Notes
    -----
    A call takes and gives:

    inputs
        float32, any shape.
    training
        bool.
    returns
        The same shape.

    Source: keras.layers.Dropout.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layer = layers.Dropout(0.5, seed=1)
    >>> layer(np.ones((2, 3, 4)), training=True).shape
    (2, 3, 4)
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
        if self.rate == 1:
            return np.zeros_like(inputs)
        places = self.places_of(inputs, self.noise_shape)
        return places.dropped(np.asarray(inputs, np.float32), self.rate)

    def on_rows(self, rows: Rows) -> Rows:
        if not current().training or self.rate == 0:
            return rows
        if self.rate == 1:
            return rows.with_values(np.zeros_like(rows.values))
        places = self.places_of(rows, self.noise_shape)
        return rows.with_values(places.dropped(rows.values, self.rate))

    def on_tape(self, tape: Any, inputs: Any) -> Any:
        if not current().training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return map_values(inputs, np.zeros_like, lambda d: np.zeros_like(d))
        places = self.places_of(inputs.value, self.noise_shape)
        change = lambda x: places.dropped(x, self.rate)  # noqa: E731
        return map_values(inputs, change, change)
