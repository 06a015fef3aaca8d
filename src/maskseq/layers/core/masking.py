"""Masking: steps whose features all equal a value are masked."""

import math
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from ... import _kernels, ops
from ...given import as_array
from ...given.notices import warn
from ...graph import recorded_masks
from ...graph.symbols import KerasTensor
from ...rows import Rows, Source
from ...tape import Traced, packed
from ...tensor import as_numpy, to_float32
from ..base.arguments import LayerOptions
from ..base.elementwise import SameShape

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Masking(SameShape):
    """Mask the steps where every feature equals `mask_value`; their output is zeros.

    NaN equals nothing. A mask that the input carries is replaced, not combined; but ragged data has
    no masked cells, and none become real.

    Parameters
    ----------
    mask_value : float or array_like, default 0.0
        A number, or one for each feature: a list or array (features,), or what broadcasts to a
        sample. It is rounded to float32; infinities are values like others.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    TypeError
        If `mask_value` is neither a number nor an array of them.
    ValueError
        For inputs of one axis, or that `mask_value` does not fit.

    See Also
    --------
    Embedding : The mask of ids, by `mask_zero`.
    maskseq.Ragged : Data without padding.

    Notes
    -----
    A call takes and gives:

    inputs
        (batch, time, features) or any rank >= 2; features are the last axis.
    returns
        The inputs with masked steps 0; its mask is any(inputs != mask_value, axis=-1).

    Source: keras.layers.Masking.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> x = np.array([[[1.0, 2.0], [0.0, 0.0], [3.0, 4.0]]])
    >>> maskseq.get_keras_mask(layers.Masking()(x)).tolist()
    [[True, False, True]]
    """

    input_axes = "(batch, time, ...)"
    packs = 3

    def __init__(self, mask_value: "float | ArrayLike" = 0.0, **kwargs: Unpack[LayerOptions]):
        super().__init__(**kwargs)
        self.mask_value = _checked_value(mask_value)
        self.built = type(self) is Masking and isinstance(self.mask_value, float)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        sizes = np.shape(self.mask_value)
        for wanted, got in zip(reversed(sizes), reversed(input_shape), strict=False):
            if wanted not in (1, got) and got is not None:
                raise ValueError(
                    f"mask_value has shape {sizes}, which does not fit inputs {tuple(input_shape)}"
                )
        return tuple(input_shape)

    def call(self, inputs: Any) -> Any:
        mask = self._mask_of(inputs)
        outputs = ops.where(mask[..., None], inputs, np.zeros((), inputs.dtype))
        outputs._keras_mask = mask
        return outputs

    def pack(self, x: np.ndarray) -> Rows:
        return Rows.view(x, self._mask_of(x))

    def on_rows(self, rows: Rows) -> Any:
        if rows.ndim != 3 or np.ndim(self.mask_value) > 1 or self._unmasks(rows):
            return NotImplemented
        layout, source = rows.layout, rows.source
        values = source.array if source.index is None else rows.values[: layout.steps]
        keep = self._mask_of(values)
        if (rows.is_ragged or layout.full) and np.logical_and.reduce(keep):
            return rows
        layout, kept = layout.select(keep)
        return Rows(None, layout, source=Source(values, kept))

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        held = inputs.value
        if type(held) is not Rows:
            plain = as_numpy(held)
            if plain.ndim == self.packs:
                return packed(inputs, self._mask_of(plain))
            outputs = tape.hold(ops.where(self._mask_of(plain)[..., None], inputs, np.float32(0)))
            outputs._keras_mask = self._mask_of(plain)
            return outputs
        rows = self.on_rows(held)
        if rows is held or rows is NotImplemented:
            return inputs if rows is held else rows
        kept, steps = rows.source.index, held.layout.steps

        def backward(d: np.ndarray, wanted: Any) -> list[np.ndarray]:
            whole = np.zeros((steps, *d.shape[1:]), np.float32)
            whole[kept] = d[: len(kept)]
            return [whole]

        return tape.record(rows, [inputs], backward)

    def _unmasks(self, rows: Rows) -> bool:
        """True if a masked cell would become a real step: the mask is replaced, not combined."""
        layout = rows.layout
        if rows.is_ragged or layout.full:
            return False
        return rows.carry or bool(self._mask_of(rows.values[layout.steps :]).any())

    def _mask_of(self, x: np.ndarray) -> np.ndarray:
        if x.ndim < 2:
            raise ValueError(f"inputs must have a features axis, got shape {x.shape}")
        if isinstance(self.mask_value, np.ndarray):
            self.compute_output_shape(x.shape)
            return (np.asarray(x, np.float32) != self.mask_value).any(axis=-1)
        steps = np.asarray(x).reshape(math.prod(x.shape[:-1]), x.shape[-1])
        return _kernels.mask_from_values(steps, self.mask_value).reshape(x.shape[:-1])

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        value = self._written_value()
        if isinstance(inputs, KerasTensor) and not isinstance(value, list):
            return recorded_masks.any_feature(recorded_masks.not_equal(inputs, value))
        return ops.any(ops.not_equal(inputs, value), axis=-1)

    @property
    def mask_role(self) -> str:
        return "makes"

    def compute_output_dtype(self, inputs: Any) -> str:
        return str(inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self._written_value()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Masking":
        return cls(**config)

    def _written_value(self) -> Any:
        """mask_value as a number or lists of numbers."""
        value = self.mask_value
        return value.tolist() if isinstance(value, np.ndarray) else value


def _checked_value(mask_value: Any) -> float | np.ndarray:
    """A number, or a read-only float32 array of at least one axis."""
    if isinstance(mask_value, dict):  # a tensor as a config of Keras has it
        config = mask_value.get("config")
        mask_value = config.get("value") if isinstance(config, dict) else mask_value
    value = as_array(mask_value, "mask_value")
    if value.dtype.kind not in "biuf" or not value.size:
        raise TypeError(f"Masking: mask_value must be a number or an array, got {mask_value!r:.60}")
    if np.isnan(value).any():
        warn("Masking: mask_value has NaN, which equals nothing, so that no step is masked")
    single = to_float32(np.asarray(value, np.float64), "Masking: mask_value")
    if value.ndim == 0:
        return float(value)
    single.flags.writeable = False
    return single
