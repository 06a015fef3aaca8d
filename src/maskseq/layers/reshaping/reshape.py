"""Flatten, Reshape, Permute, RepeatVector: the numbers of a sample in another shape.

As in Keras they do not know what became of the time axis, and end the mask; where they change
nothing they hand on their very input, mask and all, as Keras does on JAX.
"""

import math
from typing import Any, Unpack

import numpy as np

from ...tape import Traced
from ..base.arguments import LayerOptions
from ..base.checks import channels_first, ints, whole
from ..base.errors import check_axes
from ..base.one_tensor import OneTensor


class _SameNumbers(OneTensor):
    """A layer whose output has the dtype of its input.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.
    """

    input_axes = "(batch, ...)"

    def compute_output_dtype(self, inputs: Any) -> str:
        return str(inputs.dtype)

    def gives_late_mask(self, masked: bool, shape: tuple, made: tuple) -> bool:
        return masked and shape == made


class Flatten(_SameNumbers):
    """(batch, ...) to (batch, size of a sample).

    Parameters
    ----------
    data_format : str, optional
        "channels_last", or "channels_first" for (batch, features, time).
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For an unknown `data_format`.

    See Also
    --------
    GlobalAveragePooling1D : Features that do not grow with time.
    Reshape

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers (batch, ...).
    returns
        The same dtype, (batch, size). The mask ends here.

    Source: keras.layers.Flatten.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Flatten()(np.ones((2, 3, 4))).shape
    (2, 12)
    """

    plain = True
    traceable = True

    def __init__(self, data_format: str | None = None, **kwargs: Unpack[LayerOptions]):
        super().__init__(**kwargs)
        self.data_format = data_format
        self._channels_first = channels_first(data_format)

    def call(self, inputs: np.ndarray) -> np.ndarray:
        if self._channels_first and inputs.ndim > 2:
            inputs = np.moveaxis(inputs, 1, -1)
        return _reshaped(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        sizes = input_shape[1:]
        return (input_shape[0], None if None in sizes else math.prod(sizes))


class Reshape(_SameNumbers):
    """Each sample in the shape `target_shape`, one size of which may be -1: what is left over.

    Parameters
    ----------
    target_shape : tuple of int
        Shape of a sample; one size may be -1.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For more than one -1, or a size below it. From a call whose samples have another number of
        cells.

    See Also
    --------
    Flatten, Permute

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers (batch, ...).
    returns
        The same dtype, ``(batch, *target_shape)``. The mask ends here.

    Source: keras.layers.Reshape.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Reshape((-1, 2))(np.ones((2, 3, 4))).shape
    (2, 6, 2)
    """

    plain = True
    traceable = True

    def __init__(self, target_shape: tuple[int, ...], **kwargs: Unpack[LayerOptions]):
        super().__init__(**kwargs)
        self.target_shape = ints(target_shape, "Reshape: target_shape")
        if self.target_shape.count(-1) > 1 or any(n < -1 for n in self.target_shape):
            raise ValueError(f"Reshape: target_shape may have one -1, got {self.target_shape}")

    def call(self, inputs: np.ndarray) -> np.ndarray:
        return _reshaped(inputs, self._shape_for(inputs.shape))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return self._shape_for(input_shape)

    def _shape_for(self, input_shape: Any) -> tuple:
        batch, *sizes = input_shape
        known = math.prod(n for n in self.target_shape if n != -1)
        total = None if None in sizes else math.prod(sizes)
        rest = None if total is None else total // known if known else 0
        shape: tuple[Any, ...] = tuple(rest if n == -1 else n for n in self.target_shape)
        if total is not None and math.prod(shape) != total:
            raise ValueError(f"a sample of shape {tuple(sizes)} does not fit {self.target_shape}")
        return (batch, *shape)


class Permute(_SameNumbers):
    """The axes of each sample in the order `dims`, the first of them counted as 1.

    Parameters
    ----------
    dims : tuple of int
        The axes in their new order; 1 is the first after the batch.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `dims` are not an order of 1, 2, ..., or not as many as a sample has axes.

    See Also
    --------
    Reshape

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers (batch, ...).
    returns
        The same dtype, the axes in their new order. The mask ends here.

    Source: keras.layers.Permute.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Permute((2, 1))(np.ones((2, 3, 4))).shape
    (2, 4, 3)
    """

    plain = True
    traceable = True

    def __init__(self, dims: tuple[int, ...], **kwargs: Unpack[LayerOptions]):
        super().__init__(**kwargs)
        self.dims = ints(dims, "Permute: dims")
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"Permute: dims must be an order of 1, 2, ..., got {self.dims}")
        axes = (f"axis {n + 1}" for n in range(len(self.dims)))
        self.input_axes = f"({', '.join(['batch', *axes])})"
        self._in_order = self.dims == tuple(range(1, len(self.dims) + 1))

    def call(self, inputs: np.ndarray) -> np.ndarray:
        if np.ndim(inputs) != len(self.dims) + 1:
            raise ValueError(f"inputs must be {self.input_axes}, got shape {np.shape(inputs)}")
        if self._in_order:
            return inputs  # and its mask
        turned = np.transpose(inputs, (0, *self.dims))
        return turned if type(turned) is Traced else np.ascontiguousarray(turned)

    @property
    def mask_role(self) -> str:
        return "passes" if self._in_order else "drops"

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))


class RepeatVector(_SameNumbers):
    """(batch, features) to (batch, n, features).

    Parameters
    ----------
    n : int
        How often the input is repeated.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `n` is not a positive int. For inputs without two axes.

    See Also
    --------
    UpSampling1D

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers (batch, features).
    returns
        The same dtype, (batch, n, features). The mask ends here.

    Source: keras.layers.RepeatVector.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.RepeatVector(3)(np.ones((2, 4))).shape
    (2, 3, 4)
    """

    input_axes = "(batch, features)"
    plain = True
    traceable = True

    def __init__(self, n: int, **kwargs: Unpack[LayerOptions]):
        super().__init__(**kwargs)
        self.n = whole(n, "RepeatVector: n")

    def call(self, inputs: np.ndarray) -> np.ndarray:
        check_axes(self, inputs.shape)
        return np.repeat(inputs[:, None], self.n, axis=1)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (input_shape[0], self.n, input_shape[1])


def _reshaped(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return x if x.shape == shape else x.reshape(shape)
