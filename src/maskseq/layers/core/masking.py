"""Masking: steps whose features all equal a value are masked."""

from typing import Any, Unpack

import numpy as np

from ... import _kernels, ops
from ...rows import Rows, Source
from ..base.arguments import LayerOptions
from ..base.elementwise import SameShape


class Masking(SameShape):
    """Mask the steps where every feature equals `mask_value`; their output is zeros.

    NaN equals nothing. A mask that the input carries is replaced, not combined; but ragged data
    has no masked cells, and none become real.

    Call arguments: inputs: (batch, time, features) or any rank >= 2; features are the last axis.
    Returns: the inputs with masked steps 0; its mask is any(inputs != mask_value, axis=-1).
    Source: keras.layers.Masking.
    """

    packs = 3

    def __init__(self, mask_value: float = 0.0, **kwargs: Unpack[LayerOptions]):
        super().__init__(**kwargs)
        self.mask_value = float(mask_value)

    def call(self, inputs: Any) -> Any:
        mask = self._mask_of(inputs)
        outputs = ops.where(mask[..., None], inputs, np.zeros((), inputs.dtype))
        outputs._keras_mask = mask
        return outputs

    def pack(self, x: np.ndarray) -> Rows:
        return Rows.view(x, self._mask_of(x))

    def on_rows(self, rows: Rows) -> Any:
        if rows.ndim != 3 or self._unmasks(rows):
            return NotImplemented
        layout, source = rows.layout, rows.source
        values = source.array if source.index is None else rows.values[: layout.steps]
        keep = self._mask_of(values)
        if (rows.is_ragged or layout.full) and np.logical_and.reduce(keep):
            return rows
        layout, kept = layout.select(keep)
        return Rows(None, layout, source=Source(values, kept))

    def _unmasks(self, rows: Rows) -> bool:
        """True if a masked cell would become a real step: the mask is replaced, not combined."""
        layout = rows.layout
        if rows.is_ragged or layout.full:
            return False
        return rows.carry or bool(self._mask_of(rows.values[layout.steps :]).any())

    def _mask_of(self, x: np.ndarray) -> np.ndarray:
        if x.ndim < 2:
            raise ValueError(f"inputs must have a features axis, got shape {x.shape}")
        steps = np.asarray(x).reshape(-1, x.shape[-1])
        return _kernels.mask_from_values(steps, self.mask_value).reshape(x.shape[:-1])

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    @property
    def mask_role(self) -> str:
        return "makes"

    def compute_output_dtype(self, inputs: Any) -> str:
        return str(inputs.dtype)
