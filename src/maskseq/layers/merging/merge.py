"""Add, Subtract, Multiply, Average, Maximum, Minimum: a list of inputs merged cell by cell.

The mask of the output is True where any input's is; an input without a mask leaves the output
without one, as in Keras. Under a mask_rule of Keras 2 it is True where those of all inputs that
have one are, and what masked cells hold is merged like all else.
"""

import functools
from collections.abc import Callable
from typing import Any, Unpack

import numpy as np

from ... import ops
from ...context import current
from ...nest import holds
from ...numerics import extremes
from ...rows import Rows, Unmasked, align, rows_of
from ...tape import Traced, aligned, real_values, rows_like, values
from ...tensor import get_keras_mask
from ..base.arguments import LayerOptions
from ..base.binding import kind_of
from ..base.errors import PLAIN_ERRORS
from ..base.one_tensor import OneTensor
from ..base.rules import KERAS2


class _Merge(OneTensor):
    """A merge of inputs whose shapes are equal or broadcast; see `combine`.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Notes
    -----
    A call takes and gives:

    inputs
        A list of arrays. One with fewer axes gets axes of size 1 after the batch.
    returns
        One array of the broadcast shape.
    """

    input_axes = "(batch, ...)"
    takes_list = True
    supports_masking = True
    traceable = True

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)

    def apply(self, *args: Any, **kwargs: Any) -> Any:
        """As every layer's; arrays without masks make none."""
        alone = len(args) == 1 and not kwargs and type(args[0]) is list
        if alone and self.built and type(self).compute_mask is _Merge.compute_mask:
            inputs, way = args[0], None
            kind = kind_of(inputs)
            if kind is Rows and self.supports_masking:
                way = self.on_rows
            elif kind is None:
                inputs = self._without_masks(inputs)
                way = None if inputs is None else self.call
            elif kind is np.ndarray and current().tape is None:
                way = self.call
            if way is not None:
                try:
                    y = way(inputs)
                except (*PLAIN_ERRORS, AttributeError) as error:
                    self._raise_named(error, args)
                if y is not NotImplemented:
                    return y
        return super().apply(*args, **kwargs)

    def _without_masks(self, inputs: list[Any]) -> list[np.ndarray] | None:
        """Rows and arrays as arrays, where one has no mask and so the output has none.

        None where masks count all the same, or for other inputs.
        """
        reads_masks = type(self).combine_masked is not _Merge.combine_masked
        if reads_masks or self.mask_rule in KERAS2 or not self.supports_masking:
            return None
        context = current()
        if context.training or context.tape is not None:
            return None
        plain = [isinstance(x, np.ndarray) and kind_of(x) is np.ndarray for x in inputs]
        if not all(here or type(x) is Rows for here, x in zip(plain, inputs, strict=True)):
            return None
        return [x if here else x.to_padded() for here, x in zip(plain, inputs, strict=True)]

    def call(self, inputs: Any) -> np.ndarray:
        arrays, masks = _same_rank(inputs)
        if self.mask_rule in KERAS2:
            return self.combine(arrays)
        return self.combine_masked(arrays, masks)

    def on_rows(self, inputs: Any) -> Any:
        if type(inputs) is Rows:
            return NotImplemented
        ndim = inputs[0].ndim
        for x in inputs[1:]:
            if x.ndim != ndim:
                return NotImplemented
        if self.mask_rule in KERAS2:
            return _Merge.combine_rows(self, inputs)
        return self.combine_rows(inputs)

    def on_unmasked(self, inputs: Any = None, *args: Any, **arguments: Any) -> Any:
        alone = type(inputs) is list and not (args or arguments)
        rows = rows_of(inputs) if alone else None
        reads_masks = type(self).combine_masked is not _Merge.combine_masked
        if rows is None or self.mask_rule in KERAS2 or (reads_masks and holds(inputs, Rows)):
            return NotImplemented
        y = _Merge.combine_rows(self, rows)
        return Unmasked.of(y) if type(y) is Rows else y

    def on_tape(self, tape: Any, inputs: Any) -> Any:
        rows = [x.value for x in inputs]
        if not all(type(x) is Rows and x.ndim == rows[0].ndim for x in rows):
            return NotImplemented
        if self.mask_rule in KERAS2:
            return _Merge.combine_on_tape(self, inputs)
        return self.combine_on_tape(inputs)

    def combine_on_tape(self, inputs: list[Traced]) -> Any:
        """`combine_rows`, recorded."""
        arrays = aligned(inputs)
        if arrays is None:
            return NotImplemented
        return rows_like(inputs[0].value, self.combine(arrays))

    def combine(self, arrays: list[Any]) -> Any:
        """The merge of arrays, masks aside; of Traced ones as well."""
        raise NotImplementedError

    def combine_masked(self, arrays: list[np.ndarray], masks: list[Any]) -> np.ndarray:
        """The merge of padded arrays; a mask (None: all real) fits the first axes of its array."""
        return self.combine(arrays)

    def combine_rows(self, inputs: list[Rows]) -> Any:
        """The merge of Rows, or NotImplemented where it needs the padded arrays."""
        arrays = align(inputs)
        return NotImplemented if arrays is None else inputs[0].with_values(self.combine(arrays))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return None
        check_masks(inputs, mask)
        known = [m for m in mask if m is not None]
        if self.mask_rule in KERAS2:
            return functools.reduce(ops.logical_and, known) if known else None
        return functools.reduce(ops.logical_or, known) if len(known) == len(mask) else None

    @property
    def own_steps(self) -> bool:
        return True

    @property
    def mask_role(self) -> str:
        return "changes"

    def compute_output_shape(self, input_shape: Any) -> tuple:
        if not isinstance(input_shape, (list, tuple)) or not all(
            isinstance(shape, (list, tuple)) for shape in input_shape
        ):
            raise ValueError(f"inputs must be a list of arrays, got shape {input_shape}")
        check_batch_sizes(input_shape)
        ndim = max(map(len, input_shape))
        shapes = [(s[0], *(1,) * (ndim - len(s)), *s[1:]) for s in input_shape]
        return tuple(_broadcast_size(sizes, input_shape) for sizes in zip(*shapes, strict=True))

    def compute_output_dtype(self, inputs: Any) -> str:
        return str(np.result_type(*[x.dtype for x in inputs]))


