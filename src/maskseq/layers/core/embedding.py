"""Embedding: integer ids to rows of a table; with mask_zero, id 0 means a masked step."""

from typing import Any, Unpack

import numpy as np

from ... import _kernels, constraints, ops, regularizers
from ...context import current
from ...given.places import placed
from ...graph import recorded_masks
from ...graph.symbols import KerasTensor
from ...initializers import checked
from ...numerics.quantized import Codes, Quantized
from ...rows import Layout, Rows, Source, full_layout
from ...tape import SparseRows, Traced
from ...tensor import as_numpy
from ..base.arguments import CommonOptions
from ..base.errors import PLAIN_ERRORS
from ..base.layer import Layer
from ..base.one_tensor import OneTensor


class Embedding(OneTensor):
    """Look up each id in a table.

    Parameters
    ----------
    input_dim : int
        Number of ids.
    output_dim : int
        Features of a row.
    embeddings_initializer : str, dict or Initializer, default "uniform"
        First values of `embeddings`.
    embeddings_regularizer : str, dict, Regularizer or None, default None
        Penalty on `embeddings`, in training.
    embeddings_constraint : str, dict, Constraint or None, default None
        What training holds `embeddings` to.
    mask_zero : bool, default False
        Id 0 is padding; the layer then makes the mask `ids != 0` (and ignores a mask that the ids
        carry). Row 0 of the table is still a row like any other.
    weights : array_like, optional
        The table.
    input_length : int, optional
        Accepted, without effect.
    activity_regularizer : str, dict, Regularizer or None, default None
        Penalty on the outputs, in training.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `input_dim` or `output_dim` is not a positive int, or `weights` have another shape.
    IndexError
        From a call, naming position and value of an id outside 0..input_dim - 1, NaN included.

    See Also
    --------
    Masking, ReversibleEmbedding, StringLookup

    Notes
    -----
    A call takes and gives:

    inputs
        Ids, any integer or float dtype (floats are cut to integers), any shape.
    returns
        float32, inputs.shape + (output_dim,).

    Source: keras.layers.Embedding.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> embedding = layers.Embedding(1000, 16, mask_zero=True)
    >>> x = embedding(np.array([[711, 632, 71], [73, 0, 0]]))
    >>> x.shape
    (2, 3, 16)
    >>> maskseq.get_keras_mask(x).tolist()
    [[True, True, True], [True, False, False]]
    """

    not_in_config = frozenset({"input_length", "weights"})
    quantizes = {"embeddings": 0}

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        *,
        input_length: int | None = None,
        activity_regularizer: Any = None,
        **kwargs: Unpack[CommonOptions],
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        for argument, value in (("input_dim", input_dim), ("output_dim", output_dim)):
            if not isinstance(value, (int, np.integer)) or value <= 0:
                raise ValueError(f"Embedding: {argument} must be a positive int, got {value!r}")
        self.input_dim, self.output_dim = int(input_dim), int(output_dim)
        self.embeddings_initializer = checked(embeddings_initializer, "embeddings_initializer")
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = self.supports_masking = bool(mask_zero)
        self.packs = 2 if mask_zero else None
        self._makes_masks, self._takes_arrays = self.mask_zero, not self.mask_zero
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, (list, tuple)) else [weights])

    def build(self, input_shape: Any = None) -> None:
        self.embeddings = self.add_named_weight("embeddings", (self.input_dim, self.output_dim))

    def call(self, inputs: Any) -> np.ndarray:
        ids = np.asarray(inputs)
        flat = self._checked(ids.reshape(-1), ids.shape)
        table = self.embeddings.held()[1]
        if type(table) is Codes:
            return table.rows(flat).reshape(*ids.shape, self.output_dim)
        rows = _kernels.embedding(self.embeddings.value, flat)
        return rows.reshape(*ids.shape, self.output_dim)

    def pack(self, x: np.ndarray) -> Rows:
        layout, ids = Layout.from_mask(_kernels.mask_from_ids(x)), x.reshape(-1)
        return self._look_up(ids if layout.full else ids[layout.cells], layout)

    def on_rows(self, rows: Rows) -> Any:
        source = rows.source
        if source.array.ndim != 1:
            return NotImplemented
        ids = source.array if source.index is None else source.array[source.index]
        keep = _kernels.mask_from_ids(ids)
        if np.logical_and.reduce(keep):
            return self._look_up(ids, rows.layout)
        layout, kept = rows.layout.select(keep)
        return self._look_up(ids[kept], layout)

    @property
    def gives_table(self) -> bool:
        """True if a call without a mask only looks rows up."""
        cls, own = type(self), not self.mask_zero
        return own and cls.call is Embedding.call and cls.__call__ is Layer.__call__

    def look_up(self, inputs: Any) -> Any:
        """A call for layers with `on_table`: Rows in the table, or what the layer gives."""
        if type(inputs) is not np.ndarray or inputs.ndim != 2 or not self.built:
            return self.apply(inputs)
        if current().training or isinstance(self.embeddings, Quantized):
            return self.apply(inputs)
        try:
            return self._look_up(inputs.reshape(-1), full_layout(*inputs.shape))
        except PLAIN_ERRORS as error:
            self._raise_named(error, (inputs,))

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        held = inputs.value
        if type(held) is not Rows:
            plain = as_numpy(held)
            if self.packs == plain.ndim:
                return self._recorded(tape, self.pack(plain))
            flat = self._checked(plain.reshape(-1), plain.shape)
            return tape.record(
                self.call(plain), [self.embeddings], lambda d, wanted: [self._gradient(flat, d)]
            )
        rows = self.on_rows(held)
        return rows if rows is NotImplemented else self._recorded(tape, rows)

    def _recorded(self, tape: Any, rows: Rows) -> Any:
        source: Any = rows.source
        ids = np.append(source.index, source.pad)  # the pad row is that of id 0
        return tape.record(
            rows, [self.embeddings], lambda d, wanted: [self._gradient(ids[: len(d)], d)]
        )

    def _gradient(self, ids: np.ndarray, d: np.ndarray) -> SparseRows:
        """The gradient of the table: of each id the sum over its places, ascending."""
        narrow = self.input_dim <= 1 << 16  # which NumPy sorts faster
        order = np.argsort(ids.astype(np.uint16) if narrow else ids, kind="stable")
        ranked = ids[order].astype(np.int64)
        starts = np.flatnonzero(np.diff(ranked, prepend=-1))
        sums = _kernels.sum_segments(
            d.reshape(len(ids), self.output_dim), order, np.append(starts, len(ids))
        )
        return SparseRows(ranked[starts], sums, (self.input_dim, self.output_dim))

    def _look_up(self, ids: np.ndarray, layout: Layout) -> Rows:
        ids = self._checked(ids, (layout.batch, layout.time), layout)
        index, table = ids.astype(np.int64, copy=False), self.embeddings
        if isinstance(table, Quantized):
            return self._look_up_codes(table.held()[1], index, layout)
        return Rows(None, layout, source=Source(table.value, index, 0, table))

    def _look_up_codes(self, table: Codes, index: np.ndarray, layout: Layout) -> Rows:
        """The rows that occur, and that of id 0, become floats once."""
        occurs = np.zeros(self.input_dim, bool)
        occurs[index] = occurs[0] = True
        place = np.cumsum(occurs) - 1
        return Rows(
            None, layout, source=Source(table.rows(np.flatnonzero(occurs)), place[index], 0)
        )

    def _checked(
        self, ids: np.ndarray, shape: tuple[int, ...], layout: Layout | None = None
    ) -> np.ndarray:
        """`ids` (n,) as integers, if all are in the table.

        They are the cells of an array of `shape`, or the real ones of `layout`.
        """
        kind = ids.dtype.kind
        if kind not in "iufb":
            raise TypeError(f"ids must be numbers, got dtype {ids.dtype}")
        if kind in "iu":
            wrong = _kernels.first_outside(ids, self.input_dim)
        else:
            inside = (ids > -1) & (ids < self.input_dim)  # NaN is not; -0.5 is cut to 0
            wrong = len(ids) if inside.all() else int(np.argmin(inside))
        if wrong < len(ids):
            cell = wrong if layout is None else layout.cells[wrong]
            place = [int(i) for i in np.unravel_index(cell, shape)]
            said = f"ids must be in 0..{self.input_dim - 1}, got {ids[wrong]} at {place}"
            raise placed(IndexError(said), *place[:2])
        return ids if kind in "iu" else ids.astype(np.int64)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        if not self.mask_zero:
            return None
        if isinstance(inputs, KerasTensor):
            return recorded_masks.not_equal(inputs, 0)
        return ops.not_equal(inputs, 0)

    @property
    def mask_role(self) -> str:
        return "makes" if self.mask_zero else "drops"

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (*input_shape, self.output_dim)
