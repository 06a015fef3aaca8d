"""Normalization: inputs shifted and scaled by a mean and a variance that were given or learnt."""

import math
from collections.abc import Iterable
from typing import Any, Unpack

import numpy as np

from ...given import as_array
from ...rows import Rows
from ...tape import Traced
from ...variable import publish
from ..base.arguments import LayerOptions
from ..base.checks import axes_from_the_end, numbers, spread
from ..base.one_tensor import OneTensor
from ..base.taped import map_steps

_EPSILON = np.float32(1e-7)  # keras.config.epsilon()


class Normalization(OneTensor):
    """(inputs - mean) / sqrt(variance), for each index of the axes that are kept.

    Parameters
    ----------
    axis : int, default -1
        The axis or axes that have a mean and a variance for each index; None: one for all.
    mean : array_like, optional
        Numbers, or arrays that broadcast to the kept axes; both or neither. If neither, `adapt`
        learns them.
    variance : array_like, optional
        Given together with `mean`, or not at all.
    invert : bool, default False
        Undo a normalization: inputs * sqrt(variance) + mean.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If only one of `mean` and `variance` is given. From `adapt` if they are; from a call on
        other sizes along `axis` than were learnt.

    See Also
    --------
    BatchNormalization : Learns while it trains.
    Rescaling, Discretization

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers of any shape.
    returns
        float32, the same shape.

    Weights (without `mean`): mean, variance float32, the sizes of the kept axes; count int32 (),
    which nothing reads, as in Keras.

    Source: keras.layers.Normalization.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layer = layers.Normalization()
    >>> layer.adapt(np.array([[1.0], [3.0]]))
    >>> layer(np.array([[3.0]])).tolist()
    [[1.0]]
    """

    input_axes = "(batch, ...)"
    supports_masking = True
    reads_masked = "own"

    def __init__(
        self,
        axis: Any = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        axes = () if axis is None else axis if isinstance(axis, (list, tuple)) else (axis,)
        if not all(isinstance(a, (int, np.integer)) and not isinstance(a, bool) for a in axes):
            raise ValueError(f"Normalization: axis must be an int, ints or None, got {axis!r}")
        self.axis = tuple(int(a) for a in axes)
        self.invert = bool(invert)
        self.input_mean, self.input_variance = _given(mean, variance, len(self.axis))

    def build(self, input_shape: Any) -> None:
        self._axes = self._from_the_end(len(input_shape))
        shape = tuple(input_shape[axis] for axis in self._axes)
        if None in shape:
            raise ValueError(f"axis must be of known size, got {self.axis} of {input_shape}")
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(shape, "zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(shape, "ones", trainable=False, name="variance")
            self.count = self.add_weight((), "zeros", "int32", trainable=False, name="count")
        elif np.broadcast_shapes(np.shape(self.input_mean), shape) != shape:
            raise ValueError(
                f"mean must broadcast to the kept axes {shape}, got shape "
                f"{np.shape(self.input_mean)}"
            )
        self._kept = shape

    def _from_the_end(self, ndim: int) -> tuple[int, ...]:
        return tuple(sorted(axes_from_the_end(self.axis, ndim)))

    @property
    def mean(self) -> np.ndarray:
        """The mean in use, float32, the sizes of the kept axes."""
        return self._moment(self.input_mean, "adapt_mean")

    @property
    def variance(self) -> np.ndarray:
        """The variance in use, float32, the sizes of the kept axes."""
        return self._moment(self.input_variance, "adapt_variance")

    def _moment(self, given: Any, weight: str) -> np.ndarray:
        if given is None:
            return getattr(self, weight).value
        return np.broadcast_to(np.asarray(given, np.float32), self._kept)

    def call(self, inputs: Any) -> np.ndarray:
        x = np.asarray(inputs, np.float32)
        mean = spread(self.mean, self._axes, x)
        deviation = self._deviation(x)
        return mean + x * deviation if self.invert else (x - mean) / deviation

    def _deviation(self, x: np.ndarray) -> np.ndarray:
        return spread(np.maximum(np.sqrt(self.variance), _EPSILON), self._axes, x)

    def on_rows(self, rows: Rows) -> Any:
        if any(rows.ndim + axis < 2 for axis in self._axes):
            return NotImplemented  # time is one of the axes
        return rows.with_values(self.call(rows.values))

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        """The mean and the variance are learnt by `adapt` only."""
        if type(inputs.value) is Rows and any(inputs.ndim + axis < 2 for axis in self._axes):
            return NotImplemented

        def gradient(d: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
            deviation = self._deviation(x)
            return d * deviation if self.invert else d / deviation

        return map_steps(inputs, self.call, gradient)

    def adapt(self, data: Any) -> None:
        """Take the mean and the variance of `data`; every sum is exact, so order does not matter.

        Parameters
        ----------
        data : array_like, Ragged or iterable of array_like
            Numbers, or batches of them. Of a batch that is a tuple, the first item counts.

        Raises
        ------
        ValueError
            If the data is empty, or does not have the sizes the layer was built for.
        """
        if self.input_mean is not None:
            raise ValueError("Normalization: adapt needs a layer without mean and variance")
        batches = list(_batches(data))
        if not self.built and batches:
            self.build(batches[0].shape)
        columns = [self._columns(batch) for batch in batches]
        values = np.concatenate(columns) if columns else np.empty((0, 0))
        if not len(values):
            raise ValueError("Normalization: data must hold values to adapt to, got none")
        mean = np.array([math.fsum(column) / len(column) for column in values.T])
        squares = np.square(values - mean)
        variance = np.array([math.fsum(column) / len(column) for column in squares.T])
        adapted = mean.reshape(self._kept), variance.reshape(self._kept)
        publish([self.adapt_mean, self.adapt_variance], adapted)

    def _columns(self, batch: np.ndarray) -> np.ndarray:
        """A batch as float64 (values, kept): a column for each index of the kept axes."""
        axes = self._from_the_end(batch.ndim)
        sizes = tuple(batch.shape[axis] for axis in axes)
        if sizes != self._kept:
            raise ValueError(
                f"Normalization: data must have the sizes {self._kept} on axis {self.axis}, "
                f"got shape {batch.shape}"
            )
        last = range(-len(axes), 0)
        moved = np.moveaxis(batch.astype(np.float64), axes, tuple(last))
        return moved.reshape(-1, math.prod(self._kept))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "mean": self.input_mean,
            "variance": self.input_variance,
            "invert": self.invert,
        }


def _given(mean: Any, variance: Any, axes: int) -> tuple[Any, Any]:
    """mean and variance as numbers or lists; None for both if neither is given."""
    if (mean is None) != (variance is None):
        raise ValueError(
            f"Normalization: mean and variance must be given together, got mean={mean!r} and "
            f"variance={variance!r}"
        )
    if mean is None:
        return None, None
    mean, variance = (
        numbers(value, f"Normalization: {argument}")
        for argument, value in (("mean", mean), ("variance", variance))
    )
    if mean.shape != variance.shape or mean.ndim > axes:
        if mean.ndim or variance.ndim:
            raise ValueError(
                f"Normalization: mean and variance must have one shape, of at most {axes} axes, "
                f"got {mean.shape} and {variance.shape}"
            )
    return mean.tolist(), variance.tolist()


def _batches(data: Any) -> Iterable[np.ndarray]:
    """`data` as arrays of numbers."""
    if isinstance(data, np.ndarray) or hasattr(data, "offsets"):
        data = [getattr(data, "values", data)]
    elif isinstance(data, (list, tuple)) and data and not hasattr(_first(data), "shape"):
        data = [as_array(data, "data")]  # numbers in lists
    elif not isinstance(data, Iterable):
        raise TypeError(f"Normalization: data must be an array or batches, got {data!r}")
    for batch in data:
        batch = batch[0] if isinstance(batch, tuple) else batch
        if isinstance(batch, np.ma.MaskedArray):
            raise TypeError("Normalization: data must be plain arrays, got a numpy.ma array")
        batch = as_array(batch, "data")
        if batch.dtype.kind not in "fiub" or not batch.ndim:
            raise TypeError(
                f"Normalization: data must be arrays of numbers, got {batch.dtype} {batch.shape}"
            )
        yield batch


def _first(data: Any) -> Any:
    """The first batch of a list, without its targets."""
    return data[0][0] if isinstance(data[0], tuple) and data[0] else data[0]
