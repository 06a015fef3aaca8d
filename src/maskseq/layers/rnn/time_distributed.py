"""TimeDistributed: a layer applied to every step by itself."""

import math
from typing import Any, Unpack

import numpy as np

from ... import ops
from ...graph.symbols import KerasTensor
from ...numerics.drawing import on_cells_of, on_rows_of
from ...rows import Rows
from ...tape import Traced, rows_like, values
from ...tensor import convert_to_tensor, get_keras_mask, set_keras_mask
from ..base.arguments import LayerOptions
from ..base.binding import training_option
from ..base.errors import naming_errors
from ..base.layer import Layer
from ..base.masks import check_mask
from ..base.one_tensor import OneTensor
from ..base.rules import ASKS_INNER
from ..base.taping import call_on_tape
from ..base.wrapper import Wrapper


class TimeDistributed(Wrapper, OneTensor):
    """Apply `layer` to each step, as if every step were a sample of its own.

    As in Keras the inner layer's `call` runs without its mask machinery, masked steps count as
    steps, and the mask of the input is the mask of the output. Inside a model only one masked step
    is computed, and stands for all. Under a mask_rule of Keras 2.2 to 2.15 the inner layer is
    called with its mask machinery; a mask that comes out goes on, and one of more axes that does
    not is reduced to (batch, time), True where any is.

    Parameters
    ----------
    layer : Layer
        The layer to wrap.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `layer` is no Layer. For inputs of fewer than three axes, and a mask that does not begin
        with (batch, time); what the inner layer raises.

    See Also
    --------
    Dense, Bidirectional

    Notes
    -----
    A call takes and gives:

    inputs
        (batch, time, ...).
    mask
        (batch, time, ...); an inner layer with a `mask` argument gets mask[:, t] if that has axes
        of its own, as a mask of sequences of sequences has. One of (batch, time) says nothing about
        the inside of a step.
    returns
        (batch, time, ...).

    Source: keras.layers.TimeDistributed.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.TimeDistributed(layers.Dense(8))(np.ones((2, 3, 4))).shape
    (2, 3, 8)
    """

    input_axes = "(batch, time, ..., features)"
    supports_masking = True
    reads_masked = "own"

    def __init__(self, layer: Layer, **kwargs: Unpack[LayerOptions]):
        super().__init__(layer, **kwargs)
        self._fixed_batch = False

    def build(self, inputs_shape: Any) -> None:
        self._fixed_batch = inputs_shape[0] is not None
        if not self.layer.built:
            self.layer.build((inputs_shape[0], *inputs_shape[2:]))

    @property
    def _asks(self) -> bool:
        """True if the mask that the inner layer makes goes on; Keras 2 needs an unknown batch."""
        passes = type(self.layer).compute_mask is Layer.compute_mask
        return self.mask_rule in ASKS_INNER and not passes and not self._fixed_batch

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> np.ndarray:
        batch, time = inputs.shape[:2]
        mask, options = self._checked(mask, (batch, time))
        options |= training_option(self.layer)
        steps = np.asarray(inputs).reshape(batch * time, *inputs.shape[2:])
        with on_cells_of((batch, time), mask), naming_errors(self.layer):
            if self._asks:
                return self._with_inner_mask(self.layer(steps, **options), mask, (batch, time))
            outputs = np.asarray(self.layer.call(steps, **options))
        return outputs.reshape(batch, time, *outputs.shape[1:])

    def _checked(self, mask: Any, steps: tuple[int, int]) -> tuple[Any, dict[str, Any]]:
        """A mask of (batch, time, ...), and what the inner layer gets of it."""
        if mask is None:
            return None, {}
        mask = check_mask(mask, (*steps, *np.shape(mask)[2:]), of_each=False)
        if mask.ndim < 3 or "mask" not in self.layer.call_parameters():
            return mask, {}
        return mask, {"mask": mask.reshape(math.prod(steps), *mask.shape[2:])}

    def _with_inner_mask(self, outputs: Any, mask: Any, steps: tuple[int, int]) -> Any:
        """What the inner layer put out for all steps, with its mask, else that of the steps."""
        inner = get_keras_mask(outputs)
        if inner is not None:
            mask = inner.reshape(*steps, *inner.shape[1:])
        elif mask is not None and mask.ndim > 2:
            mask = mask.any(axis=tuple(range(2, mask.ndim)))
        whole = convert_to_tensor(np.asarray(outputs).reshape(*steps, *outputs.shape[1:]))
        set_keras_mask(whole, mask)
        return whole

    def on_rows(self, rows: Rows) -> Any:
        if rows.ndim < 3 or self._asks:
            return NotImplemented
        with on_rows_of(rows.layout, len(rows.values)), naming_errors(self.layer):
            values = self.layer.call(rows.values, **training_option(self.layer))
        return rows.with_values(np.asarray(values))

    def on_tape(self, tape: Any, inputs: Traced, mask: Any = None) -> Any:
        if self._asks:
            return NotImplemented
        rows = inputs.value
        if type(rows) is Rows:
            if rows.ndim < 3:
                return NotImplemented
            with on_rows_of(rows.layout, len(rows.values)), naming_errors(self.layer):
                return rows_like(rows, call_on_tape(self.layer, tape, values(inputs)))
        batch, time = inputs.shape[:2]
        mask, options = self._checked(mask, (batch, time))
        steps = inputs.reshape(batch * time, *inputs.shape[2:])
        with on_cells_of((batch, time), mask), naming_errors(self.layer):
            outputs = call_on_tape(self.layer, tape, tape.hold(steps), **options)
        return outputs.reshape(batch, time, *outputs.shape[1:])

    def compute_mask(self, inputs: Any, mask: Any) -> Any:
        if self._asks and isinstance(inputs, KerasTensor):
            raise TypeError(f"the mask is known when '{self.layer.name}' runs")
        if self.mask_rule in ASKS_INNER and mask is not None and not self.layer.supports_masking:
            for _ in range(2, mask.ndim):
                mask = ops.any(mask, axis=-1)
        return mask

    @property
    def mask_role(self) -> str:
        return "passes"

    def compute_output_shape(self, inputs_shape: Any) -> tuple:
        batch, time, *features = inputs_shape
        return (batch, time, *self.layer.compute_output_shape((batch, *features))[1:])
