"""Modules of torch.nn in all their options, and what each answers: for tests with and without it.

usage: python -m tests.importers.pytorch.modules, which writes tests/files/torch/modules.pt
"""

import io
import itertools
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

FILE = Path(__file__).parents[2] / "files" / "torch" / "modules.pt"
LENGTHS = np.array([5, 2, 4])
MASK = np.arange(5) < LENGTHS[:, None]
YES_NO = (True, False)


class Case(NamedTuple):
    kind: str
    arguments: dict[str, Any]  # of the module
    options: dict[str, Any] = {}  # of from_torch


CASES: dict[str, Case] = {}


def case(kind: str, arguments: dict[str, Any], **options: Any) -> None:
    shown = ",".join(f"{k}={v}" for k, v in arguments.items() if k != "batch_first")
    CASES[f"{kind}({shown})"] = Case(kind, arguments, options)


for kind, layers, both, bias in itertools.product(("LSTM", "GRU", "RNN"), (1, 2), YES_NO, YES_NO):
    sizes = {"input_size": 3, "hidden_size": 2, "num_layers": layers, "batch_first": True}
    case(kind, {**sizes, "bidirectional": both, "bias": bias})
case("RNN", {**sizes, "nonlinearity": "relu"}, nonlinearity="relu")
for kind, bias in itertools.product(("LSTMCell", "GRUCell", "RNNCell"), YES_NO):
    case(kind, {"input_size": 3, "hidden_size": 2, "bias": bias})
for padding in (None, 0, -6):
    arguments = {"num_embeddings": 6, "embedding_dim": 3, "padding_idx": padding}
    case("Embedding", arguments, padding_idx=padding)
for bias in YES_NO:
    case("Linear", {"in_features": 3, "out_features": 2, "bias": bias})
    case("LayerNorm", {"normalized_shape": 3, "bias": bias, "eps": 1e-2}, eps=1e-2)
    case("BatchNorm1d", {"num_features": 3, "affine": bias})
for kernel, padding, step, groups, bias in itertools.product(
    (3, 4), (0, "same", "half"), ((1, 1), (2, 1), (1, 2)), (1, 2), YES_NO
):
    stride, dilation = step
    if kernel == 4 and (dilation > 1 or not bias):
        continue
    if padding and (stride > 1 or (padding == "half" and kernel == 4)):
        continue  # PyTorch, and Keras, have none
    wide = dilation * (kernel - 1) // 2 if padding == "half" else padding
    how = {"stride": stride, "padding": wide, "dilation": dilation, "groups": groups}
    arguments = {"in_channels": 4, "out_channels": 2, "kernel_size": kernel, **how, "bias": bias}
    case("Conv1d", arguments, **how)
for bias, apart in itertools.product(YES_NO, YES_NO):
    sides = {"kdim": 3, "vdim": 5} if apart else {}
    arguments = {"embed_dim": 4, "num_heads": 2, "bias": bias, "batch_first": True, **sides}
    case("MultiheadAttention", arguments, num_heads=2)
for first, activation, bias in itertools.product(YES_NO, ("relu", "gelu"), YES_NO):
    arguments = {"d_model": 4, "nhead": 2, "dim_feedforward": 3, "batch_first": True}
    how = {"activation": activation, "norm_first": first, "layer_norm_eps": 1e-4}
    case(
        "TransformerEncoderLayer", {**arguments, **how, "bias": bias, "dropout": 0.0},
        num_heads=2, **how,
    )  # fmt: skip
for first, last in itertools.product(YES_NO, YES_NO):
    how = {"num_layers": 2, "norm_first": first, "norm": last}
    case("TransformerEncoder", how, num_heads=2, norm_first=first)


def module_of(torch: Any, case: Case) -> Any:
    """The module with weights that are not those of its start."""
    if case.kind == "TransformerEncoder":
        arguments = {"d_model": 4, "nhead": 2, "dim_feedforward": 3, "batch_first": True}
        first, norm = case.arguments["norm_first"], case.arguments["norm"]
        layer = torch.nn.TransformerEncoderLayer(**arguments, dropout=0.0, norm_first=first)
        last = torch.nn.LayerNorm(4) if norm else None
        count = case.arguments["num_layers"]
        module = torch.nn.TransformerEncoder(layer, count, last, enable_nested_tensor=False)
    else:
        module = getattr(torch.nn, case.kind)(**case.arguments)
    for weight in module.state_dict().values():
        if weight.is_floating_point():
            init = torch.nn.init.uniform_ if weight.ndim < 2 else torch.nn.init.normal_
            init(weight, 0.1, 0.8)
    return module.eval()


def inputs_of(torch: Any, case: Case) -> list[Any]:
    """What the module is called on: a batch of five steps, the states of a cell beside it."""
    batch, time = MASK.shape
    if case.kind == "Embedding":
        return [torch.tensor(np.where(MASK, np.arange(15).reshape(3, 5) % 5 + 1, 0))]
    if case.kind.endswith("Cell"):
        states = 2 if case.kind == "LSTMCell" else 1
        return [torch.randn(batch, 3), *(torch.randn(batch, 2) for _ in range(states))]
    if case.kind == "MultiheadAttention":
        sides = 4, case.arguments.get("kdim", 4), case.arguments.get("vdim", 4)
        return [torch.randn(batch, time, width) for width in sides]
    wide = case.kind.startswith(("Transformer", "Conv"))
    return [torch.randn(batch, time, 4 if wide else 3)]


def answer_of(torch: Any, case: Case, module: Any, inputs: list[Any]) -> Any:
    """What the module answers; steps that are padding are masked where it can."""
    padding = torch.tensor(~MASK)
    if case.kind in ("LSTM", "GRU", "RNN"):
        pack, pad = torch.nn.utils.rnn.pack_padded_sequence, torch.nn.utils.rnn.pad_packed_sequence
        lengths = torch.tensor(LENGTHS)
        packed = pack(*inputs, lengths, batch_first=True, enforce_sorted=False)
        return pad(module(packed)[0], batch_first=True)[0]
    if case.kind == "LSTMCell":
        return torch.cat(module(inputs[0], tuple(inputs[1:])), 1)
    if case.kind in ("Conv1d", "BatchNorm1d"):
        return module(inputs[0].transpose(1, 2)).transpose(1, 2)
    if case.kind == "MultiheadAttention":
        return module(*inputs, key_padding_mask=padding)[0]
    if case.kind.startswith("Transformer"):
        return module(*inputs, src_key_padding_mask=padding)
    return module(*inputs)


def made(torch: Any, case: Case) -> dict[str, Any]:
    """weights, inputs and the answer."""
    torch.manual_seed(7)
    module, inputs = module_of(torch, case), inputs_of(torch, case)
    answer = answer_of(torch, case, module, inputs)
    return {"weights": module.state_dict(), "inputs": inputs, "answer": answer.detach()}


def main() -> None:
    import torch

    raw, packed = io.BytesIO(), io.BytesIO()
    torch.save({name: made(torch, case) for name, case in CASES.items()}, raw)
    with zipfile.ZipFile(raw) as before, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for info in before.infolist():
            file.writestr(zipfile.ZipInfo(info.filename), before.read(info), zipfile.ZIP_DEFLATED)
    FILE.write_bytes(packed.getvalue())


if __name__ == "__main__":
    main()
