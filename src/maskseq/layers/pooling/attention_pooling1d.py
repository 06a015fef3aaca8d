"""AttentionPooling1D: a weighted mean of the real steps, with weights that each step earns."""

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from ... import _kernels, activations
from ...context import changed
from ...initializers import checked
from ...numerics import reductions
from ...numerics.products import column_sums
from ...rows import Layout, Rows
from ...tape import Traced, packed, real_values
from ..base.arguments import LayerOptions
from ..base.masks import check_mask
from ..base.packing import PackingLayer
from ..base.recorded import parted, product_on_tape


class AttentionPooling1D(PackingLayer):
    """sum_t softmax_t(context . activation(x_t kernel + bias)) x_t over the real steps.

    Parameters
    ----------
    units : int, optional
        Width of the projection that is scored; None = score x_t itself.
    activation : str, callable or None, default "tanh"
        Name or function, for the projection.
    kernel_initializer : str, dict or Initializer, default "glorot_uniform"
        First values of `kernel`.
    bias_initializer : str, dict or Initializer, default "zeros"
        First values of `bias`.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `units` is not a positive int. For inputs without three axes or with other features than
        the first ones, and for a mask that is not (batch, time).

    See Also
    --------
    GlobalAveragePooling1D, LastStep, Attention

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, time, features).
    mask
        bool (batch, time); None = all real. It ends here.
    return_attention_scores
        Also return the weights.
    returns
        (batch, features), zeros for a sequence without real steps; with return_attention_scores
        also (batch, time), 0 at masked steps.

    Weights: with units kernel float32 (features, units), bias (units,); context (units or
    features,).

    Source: Yang et al. 2016, Hierarchical Attention Networks. Not in Keras.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.AttentionPooling1D(units=8)(np.ones((2, 3, 4))).shape
    (2, 4)
    """

    input_axes = "(batch, time, features)"
    supports_masking = True
    reads_masked = "none"

    if TYPE_CHECKING:

        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def __init__(
        self,
        units: int | None = None,
        activation: Any = "tanh",
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        if units is not None and (not isinstance(units, (int, np.integer)) or units <= 0):
            raise ValueError(f"AttentionPooling1D: units must be a positive int, got {units!r}")
        self.units, self.activation = units, activations.get(activation)
        self.kernel_initializer = checked(kernel_initializer, "kernel_initializer")
        self.bias_initializer = checked(bias_initializer, "bias_initializer")

    def build(self, input_shape: Any) -> None:
        width = input_shape[-1]
        if self.units is not None:
            shape = (width, self.units)
            self.kernel = self.add_weight(shape, self.kernel_initializer, name="kernel")
            self.bias = self.add_weight((self.units,), self.bias_initializer, name="bias")
            width = self.units
        self.context = self.add_weight((width,), self.kernel_initializer, name="context")

    def call(self, inputs: Any, mask: Any = None, return_attention_scores: bool = False) -> Any:
        x = np.asarray(inputs, np.float32)
        mask = None if mask is None else check_mask(mask, x.shape[:2])
        return self.on_rows(Rows.view(x, mask), return_attention_scores)

    def on_rows(self, rows: Rows, return_attention_scores: bool = False) -> Any:
        layout, values = rows.layout, rows.values[: rows.layout.steps]
        keys = values if self.units is None else self._projected(values)
        result = _kernels.attention(
            *self._sides(layout, keys, values),
            scale=1.0,
            key_steps=layout.cells % max(layout.time, 1),
            scores_time=(1, layout.time) if return_attention_scores else None,
        )
        if not isinstance(result, tuple):
            return result[:, 0]
        outputs, scores = result
        return outputs[:, 0], scores[:, 0, 0]

    def _sides(self, layout: Layout, keys: np.ndarray, values: np.ndarray) -> tuple[Any, ...]:
        """What the kernel of attention gets: a query a sequence, and where the rows are."""
        query = np.broadcast_to(self.context.value, (layout.batch, 1, keys.shape[1]))
        offsets = np.arange(layout.batch + 1), layout.offsets
        return query, keys[:, None], values[:, None], *offsets

    def on_tape(
        self, tape: Any, inputs: Traced, mask: Any = None, return_attention_scores: bool = False
    ) -> Any:
        x = inputs if type(inputs.value) is Rows else packed(inputs, mask)
        values, layout = real_values(x), x.value.layout
        keys = values
        if self.units is not None:
            weights = self.packed(), self.kernel, self.bias
            keys = product_on_tape(values, *weights, (self.units,), self.activation)
        sides = self._sides(layout, keys.value, values.value)
        with changed(tape=None):
            result = self.on_rows(x.value, return_attention_scores)

        def backward(d: Any, wanted: Any) -> list[np.ndarray]:
            d, d_scores = parted(d, result[0], return_attention_scores)
            dq, dk, dv = _kernels.attention_backward(d[:, None], *sides, scale=1.0)
            d_context, d_keys = reductions.reduce(dq, "sum", (0, 1)), dk[:, 0]
            if d_scores is not None:
                more = self._through_scores(layout, keys.value, result[1], d_scores)
                d_context, d_keys = d_context + more[0], d_keys + more[1]
            return [d_context, d_keys, dv[:, 0]]

        made = list(result) if return_attention_scores else result
        outputs = tape.record(made, [self.context, keys, values], backward)
        return tuple(outputs) if return_attention_scores else outputs

    def _through_scores(
        self, layout: Layout, keys: np.ndarray, scores: np.ndarray, d_scores: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The gradients of the context and the keys from that of the scores (batch, time)."""
        p, d = (x.reshape(-1, 1)[layout.cells] for x in (scores, d_scores))
        d = p * (d - np.repeat(_kernels.sum_rows(p * d, layout.offsets), layout.lengths, axis=0))
        return column_sums(d * keys), d * self.context.value

    def _projected(self, values: np.ndarray) -> np.ndarray:
        fused = activations.kernel_name(self.activation)
        keys = _kernels.dense(values, self.packed(), activation=fused or "linear")
        return keys if fused else self.activation(keys)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None

    @property
    def mask_role(self) -> str:
        return "uses"