class Add(_Merge):
    """The sum of the inputs.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For inputs that are no list, or whose shapes do not broadcast.

    See Also
    --------
    Subtract, Average, Concatenate

    Notes
    -----
    A call takes and gives:

    inputs
        A list of arrays whose shapes broadcast; one of fewer axes gets some of size 1 after the
        batch.
    returns
        The inputs' common dtype, the broadcast shape. Its mask: True where any input's is; None if
        an input has none.

    Source: keras.layers.Add.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Add()([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])]).tolist()
    [[4.0, 6.0]]
    """

    def combine(self, arrays: list[Any]) -> Any:
        return np.add(*arrays) if len(arrays) == 2 else functools.reduce(np.add, arrays)


class Subtract(_Merge):
    """The first input minus the second.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For inputs that are not a list of two, or whose shapes do not broadcast.

    See Also
    --------
    Add, Multiply

    Notes
    -----
    A call takes and gives:

    inputs
        A list of two arrays, as of Add.
    returns
        The inputs' common dtype, the broadcast shape, with a mask as of Add.

    Source: keras.layers.Subtract.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Subtract()([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])]).tolist()
    [[-2.0, 2.0]]
    """

    def compute_output_shape(self, input_shape: Any) -> tuple:
        if len(input_shape) != 2:
            raise ValueError(f"inputs must be 2 arrays, got {len(input_shape)}")
        return super().compute_output_shape(input_shape)

    def combine(self, arrays: list[Any]) -> Any:
        return np.subtract(*arrays)


class Average(_Merge):
    """The sum of the inputs over their number, masked cells like others.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For inputs that are no list, or whose shapes do not broadcast.

    See Also
    --------
    Add, GlobalAveragePooling1D

    Notes
    -----
    A call takes and gives:

    inputs
        As of Add.
    returns
        float32, the broadcast shape, with a mask as of Add.

    Source: keras.layers.Average.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Average()([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])]).tolist()
    [[2.0, 3.0]]
    """

    def combine(self, arrays: list[Any]) -> Any:
        total = functools.reduce(np.add, arrays)
        ours = len(arrays) > 1 and type(total) is np.ndarray and total.dtype == np.float32
        out = total if ours else None
        return np.true_divide(total, len(arrays), out=out, dtype=np.float32)

    def compute_output_dtype(self, inputs: Any) -> str:
        return "float32"


