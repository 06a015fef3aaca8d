"""CategoryEncoding: ids as one-hot rows, or as what occurs in each sample."""

from typing import Any, Unpack

import numpy as np

from ...rows import Rows
from ..base.arguments import LayerOptions
from ..base.checks import whole
from .checks import dense, output_mode_of
from .data_layer import DataLayer, real_steps


class CategoryEncoding(DataLayer):
    """Which ids a sample holds ("multi_hot"), how often ("count"), or each by itself ("one_hot").

    Parameters
    ----------
    num_tokens : int, optional
        Ids are below it; others leave no trace, as in Keras on JAX.
    output_mode : str, default "multi_hot"
        "multi_hot", "count" or "one_hot".
    sparse : bool, default False
        Only False.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `num_tokens` is not a positive int or `output_mode` is unknown. For `count_weights` with
        another mode than "count" or of another shape.

    See Also
    --------
    StringLookup, IntegerLookup, Hashing

    Notes
    -----
    A call takes and gives:

    inputs
        Ids, any shape, or ragged.
    count_weights
        Of the inputs' shape: what each id counts for.
    returns
        float32; "one_hot" (..., num_tokens), over a last axis of size 1; else (batch, ...,
        num_tokens), without axis 1.

    Source: keras.layers.CategoryEncoding.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.CategoryEncoding(num_tokens=4)(np.array([[0, 2, 2]])).tolist()
    [[1.0, 0.0, 1.0, 0.0]]
    """

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        self.num_tokens = whole(num_tokens, "CategoryEncoding: num_tokens")
        modes = ("one_hot", "multi_hot", "count")
        self.output_mode = output_mode_of(output_mode, "CategoryEncoding", modes)
        self.sparse = dense(sparse, "CategoryEncoding")

    @property
    def depth(self) -> int:
        return self.num_tokens

    def indices(self, values: np.ndarray) -> np.ndarray:
        if values.dtype.kind not in "iubf":
            raise TypeError(f"ids must be numbers, got dtype {values.dtype}")
        if self.output_mode == "multi_hot" and values.dtype.kind == "f":
            with np.errstate(invalid="ignore"):
                return values.astype(np.int64)  # as Keras does in this mode only
        return values

    def call(self, inputs: Any, count_weights: Any = None) -> np.ndarray:
        ids, weights = self._indices_of(inputs), self._weights(count_weights)
        if weights is not None and weights.shape != ids.shape:
            raise ValueError(
                f"count_weights must have the shape of the inputs {ids.shape}, got {weights.shape}"
            )
        return self._encoded(ids, weights)

    def on_rows(self, rows: Rows, count_weights: Any = None) -> Any:
        if count_weights is None:
            return super().on_rows(rows)
        given = self._read(count_weights)
        if type(given) is not Rows or not given.layout.equals(rows.layout):
            raise ValueError("count_weights must be ragged as the inputs are")
        return super().on_rows(rows, self._weights(real_steps(given)))

    def _weights(self, count_weights: Any) -> np.ndarray | None:
        if count_weights is None:
            return None
        if self.output_mode != "count":
            raise ValueError(
                f"count_weights must be given with output_mode='count' only, got "
                f"output_mode={self.output_mode!r}"
            )
        return np.asarray(count_weights, np.float32)
