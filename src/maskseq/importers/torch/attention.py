"""nn.MultiheadAttention: one matrix for queries, keys and values, or three. torch.nn, 2.13."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .sources import Part

Found = Iterator[tuple[Any, np.ndarray]]
_SIDES = ("query", "key", "value")


def multi_head(layer: Any, part: Part) -> Found:
    """The weights of a MultiHeadAttention: those of each head are rows of PyTorch's matrices."""
    if layer.use_gate or layer.value_dim != layer.key_dim:
        raise ValueError(f"{part.who}: expected value_dim = key_dim and no gate, as in PyTorch")
    heads, width = layer.num_heads, layer.key_dim
    features = heads * width
    weights = side_weights(part, features)
    biases = _side_biases(part, features) if layer.use_bias else None
    if not layer.built:
        sizes = [(None, None, w.shape[1]) for w in weights]
        layer.build(sizes[0], sizes[2], sizes[1])
        layer.built = True
    for number, side in enumerate(_SIDES):
        dense, weight = getattr(layer, f"{side}_dense"), weights[number]
        if dense.kernel.shape != (weight.shape[1], heads, width):
            raise ValueError(
                f"{part.who}: the {side}'s weights must have {dense.kernel.shape[0]} columns, got "
                f"{weight.shape[1]}"
            )
        yield dense.kernel, weight.T.reshape(-1, heads, width)
        if biases is not None:
            yield dense.bias, biases[number].reshape(heads, width)
    out = layer.output_dense
    outputs = out.kernel.shape[-1]
    weight = part.get("out_proj.weight", (outputs, features))
    yield out.kernel, weight.T.reshape(heads, width, outputs)
    if biases is not None:
        yield out.bias, part.get("out_proj.bias", (outputs,))


def side_weights(part: Part, features: int | None = None) -> list[np.ndarray]:
    """The matrices (embed_dim, features) of query, key and value."""
    if "in_proj_weight" in part or "q_proj_weight" not in part:
        rows = None if features is None else 3 * features
        return np.split(part.get("in_proj_weight", (rows, None)), 3)
    return [part.get(f"{side[0]}_proj_weight", (features, None)) for side in _SIDES]


def _side_biases(part: Part, features: int) -> list[np.ndarray]:
    return np.split(part.get("in_proj_bias", (3 * features,)), 3)