class Multiply(_Merge):
    """The product of the inputs, in which a masked cell counts as 1.

    Where every input has a mask, a cell that all of them mask is 0.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For inputs that are no list, or whose shapes do not broadcast.

    See Also
    --------
    Add, Dot

    Notes
    -----
    A call takes and gives:

    inputs
        As of Add.
    returns
        The inputs' common dtype, the broadcast shape, with a mask as of Add.

    Source: keras.layers.Multiply.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Multiply()([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])]).tolist()
    [[3.0, 8.0]]
    """

    def combine(self, arrays: list[Any]) -> Any:
        return functools.reduce(np.multiply, arrays)

    def combine_masked(self, arrays: list[np.ndarray], masks: list[Any]) -> np.ndarray:
        real = [_fitted(mask, x) for mask, x in zip(masks, arrays, strict=True)]
        ones = [x.dtype.type(1) for x in arrays]
        product = self.combine(list(map(_where, real, arrays, ones)))
        if any(mask is None for mask in masks):
            return product
        return np.where(functools.reduce(np.logical_or, real), product, product.dtype.type(0))

    def combine_rows(self, inputs: list[Rows]) -> Any:
        layout = inputs[0].layout
        if not all(layout.equals(x.layout) for x in inputs):
            return NotImplemented
        return Rows(_above_pads(np.multiply, inputs, np.zeros(1, bool)), layout)

    def combine_on_tape(self, inputs: list[Traced]) -> Any:
        first = inputs[0].value
        if not all(first.layout.equals(x.value.layout) for x in inputs):
            return NotImplemented
        product = self.combine(list(map(real_values, inputs)))
        pad = np.zeros((1, *product.shape[1:]), np.float32)
        return rows_like(
            Rows(None, first.layout, source=first.source), np.concatenate([product, pad])
        )


class _Extreme(_Merge):
    """Maximum or Minimum: a masked cell counts as what the other inputs have there.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.
    """

    pair: Callable[..., Any]
    """Of two arrays, cell by cell."""

    def combine(self, arrays: list[Any]) -> Any:
        return functools.reduce(self.pair, arrays)

    def combine_masked(self, arrays: list[np.ndarray], masks: list[Any]) -> np.ndarray:
        result, known = arrays[0], _fitted(masks[0], arrays[0])
        for x, mask in zip(arrays[1:], masks[1:], strict=True):
            real = _fitted(mask, x)
            x = _where(real, x, result)
            result = self.combine([_where(known, result, x), x])
            known = None if known is None or real is None else known | real
        return result

    def combine_rows(self, inputs: list[Rows]) -> Any:
        first = inputs[0]
        layout = first.layout
        if first.carry or not all(layout.equals(x.layout) for x in inputs):
            return NotImplemented
        return first.with_values(_above_pads(self.pair, inputs, first.values[layout.steps :]))

    def combine_on_tape(self, inputs: list[Traced]) -> Any:
        first = inputs[0].value
        if first.carry or not all(first.layout.equals(x.value.layout) for x in inputs):
            return NotImplemented
        found = self.combine(list(map(real_values, inputs)))
        pads = values(inputs[0])[first.layout.steps :]
        pads = np.broadcast_to(pads, (len(pads), *found.shape[1:]))
        return rows_like(first, np.concatenate([found, pads]))


class Maximum(_Extreme):
    """The largest of the inputs, cell by cell, over those that do not mask the cell.

    A cell that all of them mask keeps what the first holds.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For inputs that are no list, or whose shapes do not broadcast.

    See Also
    --------
    Minimum, Average

    Notes
    -----
    A call takes and gives:

    inputs
        As of Add.
    returns
        The inputs' common dtype, the broadcast shape, with a mask as of Add.

    Source: keras.layers.Maximum.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Maximum()([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])]).tolist()
    [[3.0, 4.0]]
    """

    pair = staticmethod(extremes.maximum)


class Minimum(_Extreme):
    """The smallest of the inputs, cell by cell, over those that do not mask the cell.

    A cell that all of them mask keeps what the first holds.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For inputs that are no list, or whose shapes do not broadcast.

    See Also
    --------
    Maximum, Average

    Notes
    -----
    A call takes and gives:

    inputs
        As of Add.
    returns
        The inputs' common dtype, the broadcast shape, with a mask as of Add.

    Source: keras.layers.Minimum.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Minimum()([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])]).tolist()
    [[1.0, 2.0]]
    """

    pair = staticmethod(extremes.minimum)


