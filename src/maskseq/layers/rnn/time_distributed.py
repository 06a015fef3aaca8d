"""TimeDistributed: a layer applied to every step by itself."""

from typing import Any

import numpy as np

from ...rows import Rows
from ..base.binding import training_option
from ..base.layer import Layer
from ..base.masks import check_mask
from ..base.registry import deserialize_layer, serialize_layer


class TimeDistributed(Layer):
    """Apply `layer` to each step, as if every step were a sample of its own.

    As in Keras the inner layer's `call` runs without its mask machinery, masked steps count as
    steps, and the mask of the input is the mask of the output. Inside a model only one masked step
    is computed, and stands for all.

    Call arguments: inputs: (batch, time, ...).  mask: (batch, time, ...); an inner layer with a
        `mask` argument gets mask[:, t] if that has axes of its own, as a mask of sequences of
        sequences has. One of (batch, time) says nothing about the inside of a step.
    Returns: (batch, time, ...).
    Source: keras.layers.TimeDistributed.
    """

    supports_masking = True
    reads_masked = "own"

    def __init__(self, layer: Layer, **kwargs: Any):
        if not isinstance(layer, Layer):
            raise ValueError(f"TimeDistributed: layer must be a Layer, got {layer!r}")
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, inputs_shape: Any) -> None:
        if len(inputs_shape) < 3:
            raise ValueError(f"inputs must have at least 3 axes, got shape {tuple(inputs_shape)}")
        if not self.layer.built:
            self.layer.build((inputs_shape[0], *inputs_shape[2:]))

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> np.ndarray:
        batch, time = inputs.shape[:2]
        options = {}
        if mask is not None:
            mask = check_mask(mask, (batch, time, *np.shape(mask)[2:]))
            if mask.ndim > 2 and "mask" in self.layer.call_parameters():
                options["mask"] = mask.reshape(batch * time, *mask.shape[2:])
        options |= training_option(self.layer)
        steps = np.asarray(inputs).reshape(batch * time, *inputs.shape[2:])
        outputs = np.asarray(self.layer.call(steps, **options))
        return outputs.reshape(batch, time, *outputs.shape[1:])

    def on_rows(self, rows: Rows) -> Any:
        if rows.ndim < 3:
            return NotImplemented
        values = self.layer.call(rows.values, **training_option(self.layer))
        return rows.with_values(np.asarray(values))

    @property
    def mask_role(self) -> str:
        return "passes"

    def compute_output_shape(self, inputs_shape: Any) -> tuple:
        batch, time, *features = inputs_shape
        return (batch, time, *self.layer.compute_output_shape((batch, *features))[1:])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": serialize_layer(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TimeDistributed":
        return cls(**{**config, "layer": deserialize_layer(config["layer"])})
