"""PyTorch: packed sequences made beforehand; a plain padded batch where nothing is padded."""

import torch
from torch.nn.functional import linear, scaled_dot_product_attention
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.set_num_threads(2)
torch.set_grad_enabled(False)


def version() -> str:
    return f"torch {torch.__version__}"


def tensor(array):
    return torch.from_numpy(array)


def recurrent(work, data):
    """nn.LSTM or nn.GRU with Keras's weights: transposed, GRU gates r z n for z r h."""
    make = torch.nn.GRU if work.kind == "gru" else torch.nn.LSTM
    layer = make(
        work.features, work.units, batch_first=True, bidirectional=work.kind == "bilstm"
    ).eval()

    def gates(weights):
        if work.kind != "gru":
            return tensor(weights)
        z, r, h = tensor(weights).chunk(3, -1)
        return torch.cat([r, z, h], -1)

    for prefix, suffix in (("", ""), ("back_", "_reverse")):
        if prefix + "kernel" not in data:
            continue
        bias = data[prefix + "bias"].reshape(-1, data[prefix + "bias"].shape[-1])
        getattr(layer, "weight_ih_l0" + suffix).copy_(gates(data[prefix + "kernel"]).T)
        getattr(layer, "weight_hh_l0" + suffix).copy_(gates(data[prefix + "recurrent"]).T)
        getattr(layer, "bias_ih_l0" + suffix).copy_(gates(bias[0]))
        getattr(layer, "bias_hh_l0" + suffix).copy_(
            gates(bias[1]) if len(bias) > 1 else 0 * gates(bias[0])
        )
    return layer


def prepare(work, data):
    if work.kind in ("lstm", "gru", "bilstm", "text"):
        layer = recurrent(work, data)
        lengths = tensor(data["lengths"])
        if work.kind == "text":
            return text(work, data, layer, lengths)
        x = tensor(data["x"])
        if work.lengths != "full":
            x = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)

        def call():
            output, state = layer(x)
            if not work.sequences:
                return (state if work.kind == "gru" else state[0])[0].numpy()
            if work.lengths == "full":
                return output.numpy()
            return pad_packed_sequence(output, batch_first=True, total_length=work.time)[0].numpy()

        return call
    if work.kind == "softmax":
        x, keep = tensor(data["x"]), tensor(data["mask"])[:, None, None, :]
        return lambda: torch.softmax(x.masked_fill(~keep, float("-inf")), -1).numpy()
    if work.kind == "attention":
        return attention(data)
    raise NotImplementedError("no such function")


def text(work, data, layer, lengths):
    table, ids = tensor(data["table"]), tensor(data["ids"]).long()
    dense, bias = tensor(data["dense"]), tensor(data["dense_bias"])

    def call():
        x = torch.nn.functional.embedding(ids, table)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return (layer(packed)[1][0][0] @ dense + bias).numpy()

    return call


def attention(data):
    x, keep = tensor(data["x"]), tensor(data["mask"])[:, None, None, :]
    batch, time, features = x.shape
    heads, width = data["query_bias"].shape
    weights = {
        n: (tensor(data[n].reshape(features, -1).T.copy()), tensor(data[n + "_bias"].reshape(-1)))
        for n in ("query", "key", "value")
    }
    output = tensor(data["output"].reshape(-1, features).T.copy()), tensor(data["output_bias"])

    def call():
        q, k, v = (
            linear(x, *weights[n]).view(batch, time, heads, width).transpose(1, 2)
            for n in ("query", "key", "value")
        )
        y = scaled_dot_product_attention(q, k, v, attn_mask=keep)
        return linear(y.transpose(1, 2).reshape(batch, time, -1), *output).numpy()

    return call
