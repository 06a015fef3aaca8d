"""The transformer block of train_peers, as a model for maskseq and Keras, and for PyTorch."""

import math
from typing import Any

import numpy as np

HEADS = 8


def shapes(features: int, units: int, outputs: int) -> list[tuple[int, ...]]:
    """Those of the weights, as Keras orders them."""
    width = features // HEADS
    into_heads = [(features, HEADS, width), (HEADS, width)]
    norm = [(features,), (features,)]
    dense = [(features, units), (units,), (units, features), (features,)]
    attention = [*into_heads * 3, (HEADS, width, features), (features,)]
    return [*attention, *norm, *dense, *norm, (features, outputs), (outputs,)]


def fmas(features: int, units: int, outputs: int, lengths: np.ndarray) -> float:
    """Forward, weights' gradients, and those of what is no data, of the real steps."""
    rows, pairs = float(lengths.sum()), float((lengths**2).sum())
    dense = 3 * (features * features + 2 * features * units + features * outputs)
    return rows * (dense + 2 * 3 * features * features) + 6 * features * pairs


def model(package: Any, work: Any, masking: bool) -> Any:
    """The block, and a dense layer over each step. The attention layer is one that leaves masks."""
    layers = package.layers
    x = given = package.Input((None, work.features))
    if masking:
        x = layers.Masking(0.0)(x)
    heads = layers.GroupQueryAttention(work.features // HEADS, HEADS, HEADS)(x, x)
    x = layers.LayerNormalization()(layers.Add()([x, heads]))
    inner = layers.Dense(work.units, activation="relu")(x)
    x = layers.LayerNormalization()(layers.Add()([x, layers.Dense(work.features)(inner)]))
    return package.Model(given, layers.Dense(work.outputs)(x))


def torch_net(work: Any, lengths: np.ndarray, real: np.ndarray, on_rows: bool) -> Any:
    """A module of padded x that gives the answers of the real steps.

    on_rows: it takes the real steps first, and then attends sequence by sequence.
    """
    import torch

    attend = torch.nn.functional.scaled_dot_product_attention
    is_real, counts = torch.from_numpy(real), lengths.tolist()
    d = work.features

    class Block(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.to_heads, self.from_heads = torch.nn.Linear(d, 3 * d), torch.nn.Linear(d, d)
            self.norm = torch.nn.LayerNorm(d, eps=1e-3)
            self.wide, self.back = torch.nn.Linear(d, work.units), torch.nn.Linear(work.units, d)
            self.last_norm = torch.nn.LayerNorm(d, eps=1e-3)
            self.head = torch.nn.Linear(d, work.outputs)

        def attend_rows(self, qkv: Any) -> Any:
            found = []
            for part in qkv.split(counts):
                q, k, v = part.view(1, -1, 3, HEADS, d // HEADS).permute(2, 0, 3, 1, 4)
                found.append(attend(q, k, v)[0].transpose(0, 1).reshape(-1, d))
            return torch.cat(found)

        def attend_padded(self, qkv: Any) -> Any:
            batch, time = qkv.shape[:2]
            q, k, v = qkv.view(batch, time, 3, HEADS, d // HEADS).permute(2, 0, 3, 1, 4)
            heads = attend(q, k, v, attn_mask=is_real[:, None, None])
            return heads.transpose(1, 2).reshape(batch, time, d)

        def forward(self, x: Any) -> Any:
            x = x[is_real] if on_rows else x
            qkv = self.to_heads(x)
            heads = self.attend_rows(qkv) if on_rows else self.attend_padded(qkv)
            x = self.norm(x + self.from_heads(heads))
            x = self.last_norm(x + self.back(torch.relu(self.wide(x))))
            return self.head(x if on_rows else x[is_real])

    return Block()


def _in_order(net: Any, features: int) -> list[tuple[Any, Any, tuple[int, ...]]]:
    """(parameter, its part, the shape that Keras gives it) of each weight."""
    width, whole = features // HEADS, slice(None)
    found: list[Any] = []
    for i in range(3):
        part = slice(i * features, (i + 1) * features)
        found.append((net.to_heads.weight, part, (features, HEADS, width)))
        found.append((net.to_heads.bias, part, (HEADS, width)))
    found.append((net.from_heads.weight, whole, (HEADS, width, features)))
    found.append((net.from_heads.bias, whole, (features,)))
    for layer in (net.norm, net.wide, net.back, net.last_norm, net.head):
        for parameter in (layer.weight, layer.bias):
            found.append((parameter, whole, tuple(reversed(parameter.shape))))
    return found


def into_torch(net: Any, features: int, weights: list[np.ndarray]) -> None:
    import torch

    with torch.no_grad():
        for (parameter, part, _), value in zip(_in_order(net, features), weights, strict=True):
            matrix = parameter[part]
            rows = matrix.shape[-1]
            turned = value.reshape(rows, -1).T if matrix.ndim == 2 else value.reshape(rows)
            matrix.copy_(torch.from_numpy(np.ascontiguousarray(turned)))


def out_of_torch(net: Any, features: int) -> list[np.ndarray]:
    parts = _in_order(net, features)
    return [parameter.grad.numpy()[part].T.reshape(shape) for parameter, part, shape in parts]


def spread(shape: tuple[int, ...]) -> float:
    """The standard deviation of first weights: what goes through heads stays of one size."""
    return 1 / math.sqrt(shape[0]) if len(shape) > 1 else 0.05