def check_masks(inputs: Any, mask: Any) -> None:
    """Raises: ValueError unless `mask` is a list of a mask or None for each of a list of inputs."""
    for name, value in (("inputs", inputs), ("mask", mask)):
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{name} must be a list, got {type(value).__name__}")
    if len(mask) != len(inputs):
        raise ValueError(
            f"mask must be a list of {len(inputs)}, one for each input, got {len(mask)}"
        )


def check_batch_sizes(shapes: Any) -> None:
    """Raises: ValueError if two of the shapes have different known batch sizes."""
    if len({shape[0] for shape in shapes if shape} - {None}) > 1:
        raise ValueError(f"inputs must have one batch size, got shapes {shapes}")


def _same_rank(inputs: Any) -> tuple[list[np.ndarray], list[Any]]:
    """The inputs with as many axes as the longest shape, and their masks.

    As in Keras, an input that had to get an axis has lost its mask.
    """
    if not isinstance(inputs, (list, tuple)):
        raise ValueError(f"inputs must be a list of arrays, got {type(inputs).__name__}")
    ndims = [x.ndim for x in inputs]
    ndim = max(ndims)
    arrays, masks = [], []
    for x, axes in zip(inputs, ndims, strict=True):
        array = x if type(x) is Traced or type(x) is np.ndarray else np.asarray(x)
        if axes < ndim:
            array = array.reshape(x.shape[0], *(1,) * (ndim - axes), *x.shape[1:])
        arrays.append(array)
        masks.append(get_keras_mask(x) if axes == ndim else None)
    return arrays, masks


def _fitted(mask: Any, x: np.ndarray) -> np.ndarray | None:
    """A mask with axes of size 1 for those it lacks."""
    return None if mask is None else mask.reshape(*mask.shape, *(1,) * (x.ndim - mask.ndim))


def _where(real: np.ndarray | None, x: np.ndarray, other: np.ndarray) -> np.ndarray:
    return x if real is None else np.where(real, x, other)


def _above_pads(pair: Callable[..., Any], inputs: list[Rows], pads: np.ndarray) -> np.ndarray:
    """`pair` of the real steps of Rows of one layout, one after the other, and `pads` below.

    All is written once, into one array: (n + k, ...).  pads: (k, ...), broadcast.
    """
    steps = inputs[0].layout.steps
    *others, last = [x.values[:steps] for x in inputs]
    if not others:
        return np.concatenate([last, np.broadcast_to(pads, (len(pads), *last.shape[1:]))])
    first = functools.reduce(pair, others)
    _, *features = np.broadcast_shapes(first.shape, last.shape)
    merged = np.empty((steps + len(pads), *features), np.result_type(first, last))
    pair(first, last, out=merged[:steps])
    merged[steps:] = pads
    return merged


def _broadcast_size(sizes: tuple[int | None, ...], shapes: Any) -> int | None:
    known = {size for size in sizes if size is not None and size != 1}
    if len(known) > 1:
        raise ValueError(f"inputs must have shapes that broadcast, got {shapes}")
    if known:
        return known.pop()
    return None if None in sizes else 1


def add(inputs: Any, **kwargs: Unpack[LayerOptions]) -> Any:
    """``Add(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like
        As the layer takes them.
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
    Add

    Notes
    -----
    Source: keras.layers.add.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.add([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])]).tolist()
    [[4.0, 6.0]]
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Unpack[LayerOptions]) -> Any:
    """``Subtract(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like
        As the layer takes them.
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
    Subtract

    Notes
    -----
    Source: keras.layers.subtract.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.subtract([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])]).tolist()
    [[-2.0, 2.0]]
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Unpack[LayerOptions]) -> Any:
    """``Multiply(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like
        As the layer takes them.
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
    Multiply

    Notes
    -----
    Source: keras.layers.multiply.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.multiply([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])]).tolist()
    [[3.0, 8.0]]
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Unpack[LayerOptions]) -> Any:
    """``Average(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like
        As the layer takes them.
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
    Average

    Notes
    -----
    Source: keras.layers.average.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.average([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])]).tolist()
    [[2.0, 3.0]]
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Unpack[LayerOptions]) -> Any:
    """``Maximum(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like
        As the layer takes them.
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
    Maximum

    Notes
    -----
    Source: keras.layers.maximum.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.maximum([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])]).tolist()
    [[3.0, 4.0]]
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Unpack[LayerOptions]) -> Any:
    """``Minimum(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like
        As the layer takes them.
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
    Minimum

    Notes
    -----
    Source: keras.layers.minimum.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.minimum([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])]).tolist()
    [[1.0, 2.0]]
    """
    return Minimum(**kwargs)(inputs)
