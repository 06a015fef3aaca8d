"""ReversibleEmbedding: an Embedding that also maps back, from features to a score for each id."""

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from ... import _kernels
from ...context import current
from ...given.numbers import is_real
from ...numerics.products import outer
from ...numerics.quantized import Codes
from ...rows import Rows, Unmasked
from ...tape import Traced
from ...tensor import as_numpy, convert_to_tensor
from ..base.arguments import CommonOptions
from ..base.checks import dtype_of
from ..base.layer import Layer
from ..base.packing import KeepsPack
from .embedding import Embedding


class ReversibleEmbedding(KeepsPack, Embedding):
    """Look up each id in a table; with reverse=True, multiply features with the table's transpose.

    Parameters
    ----------
    input_dim, output_dim : int
        As of Embedding.
    tie_weights : bool, default True
        False: the way back has weights of its own.
    embeddings_initializer : str, dict or Initializer, default "uniform"
        As of Embedding.
    embeddings_regularizer : str, dict, Regularizer or None, default None
        Penalty on `embeddings`, in training.
    embeddings_constraint : str, dict, Constraint or None, default None
        What training holds `embeddings` to.
    mask_zero : bool, default False
        As of Embedding.
    reverse_dtype : str, optional
        Accepted; the product is float32.
    logit_soft_cap : float, optional
        Scores become tanh(scores / cap) * cap.
    activity_regularizer : str, dict, Regularizer or None, default None
        Penalty on the outputs, in training.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If a size or `logit_soft_cap` is not positive. With `reverse` for inputs whose last axis is
        not `output_dim`.
    IndexError
        From a call, for an id outside 0..input_dim - 1.

    See Also
    --------
    Embedding, Dense

    Notes
    -----
    A call takes and gives:

    inputs
        Ids of any shape; with `reverse` float32 (..., output_dim).
    returns
        float32, inputs.shape + (output_dim,); with `reverse` (..., input_dim), without a mask.

    Weights: embeddings float32 (input_dim, output_dim); without tie_weights reverse_embeddings
    (output_dim, input_dim).

    Source: keras.layers.ReversibleEmbedding.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> embedding = layers.ReversibleEmbedding(1000, 16)
    >>> x = embedding(np.array([[711, 632, 71]]))
    >>> embedding(x, reverse=True).shape
    (1, 3, 1000)
    """

    plain = True
    ends_masks = True
    reads_masked = "all"
    quantizes = {"embeddings": 0, "reverse_embeddings": 1}

    if TYPE_CHECKING:

        def __call__(
            self,
            inputs: Any,
            *args: Any,
            reverse: bool = False,
            mask: Any = None,
            training: bool | None = None,
        ) -> Any: ...

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        *,
        activity_regularizer: Any = None,
        **kwargs: Unpack[CommonOptions],
    ):
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer,
            embeddings_regularizer,
            embeddings_constraint,
            mask_zero,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        if logit_soft_cap is not None and not _positive(logit_soft_cap):
            raise ValueError(
                f"ReversibleEmbedding: logit_soft_cap must be a number above 0, or None, "
                f"got {logit_soft_cap!r}"
            )
        if reverse_dtype is not None:
            dtype_of(reverse_dtype, type(self), "reverse_dtype")
        self.tie_weights, self.reverse_dtype = bool(tie_weights), reverse_dtype
        self.logit_soft_cap = logit_soft_cap
        self.packed_names = ("embeddings" if self.tie_weights else "reverse_embeddings",)

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        self.reverse_embeddings = (
            None
            if self.tie_weights
            else self.add_weight(
                (self.output_dim, self.input_dim),
                self.embeddings_initializer,
                name="reverse_embeddings",
            )
        )

    compute_output_shape = Layer.compute_output_shape  # a trial call: `reverse` decides

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        if reverse:
            return self._scores(np.asarray(inputs, np.float32))
        outputs = super().call(inputs)
        if not self.mask_zero:
            return outputs
        outputs = convert_to_tensor(outputs)
        outputs._keras_mask = np.asarray(inputs) != 0
        return outputs

    def on_rows(self, rows: Rows, reverse: bool = False) -> Any:
        if not reverse:
            return super().on_rows(rows)
        made = self.over_shown(rows, reverse=True)  # the mask ends here
        if type(made) is not Rows:
            return made
        return made.to_padded() if current().training else Unmasked.of(made)

    def over_shown(self, rows: Rows, reverse: bool = False) -> Any:
        if not reverse or rows.ndim < 3 or rows.shape[-1] != self.output_dim:
            return NotImplemented
        return rows.with_values(self._scores(np.asarray(rows.values, np.float32)))

    def on_tape(self, tape: Any, inputs: Traced, reverse: bool = False) -> Any:
        if not reverse:
            outputs = super().on_tape(tape, inputs)
            if (
                self.mask_zero
                and type(inputs.value) is not Rows
                and type(outputs.value) is not Rows
            ):
                outputs._keras_mask = as_numpy(inputs.value) != 0
            return outputs
        if type(inputs.value) is Rows:
            return NotImplemented
        x = np.asarray(as_numpy(inputs.value), np.float32)
        y, table = self._scores(x), self.reverse_embeddings or self.embeddings
        flat, weights = x.reshape(-1, self.output_dim), table.value

        def backward(d: np.ndarray, wanted: Any) -> list[Any]:
            if self.logit_soft_cap is not None:
                share = y / np.float32(self.logit_soft_cap)
                d = d * ((1 - share) * (1 + share))
            d = np.ascontiguousarray(d).reshape(-1, self.input_dim)
            to_x = to_table = None
            if wanted[0]:
                back = weights if self.tie_weights else weights.T
                to_x = _kernels.dense(d, _kernels.PackedDense(back)).reshape(x.shape)
            if wanted[1]:
                to_table = outer(d, flat) if self.tie_weights else outer(flat, d)
            return [to_x, to_table]

        return tape.record(y, [inputs, table], backward)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None  # `call` sets it

    def _scores(self, x: np.ndarray) -> np.ndarray:
        if x.shape[-1:] != (self.output_dim,):
            raise ValueError(
                f"inputs must have {self.output_dim} features (last axis), got shape {x.shape}"
            )
        scores = _kernels.dense(x.reshape(-1, self.output_dim), self.packed())
        if self.logit_soft_cap is not None:
            cap = np.float32(self.logit_soft_cap)
            scores = _kernels.activation(scores / cap, "tanh") * cap
        return scores.reshape(*x.shape[:-1], self.input_dim)

    def pack_weights(self, table: Any) -> _kernels.PackedDense:
        """The matrix of the way back."""
        if type(table) is Codes:
            return _kernels.PackedDense(table.turned() if self.tie_weights else table.matrix(1))
        return _kernels.PackedDense(table.T if self.tie_weights else table)


def _positive(value: Any) -> Any:
    number = is_real(value) and not isinstance(value, bool)
    return number and 0 < value < float("inf")
