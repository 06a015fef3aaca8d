"""What layers of data share: they take arrays, lists, text and ragged sequences as they come."""

from typing import Any, Unpack

import numpy as np

from ...data.ragged import Ragged, as_batch
from ...data.text import is_text, read_text
from ...graph.symbols import is_symbolic
from ...rows import Rows, as_padded
from ...tape import Traced
from ...tensor import as_numpy, convert_to_tensor, get_keras_mask
from ..base.arguments import LayerOptions
from ..base.binding import as_output
from ..base.errors import PLAIN_ERRORS
from ..base.layer import Layer
from ..base.masks import tell_mask_loss
from ..base.weights import overridable
from .encoding import encode, encoded_shape, occurrences


class DataLayer(Layer):
    """A layer without weights that looks at each id or text by itself.

    A subclass writes `indices`; it has an `output_mode` and a `depth`. Ragged sequences stay so:
    where there are no masked cells, none is made up. A padded array loses its mask, as in Keras.
    """

    output_mode = "int"
    output_dtype = "int64"
    kept_dtypes = ("int32", "int64", "string")

    def __init__(self, **kwargs: Unpack[LayerOptions]):
        super().__init__(**kwargs)
        self.built = True

    @property
    def depth(self) -> int:
        """The last axis of the output, if it is not "int"."""
        raise NotImplementedError

    def indices(self, values: np.ndarray) -> np.ndarray:
        """The index of each of `values` (n,); one outside 0..depth - 1 is not counted."""
        raise NotImplementedError

    # Calls

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if is_symbolic((inputs, kwargs)):
            return super().__call__(inputs, *args, **kwargs)
        if type(inputs) is Traced:
            return self.apply(inputs, *args, **kwargs)
        try:
            value = self._read(inputs)
        except PLAIN_ERRORS as error:
            self._raise_named(error, (inputs,))
        return self._handed_out(self.apply(value, *args, **kwargs))

    @property
    def step(self) -> Any:
        return self.apply

    def _read(self, inputs: Any) -> Any:
        """What a user gives as an array or, if its sequences have different lengths, as Rows."""
        if isinstance(inputs, (Rows, np.ndarray)) and not isinstance(inputs, np.ma.MaskedArray):
            return inputs
        if is_text(inputs):
            value = read_text(inputs)
        elif isinstance(inputs, (list, tuple)) and not _are_sequences(inputs):
            return convert_to_tensor(inputs)
        elif np.isscalar(inputs):
            return convert_to_tensor(inputs)
        else:
            value = as_batch(inputs)
        if isinstance(value, Ragged):
            value = Rows.from_ragged(value.values, value.offsets)
            if isinstance(inputs, Ragged):
                return value
        if type(value) is Rows and value.layout.full:  # a rectangle of lists
            values, layout = real_steps(value), value.layout
            return values.reshape(layout.batch, layout.time, *values.shape[1:])
        return value

    def _handed_out(self, outputs: Any) -> Any:
        """The answer of a direct call: ragged where the question was."""
        if type(outputs) is not Rows:
            return as_output(outputs)
        values = real_steps(outputs)
        if values.dtype.hasobject:
            bounds = outputs.layout.offsets.tolist()
            return [values[a:b].tolist() for a, b in zip(bounds, bounds[1:], strict=False)]
        return Ragged(values, outputs.layout.offsets)

    def apply(self, inputs: Any, **kwargs: Any) -> Any:
        if type(inputs) is Traced:  # no gradient passes a vocabulary: what comes out is data
            return inputs.tape.hold(self.apply(inputs.value, **kwargs))
        kwargs.pop("training", None)
        try:
            if type(inputs) is Rows and (inputs.is_ragged or inputs.layout.full):
                return self.on_rows(inputs, **kwargs)
            inputs = as_padded(inputs)
            outputs = self.call(as_numpy(inputs), **kwargs)
        except PLAIN_ERRORS as error:
            self._raise_named(error, (inputs,))
        if get_keras_mask(inputs) is not None:
            tell_mask_loss(self)
        return outputs

    def call(self, inputs: Any) -> np.ndarray:
        return self._encoded(self._indices_of(inputs))

    def _indices_of(self, inputs: Any) -> np.ndarray:
        x = np.asarray(inputs)
        return self.indices(x.reshape(-1)).reshape(x.shape)

    def _encoded(self, ids: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        if self.output_mode == "int":
            return ids
        return encode(ids, self.output_mode, self.depth, weights)

    @overridable
    def on_rows(self, rows: Rows, weights: np.ndarray | None = None) -> Any:
        """Rows of indices; with another output mode, what `_encoded` would make of each sequence.

        Parameters
        ----------
        weights : numpy.ndarray, optional
            Of each step, float32 (n,).
        """
        layout = rows.layout
        values = real_steps(rows)
        ids = self.indices(values.reshape(-1)).reshape(values.shape)
        if self.output_mode == "int":
            return Rows.from_ragged(ids, layout.offsets, layout.time)
        if self.output_mode == "one_hot":
            return Rows.from_ragged(self._encoded(ids), layout.offsets, layout.time)
        if ids.ndim > 1:
            raise ValueError(
                f"ragged inputs must have one id for each step, got steps of shape {ids.shape[1:]}"
            )
        samples = np.arange(layout.batch).repeat(layout.lengths)
        binary = self.output_mode == "multi_hot"
        return occurrences(samples, ids, layout.batch, self.depth, weights, binary)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        depth = None if self.output_mode == "int" else self.depth
        return encoded_shape(input_shape, self.output_mode, depth)

    def compute_output_dtype(self, inputs: Any) -> str:
        return self.output_dtype if self.output_mode == "int" else "float32"


def _are_sequences(x: Any) -> bool:
    """True for a list of lists or arrays that may have different lengths."""
    return bool(x) and all(isinstance(item, (list, tuple, np.ndarray)) for item in x)


def real_steps(rows: Rows) -> np.ndarray:
    """(n, ...): the real steps of Rows, without the pad row."""
    source = rows.source
    array = as_numpy(source.array)
    return array if source.index is None else array[source.index]
