"""PyTorch at a work: padded, or packed, which of a transformer is on rows."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.train_peers import block
from benchmarks.train_peers.works import VOCABULARY, Data, Work


def with_torch(
    work: Work, data: Data, packed: bool
) -> tuple[Callable[[], list], Callable[[], Any]]:
    import torch

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            if work.kind == "text":
                self.table = torch.nn.Embedding(VOCABULARY, work.features)
            kind = torch.nn.GRU if work.kind == "gru" else torch.nn.LSTM
            both = work.kind == "bilstm"
            self.rnn = kind(work.features, work.units, batch_first=True, bidirectional=both)
            self.head = torch.nn.Linear(work.units * (1 + both), work.outputs)

        def forward(self, x: Any) -> Any:
            if work.kind == "text":
                x = self.table(x)
            pack = torch.nn.utils.rnn
            if packed or work.kind == "bilstm":
                x = pack.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            out = self.rnn(x)[0]
            if isinstance(out, pack.PackedSequence):
                out = pack.pad_packed_sequence(out, batch_first=True)[0]
            return self.head(out[real] if work.steps else out[rows, last])

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    lengths = torch.from_numpy(data.lengths)
    if work.kind == "block":
        net = block.torch_net(work, data.lengths, data.real, on_rows=packed)
    else:
        net = Net()
    real, rows, last = torch.from_numpy(data.real), torch.arange(work.batch), lengths - 1
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)
    of_real = y[real] if work.steps else None
    _into_torch(net, work, data.weights)

    def loss() -> Any:
        answers = net(x)
        if work.steps:
            return torch.nn.functional.cross_entropy(answers, of_real)
        return torch.nn.functional.mse_loss(answers, y)

    def gradients() -> list[np.ndarray]:
        loss().backward()
        found = _out_of_torch(net, work)
        net.zero_grad()
        return found

    def prepare() -> Callable[[], Any]:
        optimizer = torch.optim.Adam(net.parameters(), 1e-4)

        def step() -> None:
            optimizer.zero_grad()
            loss().backward()
            optimizer.step()

        return step

    return gradients, prepare


def _order(work: Work, matrix: np.ndarray) -> np.ndarray:
    """The gates of a GRU along the last axis: update and reset change places in PyTorch."""
    if work.kind != "gru":
        return matrix
    z, r, h = np.split(matrix, 3, axis=-1)
    return np.concatenate([r, z, h], axis=-1)


def _parts(net: Any, work: Work) -> list[tuple[Any, Any, Any, Any]]:
    ends = ("", "_reverse") if work.kind == "bilstm" else ("",)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    return [tuple(getattr(net.rnn, name + end) for name in names) for end in ends]


def _into_torch(net: Any, work: Work, weights: list[np.ndarray]) -> None:
    import torch

    if work.kind == "block":
        block.into_torch(net, work.features, weights)
        return
    left = list(weights)

    def put(parameter: Any, value: np.ndarray) -> None:
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))

    if work.kind == "text":
        put(net.table.weight, left.pop(0))
    for of_input, of_state, bias, more in _parts(net, work):
        put(of_input, _order(work, left.pop(0)).T)
        put(of_state, _order(work, left.pop(0)).T)
        both = _order(work, left.pop(0))
        put(bias, both[0] if work.kind == "gru" else both)
        put(more, both[1] if work.kind == "gru" else np.zeros_like(both))
    put(net.head.weight, left.pop(0).T)
    put(net.head.bias, left.pop(0))


def _out_of_torch(net: Any, work: Work) -> list[np.ndarray]:
    if work.kind == "block":
        return block.out_of_torch(net, work.features)
    found = [net.table.weight.grad.numpy().copy()] if work.kind == "text" else []
    for of_input, of_state, bias, more in _parts(net, work):
        found += [_order(work, of_input.grad.numpy().T), _order(work, of_state.grad.numpy().T)]
        biases = [bias.grad.numpy(), more.grad.numpy()]
        found.append(_order(work, np.stack(biases) if work.kind == "gru" else biases[0]))
    return [*found, net.head.weight.grad.numpy().T.copy(), net.head.bias.grad.numpy().copy()]
