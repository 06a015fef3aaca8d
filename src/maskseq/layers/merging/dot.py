"""Dot: products of two inputs, sample by sample, along one axis of each."""

import math
from typing import Any, Unpack

import numpy as np

from ... import _kernels, ops
from ...context import current
from ...rows import PACKED, Rows, Unmasked
from ..base.arguments import LayerOptions
from ..base.checks import axes_from_the_end
from ..base.one_tensor import OneTensor
from ..base.taped import as_floats


class Dot(OneTensor):
    """Sum over one axis of each of two inputs the products of all their cells.

    Parameters
    ----------
    axes : int or tuple of int
        An axis of both, or one of each; not the batch.
    normalize : bool, default False
        Divide both by their length along that axis first.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `axes` are not one or two int, or name the batch (0). For inputs that are not a list of
        two, or whose sizes along `axes` differ.

    See Also
    --------
    Multiply, Attention, Concatenate

    Notes
    -----
    A call takes and gives:

    inputs
        A list of two arrays. Masked cells take part; the mask ends here.
    returns
        The axes of the first, then of the second, without those summed; at least 2.

    Source: keras.layers.Dot.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Dot(axes=-1)([np.ones((2, 3, 4)), np.ones((2, 5, 4))]).shape
    (2, 3, 5)
    """

    input_axes = "(batch, ..., features)"
    takes_list = True
    supports_masking = True
    plain = True
    traceable = True
    ends_masks = True

    def __init__(
        self, axes: int | tuple[int, int], normalize: bool = False, **kwargs: Unpack[LayerOptions]
    ):
        super().__init__(**kwargs)
        pair = tuple(axes) if isinstance(axes, (list, tuple)) else (axes, axes)
        if len(pair) != 2 or not all(isinstance(axis, int) for axis in pair) or 0 in pair:
            raise ValueError(f"Dot: axes must be one or two int, not 0 (the batch), got {axes!r}")
        self.axes, self.normalize = axes, normalize
        self._pair = pair

    def build(self, input_shape: Any) -> None:
        (a, b), (first, second) = self._axes_of(input_shape), input_shape
        if None not in (first[a], second[b]) and first[a] != second[b]:
            raise ValueError(f"axes {self.axes} must have equal sizes, got shapes {input_shape}")

    def _axes_of(self, shapes: Any) -> tuple[int, int]:
        if len(shapes) != 2 or not isinstance(shapes[0], (list, tuple)):
            raise ValueError(f"inputs must be a list of 2 arrays, got shapes {shapes}")
        first, second = map(len, shapes)
        (a,) = axes_from_the_end(self._pair[0], first, "axes")
        (b,) = axes_from_the_end(self._pair[1], second, "axes")
        return a + first, b + second

    def call(self, inputs: Any) -> np.ndarray:
        x, y = map(as_floats, inputs)
        a, b = self._axes_of([x.shape, y.shape])
        if self.normalize:
            x, y = _unit(x, a), _unit(y, b)
        x, y = np.moveaxis(x, a, -1), np.moveaxis(y, b, 1)
        batch, size = y.shape[:2]
        shape = (batch, *x.shape[1:-1], *y.shape[2:])
        rows, columns = math.prod(x.shape[1:-1]), math.prod(y.shape[2:])
        product = ops.matmul(x.reshape(batch, rows, size), y.reshape(batch, size, columns))
        return product.reshape(shape if len(shape) > 1 else (batch, 1))

    def on_rows(self, rows: Any) -> Any:
        """The products of two inputs' steps: what pad rows make, once a sequence."""
        pair = rows if type(rows) is list else []
        pair = [x.rows if type(x) is Unmasked else x for x in pair if type(x) in PACKED]
        if len(pair) != 2 or any(type(x) is not Rows or x.ndim != 3 or x.carry for x in pair):
            return NotImplemented
        first, second = pair
        if self._axes_of([first.shape, second.shape]) != (2, 2):
            return NotImplemented
        if first.shape[::2] != second.shape[::2] or 0 in (*first.shape, *second.shape):
            return NotImplemented
        made = Rows(_pairs(first, second, self.normalize), first.layout)
        return made.to_padded() if current().training else Unmasked.of(made)

    def on_unmasked(self, inputs: Any = None, *args: Any, **arguments: Any) -> Any:
        return NotImplemented if args or arguments else self.on_rows(inputs)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None

    @property
    def mask_role(self) -> str:
        return "drops"

    def compute_output_shape(self, input_shape: Any) -> tuple:
        a, b = self._axes_of(input_shape)
        first, second = map(list, input_shape)
        del first[a], second[b]
        shape = (*first, *second[1:])
        return shape if len(shape) > 1 else (*shape, 1)


def _pairs(first: Rows, second: Rows, normalize: bool) -> np.ndarray:
    """The products of the first's steps and pad rows with all cells of the second.

    Returns: float32 (steps + batch, time): a row for each step, then one for each sequence's pad.
    """
    x, y = (_unit(z.values, 1) if normalize else z.values for z in (first, second))
    x, y = (np.asarray(z, np.float32) for z in (x, y))
    rows, steps, (batch, time, _) = first.layout, second.layout, second.shape
    values = np.empty((rows.steps + batch, time), np.float32)
    mask = steps.mask
    for b in range(batch):
        (start, end), (begin, stop) = rows.offsets[b : b + 2], steps.offsets[b : b + 2]
        own, keys = (
            np.concatenate([z[since:until], z[n + (b if len(z) > n + 1 else 0)][None]])
            for z, since, until, n in ((x, start, end, rows.steps), (y, begin, stop, steps.steps))
        )
        made = _kernels.dense(own, _kernels.PackedDense(keys, turned=True))
        spread = np.where(mask[b], np.cumsum(mask[b]) - 1, len(keys) - 1)
        made[:-1].take(spread, axis=1, out=values[start:end], mode="clip")  # all are inside
        values[rows.steps + b] = made[-1, spread]
    return values


def _unit(x: Any, axis: int) -> Any:
    """`x` over its length along `axis`; Keras takes no length below 1e-7."""
    return ops.normalize(x, axis, epsilon=1e-7)


def dot(inputs: Any, axes: Any = -1, **kwargs: Unpack[LayerOptions]) -> Any:
    """``Dot(axes, **kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like
        As the layer takes them.
    axes : int or tuple of int, default -1
        The axes to sum over.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Returns
    -------
    Tensor
        The answer of the layer, with its mask.

    Raises
    ------
    ValueError
        As of the layer.

    See Also
    --------
    Dot

    Notes
    -----
    Source: keras.layers.dot.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.dot([np.ones((2, 3, 4)), np.ones((2, 5, 4))], axes=-1).shape
    (2, 3, 5)
    """
    return Dot(axes=axes, **kwargs)(inputs)
