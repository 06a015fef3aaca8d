"""Noise in training, and nothing else: Gaussian, dropout of its kinds."""

import math
from typing import Any, Unpack

import numpy as np

from ...context import current
from ...rows import Rows
from ..base.arguments import LayerOptions
from ..base.checks import share
from ..base.elementwise import SameShape
from ..base.taped import map_values
from .places import DrawsAtPlaces, Places

# Of the activation selu: arXiv:1706.02515.
_LOWEST = -1.6732632423543772 * 1.0507009873554805


class _Noise(DrawsAtPlaces, SameShape):
    """A layer that hands on its inputs, and changes them at random in training.

    Notes
    -----
    A call takes and gives:

    inputs
        float32, any shape.
    training
        bool.
    returns
        The same shape.
    """

    supports_masking = True
    reads_masked = "own"

    def __init__(self, seed: int | None = None, **kwargs: Unpack[LayerOptions]):
        super().__init__(**kwargs)
        self.seed = seed

    def call(self, inputs: Any, training: bool = False) -> Any:
        noise = self.noise_for(inputs)
        if not (training or current().training):
            return inputs
        places = self.places_of(inputs, noise)
        return self.disturb_at(places, np.asarray(inputs, np.float32))

    def on_rows(self, rows: Rows) -> Rows:
        if not current().training:
            return rows
        places = self.places_of(rows, self.noise_for(rows))
        return rows.with_values(self.disturb_at(places, np.asarray(rows.values, np.float32)))

    def on_tape(self, tape: Any, inputs: Any) -> Any:
        if not current().training:
            return inputs
        places = self.places_of(inputs.value, self.noise_for(inputs))
        return map_values(
            inputs, lambda x: self.disturb_at(places, x), lambda d: self.gradient_at(places, d)
        )

    def noise_for(self, x: Any) -> Any:
        """The noise shape for inputs like x, or None."""
        return None

    def disturb_at(self, places: Places, x: np.ndarray) -> np.ndarray:
        """x in training, with the draws of `places`."""
        raise NotImplementedError

    def gradient_at(self, places: Places, d: np.ndarray) -> np.ndarray:
        """The gradient of x from that of `disturb_at`, which is linear in x by default."""
        return self.disturb_at(places, d)


class _Rate(_Noise):
    """Noise of which `rate`, from 0 to 1, tells the share."""

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Unpack[LayerOptions]):
        super().__init__(seed, **kwargs)
        self.rate = share(rate, f"{type(self).__name__}: rate")


class GaussianNoise(_Noise):
    """In training inputs + normal noise of `stddev`.

    Parameters
    ----------
    stddev : float
        Standard deviation.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `stddev` is not between 0 and 1, as in Keras.

    See Also
    --------
    GaussianDropout, Dropout

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers of any shape.
    training
        bool.
    returns
        float32 in training, the same shape. The mask goes on.

    Source: keras.layers.GaussianNoise.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layer = layers.GaussianNoise(0.1, seed=1)
    >>> layer(np.ones((2, 3, 4)), training=True).shape
    (2, 3, 4)
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Unpack[LayerOptions]):
        super().__init__(seed, **kwargs)
        self.stddev = share(stddev, "GaussianNoise: stddev")

    def disturb_at(self, places: Places, x: np.ndarray) -> np.ndarray:
        return x + np.float32(self.stddev) * places.normal(x)

    def gradient_at(self, places: Places, d: np.ndarray) -> np.ndarray:
        return d


class GaussianDropout(_Rate):
    """In training inputs times normal noise of mean 1 and variance rate / (1 - rate).

    Parameters
    ----------
    rate : float
        Between 0 and 1: the noise has the variance rate / (1 - rate).
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `rate` is not between 0 and 1, or 1.

    See Also
    --------
    Dropout, GaussianNoise

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers of any shape.
    training
        bool.
    returns
        float32 in training, the same shape. The mask goes on.

    Source: keras.layers.GaussianDropout.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layer = layers.GaussianDropout(0.5, seed=1)
    >>> layer(np.ones((2, 3, 4)), training=True).shape
    (2, 3, 4)
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Unpack[LayerOptions]):
        super().__init__(rate, seed, **kwargs)
        if rate == 1:
            raise ValueError("GaussianDropout: rate must be below 1, got 1")

    def disturb_at(self, places: Places, x: np.ndarray) -> np.ndarray:
        return x * (1 + np.float32(math.sqrt(self.rate / (1 - self.rate))) * places.normal(x))


class AlphaDropout(_Rate):
    """In training a share `rate` of the inputs becomes selu's lowest value, mean and variance kept.

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
        If `rate` is not between 0 and 1.

    See Also
    --------
    Dropout, GaussianDropout

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers of any shape.
    training
        bool.
    returns
        float32 in training, the same shape. The mask goes on.

    Source: keras.layers.AlphaDropout.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layer = layers.AlphaDropout(0.5, seed=1)
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
        super().__init__(rate, seed, **kwargs)
        self.noise_shape = noise_shape

    def noise_for(self, x: Any) -> Any:
        return self.noise_shape

    def disturb_at(self, places: Places, x: np.ndarray) -> np.ndarray:
        if self.rate in (0, 1):
            return np.zeros_like(x) if self.rate else x
        a = self._factor()
        kept = np.where(places.kept(x, self.rate), x, np.float32(_LOWEST))
        return np.float32(a) * kept + np.float32(-a * _LOWEST * self.rate)

    def gradient_at(self, places: Places, d: np.ndarray) -> np.ndarray:
        if self.rate in (0, 1):
            return np.zeros_like(d) if self.rate else d
        factor = np.float32(self._factor())
        return np.where(places.kept(d, self.rate), factor * d, np.float32(0))

    def _factor(self) -> float:
        return 1 / math.sqrt((1 - self.rate) * (1 + self.rate * _LOWEST * _LOWEST))


class SpatialDropout1D(_Rate):
    """In training a share `rate` of the features is 0 in all steps of a sample, the rest scaled up.

    Parameters
    ----------
    rate : float
        Share that is dropped, between 0 and 1.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `rate` is not between 0 and 1. For inputs without three axes.

    See Also
    --------
    Dropout

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers (batch, time, features).
    training
        bool.
    returns
        float32 in training, the same shape. The mask goes on.

    Source: keras.layers.SpatialDropout1D.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layer = layers.SpatialDropout1D(0.5, seed=1)
    >>> layer(np.ones((2, 3, 4)), training=True).shape
    (2, 3, 4)
    """

    input_axes = "(batch, time, features)"

    def noise_for(self, x: Any) -> Any:
        if x.ndim != 3:
            raise ValueError(f"inputs must have 3 axes, got shape {x.shape}")
        return None, 1, None

    def disturb_at(self, places: Places, x: np.ndarray) -> np.ndarray:
        return np.zeros_like(x) if self.rate == 1 else places.dropped(x, self.rate)
