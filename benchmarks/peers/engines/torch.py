"""PyTorch: packed sequences made beforehand, and in buckets; padded where nothing is padded."""

import torch
from torch.nn.functional import embedding, layer_norm, linear, scaled_dot_product_attention
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from ..buckets import in_buckets
from ..works import EPSILON, RECURRENT

torch.set_num_threads(2)
torch.set_grad_enabled(False)


def version() -> str:
    return f"torch {torch.__version__}"


def tensor(array):
    return torch.from_numpy(array)


def module_of(work, data, prefixes):
    """nn.LSTM or nn.GRU with Keras's weights: transposed, GRU gates r z n for z r h."""
    make = torch.nn.GRU if work.gates == 3 else torch.nn.LSTM
    features = data[prefixes[0] + "kernel"].shape[0]
    layer = make(features, work.units, batch_first=True, bidirectional=len(prefixes) == 2).eval()

    def gates(weights):
        if work.gates != 3:
            return tensor(weights)
        z, r, h = tensor(weights).chunk(3, -1)
        return torch.cat([r, z, h], -1)

    for prefix, suffix in zip(prefixes, ("", "_reverse"), strict=False):
        bias = data[prefix + "bias"].reshape(-1, data[prefix + "bias"].shape[-1])
        getattr(layer, "weight_ih_l0" + suffix).copy_(gates(data[prefix + "kernel"]).T)
        getattr(layer, "weight_hh_l0" + suffix).copy_(gates(data[prefix + "recurrent"]).T)
        getattr(layer, "bias_ih_l0" + suffix).copy_(gates(bias[0]))
        getattr(layer, "bias_hh_l0" + suffix).copy_(
            gates(bias[1]) if len(bias) > 1 else 0 * gates(bias[0])
        )
    return layer


def forms(work, data):
    if work.kind in RECURRENT:
        return recurrent(work, data)
    if work.kind == "softmax":
        x, keep = tensor(data["x"]), tensor(data["mask"])[:, None, None, :]
        call = lambda: torch.softmax(x.masked_fill(~keep, float("-inf")), -1).numpy()  # noqa: E731
        return {"whole": call}
    if work.kind == "attention":
        calls = attention(data)
        return {"whole": calls(data), "in buckets": in_buckets(calls, data, True)}
    raise NotImplementedError("no such function")


def recurrent(work, data):
    if work.kind in ("step", "decoder"):
        return {"whole": step(work, data)}
    if work.kind == "speech":
        layers = [module_of(work, data, [prefix]) for prefix in work.recurrent]
    else:
        layers = [module_of(work, data, list(work.recurrent))]
    table, finish = tensor(data["table"]) if "table" in data else None, finish_of(work, data)

    def run(x):
        """x, packed or padded, through the layers: the last outputs and the last state."""
        for layer, prefix in zip(layers, work.recurrent, strict=False):
            x, state = layer(x)
            if work.kind == "speech":
                rows, *rest = x if isinstance(x, PackedSequence) else (x,)
                weights = tensor(data[prefix + "gamma"]), tensor(data[prefix + "beta"])
                rows = layer_norm(rows, (work.units,), *weights, EPSILON)
                x = PackedSequence(rows, *rest) if rest else rows
        return x, (state if work.gates == 3 else state[0])[0]

    def packed(batch):
        lengths = tensor(batch["lengths"])
        given = tensor(batch["ids"]).long() if table is not None else None
        steps = batch["mask"].shape[1]

        def pack(x):
            return pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)

        x = None if given is not None else pack(tensor(batch["x"]))  # made beforehand

        def call():
            y, last = run(pack(embedding(given, table)) if x is None else x)
            if work.sequences:
                last = pad_packed_sequence(y, batch_first=True, total_length=steps)[0]
            return finish(last, batch).numpy()

        return call

    def padded(batch):
        given = tensor(batch["ids"]).long() if table is not None else tensor(batch["x"])
        rows, ends = torch.arange(len(given)), tensor(batch["lengths"]) - 1

        def call():
            y, _ = run(embedding(given, table) if table is not None else given)
            return finish(y if work.sequences else y[rows, ends], batch).numpy()

        return call

    if not work.ragged:
        return {"padded": padded(data)}
    cut = (
        packed if len(work.recurrent) == 2 else padded
    )  # a padded batch would be read from its padding backwards
    return {"packed": packed(data), "in buckets": in_buckets(cut, data, work.sequences)}


def finish_of(work, data):
    """What comes behind the recurrent layers: (their outputs, batch) -> the answer."""
    if work.kind not in ("text", "crf"):
        return lambda y, batch: y
    dense, bias = tensor(data["dense"]), tensor(data["dense_bias"])
    if work.kind == "text":
        return lambda y, batch: y @ dense + bias
    weights = tuple(tensor(data[n]) for n in ("transitions", "start", "end"))
    return lambda y, batch: best_paths(y @ dense + bias, tensor(batch["mask"]), *weights)


def best_paths(scores, mask, transitions, start, end):
    """Viterbi's algorithm for a padded batch, as pytorch-crf does it: a step of all at a time."""
    batch, steps, _ = scores.shape
    best, came_from = start + scores[:, 0], []
    for t in range(1, steps):
        found, where = (best[:, :, None] + transitions).max(1)
        here = mask[:, t, None]
        best = torch.where(here, found + scores[:, t], best)
        came_from.append(torch.where(here, where, torch.arange(where.shape[1])))
    tags = [(best + end).argmax(1)]
    for where in reversed(came_from):
        tags.append(where.gather(1, tags[-1][:, None])[:, 0])
    return torch.stack(tags[::-1], 1) * mask


def step(work, data):
    layer = module_of(work, data, [""])
    states = tensor(data["h"])[None], tensor(data["c"])[None]
    if work.kind == "step":
        x = tensor(data["x"])
        return lambda: torch.cat([s[0] for s in layer(x, states)[1]], -1).numpy()
    ids, table = tensor(data["ids"]).long(), tensor(data["table"])
    dense, bias = tensor(data["dense"]), tensor(data["dense_bias"])

    def call():
        y, (h, c) = layer(embedding(ids, table), states)
        return torch.cat([torch.softmax(y[:, 0] @ dense + bias, -1), h[0], c[0]], -1).numpy()

    return call


def attention(data):
    features, (heads, width) = data["x"].shape[-1], data["query_bias"].shape
    weights = {
        n: (tensor(data[n].reshape(features, -1).T.copy()), tensor(data[n + "_bias"].reshape(-1)))
        for n in ("query", "key", "value")
    }
    output = tensor(data["output"].reshape(-1, features).T.copy()), tensor(data["output_bias"])

    def calls(batch):
        x, keep = tensor(batch["x"]), tensor(batch["mask"])[:, None, None, :]

        def call():
            q, k, v = (
                linear(x, *weights[n]).view(*x.shape[:2], heads, width).transpose(1, 2)
                for n in ("query", "key", "value")
            )
            y = scaled_dot_product_attention(q, k, v, attn_mask=keep)
            return linear(y.transpose(1, 2).reshape(x.shape), *output).numpy()

        return call

    return calls
