"""Softmax that skips masked cells."""

import math
from typing import Any, Unpack

import numpy as np

from ... import _kernels
from ...numerics import reductions
from ...tape import Traced
from ...tensor import as_numpy
from ..base.arguments import LayerOptions
from ..base.elementwise import SameShape


class Softmax(SameShape):
    """exp(x) / sum(exp(x)) along `axis`, over the cells where the mask is True.

    Parameters
    ----------
    axis : int or tuple of int, default -1
        One axis or several.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `axis` is not one of the inputs', or the mask cannot be broadcast to them.

    See Also
    --------
    TemporalSoftmax : Over time, with a mask (batch, time).
    Activation

    Notes
    -----
    A call takes and gives:

    inputs
        float32.
    mask
        bool, broadcastable to the inputs from the right; None = all real. The mask that an input
        carries, (batch, time), is used as it is: it fits inputs of shape (batch, time), and raises
        for (batch, time, features), as in Keras.
    returns
        float32, the inputs' shape; masked cells 0, a row without real cells 0.

    Source: keras.layers.Softmax.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Softmax()(np.zeros((1, 3)), mask=np.array([[True, True, False]])).tolist()
    [[0.5, 0.5, 0.0]]
    """

    input_axes = "(batch, ...)"
    supports_masking = True
    plain = True

    def __init__(self, axis: int | list[int] = -1, **kwargs: Unpack[LayerOptions]):
        super().__init__(**kwargs)
        axes = axis if isinstance(axis, (list, tuple)) else [axis]
        if not all(isinstance(one, int) for one in axes):
            raise ValueError(f"Softmax: axis must be an int or a list of them, got {axis!r}")
        self.axis = axis

    def call(self, inputs: Any, mask: Any = None) -> np.ndarray:
        x = np.asarray(inputs, np.float32)
        axes = [self.axis] if isinstance(self.axis, int) else list(self.axis)
        if not all(-x.ndim <= axis < x.ndim for axis in axes):
            raise ValueError(f"axis must be one of inputs {x.shape}, got {self.axis}")
        last = list(range(-len(axes), 0))
        moved = np.moveaxis(x, axes, last)
        apart, together = moved.shape[: -len(axes)], moved.shape[-len(axes) :]
        rows = np.ascontiguousarray(moved).reshape(math.prod(apart), math.prod(together))
        real = None
        if mask is not None:
            real = np.moveaxis(_broadcast(mask, x.shape), axes, last)
            real = np.ascontiguousarray(real).reshape(rows.shape)
        return np.moveaxis(_kernels.masked_softmax(rows, real).reshape(moved.shape), last, axes)

    def on_tape(self, tape: Any, inputs: Traced, mask: Any = None) -> Any:
        y = self.call(as_numpy(inputs.value), mask)

        def backward(d: np.ndarray, wanted: Any) -> list[np.ndarray]:
            return [y * (d - reductions.reduce(d * y, "sum", self.axis, keepdims=True))]

        return tape.record(y, [inputs], backward)


def _broadcast(mask: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Keras reads a float or integer mask as True above 0.5."""
    mask = np.asarray(mask)
    mask = mask if mask.dtype == bool else mask > 0.5
    fits = mask.ndim <= len(shape) and all(
        m in (1, n) for m, n in zip(mask.shape[::-1], shape[::-1], strict=False)
    )
    if not fits:
        raise ValueError(f"mask must be broadcastable to inputs {shape}, got shape {mask.shape}")
    return np.broadcast_to(mask, shape)
