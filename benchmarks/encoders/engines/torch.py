"""PyTorch: nn.TransformerEncoder padded and with nested tensors, and a hand-written one on rows."""

import warnings

import numpy as np
import torch
from torch.nn.functional import gelu, layer_norm, linear, scaled_dot_product_attention

from ..works import EPSILON, THREADS

warnings.filterwarnings("ignore")
torch.set_grad_enabled(False)
torch.set_num_threads(THREADS)


def version() -> str:
    return f"torch {torch.__version__}"


def tensor(array):
    return torch.from_numpy(np.ascontiguousarray(array))


def module_of(encoder, data, nested):
    layer = torch.nn.TransformerEncoderLayer(
        encoder.features,
        encoder.heads,
        4 * encoder.features,
        dropout=0.0,
        activation="gelu",
        layer_norm_eps=EPSILON,
        batch_first=True,
    )
    module = torch.nn.TransformerEncoder(layer, encoder.layers, enable_nested_tensor=nested).eval()
    for made, w in zip(module.layers, data["layers"], strict=True):
        attention = made.self_attn
        attention.in_proj_weight.copy_(tensor(np.concatenate([w["w" + s].T for s in "qkv"])))
        attention.in_proj_bias.copy_(tensor(np.concatenate([w["b" + s] for s in "qkv"])))
        for linear_, name in (
            (attention.out_proj, "o"),
            (made.linear1, "1"),
            (made.linear2, "2"),
        ):
            linear_.weight.copy_(tensor(w["w" + name].T))
            linear_.bias.copy_(tensor(w["b" + name]))
        for norm, name in ((made.norm1, "norm1"), (made.norm2, "norm2")):
            norm.weight.copy_(tensor(w[name][0]))
            norm.bias.copy_(tensor(w[name][1]))
    return module


def forms(encoder, data):
    table, ids = tensor(data["table"]), tensor(data["ids"]).long()
    mask = tensor(data["mask"])
    padded, nested = (module_of(encoder, data, flag) for flag in (False, True))
    full = bool(mask.all())
    keep = None if full else ~mask

    def by_module(module):
        return lambda: module(table[ids], src_key_padding_mask=keep)

    real = data["mask"]

    def take(y):  # nested tensors come back as long as the longest text
        return y.numpy()[real] if y.ndim == 3 else y.numpy()

    calls = {"padded": by_module(padded), "rows by hand": rows_by_hand(encoder, data, table)}
    if not full:
        calls["nested"] = by_module(nested)
    return {**calls, "real": take}


def rows_by_hand(encoder, data, table):
    """Products over real rows only, attention text by text."""
    ids = tensor(data["ids"][data["mask"]]).long()
    lengths, heads = data["lengths"].tolist(), encoder.heads
    shape = (encoder.features,)
    layers = []
    for w in data["layers"]:
        made = {n: tensor(w["w" + n].T) for n in "o12"}
        made.update({"b" + n: tensor(w["b" + n]) for n in "o12"})
        made["qkv"] = tensor(np.concatenate([w["w" + s].T for s in "qkv"]))
        made["bqkv"] = tensor(np.concatenate([w["b" + s] for s in "qkv"]))
        made.update({n: tuple(map(tensor, w[n])) for n in ("norm1", "norm2")})
        layers.append(made)

    def call():
        x = table[ids]
        for w in layers:
            qkv = linear(x, w["qkv"], w["bqkv"]).view(len(x), 3, heads, -1)
            parts = []
            for part in qkv.split(lengths):
                q, k, v = part.permute(1, 2, 0, 3).unsqueeze(1)
                parts.append(scaled_dot_product_attention(q, k, v)[0].transpose(0, 1))
            y = linear(torch.cat(parts).reshape(len(x), -1), w["o"], w["bo"])
            x = layer_norm(x + y, shape, *w["norm1"], EPSILON)
            h = linear(gelu(linear(x, w["1"], w["b1"])), w["2"], w["b2"])
            x = layer_norm(x + h, shape, *w["norm2"], EPSILON)
        return x

    return call
