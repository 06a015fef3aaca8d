"""Layers whose weights need turning at most: nn.Embedding, Linear, LayerNorm, Conv1d, BatchNorm1d.

Source: torch.nn.modules, version 2.13.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...given.notices import warn
from ...layers import (
    BatchNormalization,
    Conv1D,
    Dense,
    Embedding,
    LayerNormalization,
    TimeDistributed,
)
from ...layers.base.layer import Layer
from .sources import Part

Found = Iterator[tuple[Any, np.ndarray]]
_EPSILON = 1e-5
"""PyTorch's default in its normalizations; Keras's is 1e-3."""


def embedding(layer: Any, part: Part) -> Found:
    shape = layer.input_dim, layer.output_dim
    table = part.get("weight", shape)
    if not layer.built:
        layer.build(None)
    yield layer.embeddings, table


def linear(layer: Any, part: Part) -> Found:
    features = layer.kernel.shape[0] if layer.built else None
    weight = part.get("weight", (layer.units, features))
    if not layer.built:
        layer.build((None, weight.shape[1]))
    yield layer.kernel, weight.T
    yield from _bias(layer, part, layer.units)


def layer_norm(layer: Any, part: Part) -> Found:
    if layer.rms_scaling or layer.axis not in (-1, [-1]):
        raise ValueError(f"{part.who}: expected axis=-1 without rms_scaling, as in PyTorch")
    _tell_epsilon(layer, part)
    weight = part.get("weight", (None,)) if layer.scale else None
    bias = part.get("bias", (None,)) if layer.center else None
    found = weight if bias is None else bias
    if not layer.built:
        if found is None:
            raise ValueError(f"{part.who}: it has no weights to load")
        layer.build((None, None, len(found)))
    for name, value, variable in (("weight", weight, layer.gamma), ("bias", bias, layer.beta)):
        if value is not None:
            yield variable, part.get(name, variable.shape)


def batch_norm(layer: Any, part: Part) -> Found:
    _tell_epsilon(layer, part)
    mean = part.get("running_mean", (None,))
    if not layer.built:
        layer.build((None, None, len(mean)))
    pairs = [("running_mean", layer.moving_mean), ("running_var", layer.moving_variance)]
    pairs += [("weight", layer.gamma)] if layer.scale else []
    pairs += [("bias", layer.beta)] if layer.center else []
    part.skip("num_batches_tracked")
    for name, variable in pairs:
        yield variable, part.get(name, variable.shape)


def conv1d(layer: Any, part: Part) -> Found:
    features = layer.kernel.shape[1] if layer.built else None
    weight = part.get("weight", (layer.filters, features, layer.kernel_size))
    if not layer.built:
        layer.build((None, None, weight.shape[1] * layer.groups))
    yield layer.kernel, weight.transpose(2, 1, 0)
    yield from _bias(layer, part, layer.filters)


def time_distributed(layer: Any, part: Part) -> Found:
    convert = PLAIN.get(type(layer.layer))
    if convert is None:
        raise TypeError(f"{part.who}: a {type(layer.layer).__name__} inside it is not known")
    yield from convert(layer.layer, part)


def _bias(layer: Any, part: Part, size: int) -> Found:
    if layer.use_bias:
        yield layer.bias, part.get("bias", (size,))


def _tell_epsilon(layer: Any, part: Part) -> None:
    """The dict does not have it, and the defaults differ."""
    if layer.epsilon == 1e-3:
        warn(
            f"{part.who} has epsilon=0.001, Keras's default; PyTorch's is {_EPSILON}. Write "
            f"epsilon={_EPSILON} where the layer is made, unless the weights were trained with it"
        )


PLAIN: dict[type[Layer], Any] = {
    Embedding: embedding,
    Dense: linear,
    LayerNormalization: layer_norm,
    BatchNormalization: batch_norm,
    Conv1D: conv1d,
    TimeDistributed: time_distributed,
}
