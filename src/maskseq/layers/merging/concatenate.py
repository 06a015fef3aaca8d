"""Concatenate: inputs side by side along one axis, and their masks with them."""

from typing import Any, Unpack

import numpy as np

from ... import ops
from ...rows import Rows, align
from ...tape import aligned, rows_like
from ..base.arguments import LayerOptions
from ..base.checks import axes_from_the_end
from ..base.one_tensor import OneTensor
from ..base.rules import KERAS2
from .merge import check_masks


class Concatenate(OneTensor):
    """Join a list of arrays along `axis`.

    The mask, if any input has one: along time the masks are joined, an input without one counts as
    real; along any other axis a step is real where any input's is, so that one input without a mask
    makes all steps real, as in Keras. Under a mask_rule of Keras 2 a step is real there unless an
    input masks it.

    Parameters
    ----------
    axis : int, default -1
        The axis to join along.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For inputs that are no list, or that differ in another axis than `axis`.

    See Also
    --------
    Add, Dot

    Notes
    -----
    A call takes and gives:

    inputs
        List of arrays, equal in all axes but `axis`.
    returns
        One array.

    Source: keras.layers.Concatenate.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Concatenate()([np.ones((2, 3, 4)), np.ones((2, 3, 1))]).shape
    (2, 3, 5)
    """

    input_axes = "(batch, ...)"
    takes_list = True
    supports_masking = True
    traceable = True

    def __init__(self, axis: int = -1, **kwargs: Unpack[LayerOptions]):
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)

    def call(self, inputs: Any) -> np.ndarray:
        return np.concatenate(inputs, axis=self.axis)

    def on_rows(self, inputs: Any) -> Any:
        if type(inputs) is Rows or self.axis in (0, 1):
            return NotImplemented
        axis = self.axis - 1 if self.axis > 0 else self.axis
        values = None if inputs[0].ndim + min(self.axis, 0) < 2 else align(inputs)
        if values is None:
            return NotImplemented
        return inputs[0].with_values(np.concatenate(values, axis=axis))

    def on_tape(self, tape: Any, inputs: Any) -> Any:
        rows = [x.value for x in inputs]
        if not all(type(x) is Rows for x in rows) or self.axis in (0, 1):
            return NotImplemented
        axis = self.axis - 1 if self.axis > 0 else self.axis
        values = None if rows[0].ndim + min(self.axis, 0) < 2 else aligned(inputs)
        if values is None:
            return NotImplemented
        return rows_like(rows[0], np.concatenate(values, axis=axis))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return None
        check_masks(inputs, mask)
        if all(m is None for m in mask):
            return None
        ndim = inputs[0].ndim
        masks = [_filled(m, x) for m, x in zip(mask, inputs, strict=True)]
        steps = max(m.ndim for m in mask if m is not None)
        joined = ops.concatenate(masks, axis=self.axis)
        reduce = ops.all if self.mask_rule in KERAS2 else ops.any
        return reduce(joined, axis=list(range(steps, ndim)) or -1)

    @property
    def own_steps(self) -> bool:
        return self.axis == -1 or self.axis > 1

    @property
    def mask_role(self) -> str:
        return "changes"

    def compute_output_shape(self, input_shape: Any) -> tuple:
        first, *others = input_shape
        if not isinstance(first, (list, tuple)):
            raise ValueError(f"inputs must be a list of arrays, got shape {input_shape}")
        (axis,) = axes_from_the_end(self.axis, len(first))
        axis += len(first)
        for shape in others:
            pairs = enumerate(zip(first, shape, strict=False))
            differ = [i for i, (m, n) in pairs if i != axis and None not in (m, n) and m != n]
            if len(shape) != len(first) or differ:
                raise ValueError(
                    f"inputs must have equal shapes but for axis {self.axis}, got {input_shape}"
                )
        sizes = [shape[axis] for shape in input_shape]
        joined = list(first)
        joined[axis] = None if None in sizes else sum(sizes)
        return tuple(joined)

    def compute_output_dtype(self, inputs: Any) -> str:
        return str(np.result_type(*[x.dtype for x in inputs]))


def _filled(mask: Any, x: Any) -> Any:
    """`mask` repeated to the shape of `x`; all True if there is none."""
    if mask is None:
        return ops.ones_like(x, dtype="bool")
    if mask.ndim == x.ndim:
        return mask
    for _ in range(x.ndim - mask.ndim):
        mask = ops.expand_dims(mask, -1)
    return ops.logical_or(mask, ops.zeros_like(x, dtype="bool"))


def concatenate(inputs: Any, axis: int = -1, **kwargs: Unpack[LayerOptions]) -> Any:
    """``Concatenate(axis, **kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like
        As the layer takes them.
    axis : int, default -1
        The axis to join along.
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
    Concatenate

    Notes
    -----
    Source: keras.layers.concatenate.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.concatenate([np.ones((2, 3, 4)), np.ones((2, 3, 1))]).shape
    (2, 3, 5)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)
