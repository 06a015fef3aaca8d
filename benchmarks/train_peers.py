"""A whole step of training, forward, loss, backward and Adam, beside PyTorch and Keras.

    python -m benchmarks.train_peers [--rounds 3] [--threads 2] [--works lstm]

Engines that are not installed are left out. Each runs in a process of its own, in turns; of all its
steps the fastest counts. Before anything is timed, the gradients of the engines are compared. The
limit is the operations that real steps need at the peak that was measured in the same run.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import train_block, train_vowels
from benchmarks.lengths import long_tailed

TWO_WAYS = "bilstm", "vowels"


@dataclass(frozen=True)
class Work:
    """One line of the table. goal: fastest peer / maskseq.  most: ours / limit."""

    name: str
    kind: str
    batch: int
    time: int
    features: int
    units: int
    outputs: int
    steps: bool
    goal: float
    most: float
    lengths: str = "long-tailed"

    def flops(self, lengths: np.ndarray) -> float:
        """Forward, weights' and states' gradients of the real steps; inputs' only where asked."""
        if self.kind == "block":
            return 2.0 * train_block.fmas(self.features, self.units, self.outputs, lengths)
        rows, gates = int(lengths.sum()), 3 if self.kind == "gru" else 4
        directions = 2 if self.kind in TWO_WAYS else 1
        inside = 3 * (rows - self.batch) * self.units
        inputs = (3 if self.kind == "text" else 2) * rows * self.features
        head = 3 * (rows if self.steps else self.batch) * self.units * directions * self.outputs
        return 2.0 * (directions * gates * self.units * (inside + inputs) + head)


WORKS = [
    Work("LSTM last 64x200 128>128", "lstm", 64, 200, 128, 128, 1, False, 6, 1.3),
    Work("LSTM steps 64x200 256>256", "lstm", 64, 200, 256, 256, 10, True, 6, 1.2),
    Work("Embedding-LSTM 128x250 128>128", "text", 128, 250, 128, 128, 1, False, 6.5, 1.35),
    Work("BiLSTM tagger 32x60 100>200", "bilstm", 32, 60, 100, 200, 20, True, 3.8, 1.4),
    Work("GRU last 64x200 128>128", "gru", 64, 200, 128, 128, 1, False, 8, 1.4),
    Work("LSTM steps 64x100 256>256 full", "lstm", 64, 100, 256, 256, 10, True, 1.5, 1.25, "full"),
    Work("transformer block 16x256x256", "block", 16, 256, 256, 1024, 10, True, 2.3, 1.5),
    Work("JapaneseVowels, an epoch of fit", "vowels", 270, 26, 12, 32, 9, False, 6, 4),
]
VOCABULARY = 20000


@dataclass
class Data:
    """lengths (batch,); x float32 (batch, time, features), or ids int64 (batch, time); targets
    float32 (batch, 1), or int64 (batch, time); weights as Keras orders them."""

    lengths: np.ndarray
    x: np.ndarray
    y: np.ndarray
    weights: list[np.ndarray]

    @property
    def real(self) -> np.ndarray:
        return np.arange(self.x.shape[1]) < self.lengths[:, None]


def make_data(work: Work) -> Data:
    rng = np.random.default_rng(0)
    if work.kind == "vowels":
        return Data(*train_vowels.padded(), [_weight(work, rng, x) for x in _shapes(work)])
    lengths = np.full(work.batch, work.time)
    if work.lengths != "full":
        lengths = long_tailed(rng, work.batch, work.time)
    real = np.arange(work.time) < lengths[:, None]
    if work.kind == "text":
        x = np.where(real, rng.integers(1, VOCABULARY, real.shape), 0)
    else:
        x = rng.standard_normal((*real.shape, work.features)).astype(np.float32)
        x[~real] = 0
    if work.steps:
        y = np.where(real, rng.integers(0, work.outputs, real.shape), 0)
    else:
        y = rng.standard_normal((work.batch, 1)).astype(np.float32)
    return Data(lengths, x, y, [_weight(work, rng, shape) for shape in _shapes(work)])


def _weight(work: Work, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    scale = train_block.spread(shape) if work.kind == "block" else 0.05
    return (scale * rng.standard_normal(shape)).astype(np.float32)


def _shapes(work: Work) -> list[tuple[int, ...]]:
    """Those of the weights, as Keras orders them."""
    if work.kind == "block":
        return train_block.shapes(work.features, work.units, work.outputs)
    gates = 3 if work.kind == "gru" else 4
    bias = (2, 3 * work.units) if work.kind == "gru" else (4 * work.units,)
    cell = [(work.features, gates * work.units), (work.units, gates * work.units), bias]
    directions = 2 if work.kind in TWO_WAYS else 1
    table = [(VOCABULARY, work.features)] if work.kind == "text" else []
    return [*table, *cell * directions, (directions * work.units, work.outputs), (work.outputs,)]


# Engines: a function of (work, data) gives (gradients, as Keras orders weights; one step).


def with_maskseq(work: Work, data: Data) -> tuple[Callable[[], list], Callable[[], Any]]:
    import maskseq
    from maskseq import Ragged

    model = _model(maskseq, work, masking=False)
    x = Ragged(data.x[data.real], np.append(0, np.cumsum(data.lengths)))
    y = Ragged(data.y[data.real], x.offsets) if work.steps else data.y
    return _of_model(maskseq, model, work, data, x, y)


def with_keras(work: Work, data: Data) -> tuple[Callable[[], list], Callable[[], Any]]:
    import keras

    return _of_model(keras, _model(keras, work, masking=True), work, data, data.x, data.y)


def _model(package: Any, work: Work, masking: bool) -> Any:
    if work.kind == "block":
        return train_block.model(package, work, masking and work.lengths != "full")
    layers = package.layers
    made: list[Any] = [package.Input((None, work.features))]
    if work.kind == "text":
        made = [package.Input((None,), dtype="int32")]
        made.append(layers.Embedding(VOCABULARY, work.features, mask_zero=True))
    elif masking and work.lengths != "full":
        made.append(layers.Masking(0.0))
    recurrent = layers.GRU if work.kind == "gru" else layers.LSTM
    layer = recurrent(work.units, return_sequences=work.steps)
    made.append(layers.Bidirectional(layer) if work.kind in TWO_WAYS else layer)
    return package.Sequential([*made, layers.Dense(work.outputs)])


def _of_model(
    package: Any, model: Any, work: Work, data: Data, x: Any, y: Any
) -> tuple[Callable[[], list], Callable[[], Any]]:
    def loss() -> Any:
        if work.steps or work.kind == "vowels":
            return package.losses.SparseCategoricalCrossentropy(from_logits=True)
        return "mse"

    def gradients() -> list[np.ndarray]:
        model.set_weights(data.weights)
        model.compile(package.optimizers.SGD(1.0), loss())
        model.train_on_batch(x, y)
        return [a - np.asarray(b) for a, b in zip(data.weights, model.get_weights(), strict=True)]

    def prepare() -> Callable[[], Any]:
        model.set_weights(data.weights)
        model.compile(package.optimizers.Adam(1e-4), loss())
        return (
            train_vowels.epoch(model, x, y)
            if work.kind == "vowels"
            else lambda: model.train_on_batch(x, y)
        )

    return gradients, prepare


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
        net = train_block.torch_net(work, data.lengths, data.real, on_rows=packed)
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
        train_block.into_torch(net, work.features, weights)
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
        return train_block.out_of_torch(net, work.features)
    found = [net.table.weight.grad.numpy().copy()] if work.kind == "text" else []
    for of_input, of_state, bias, more in _parts(net, work):
        found += [_order(work, of_input.grad.numpy().T), _order(work, of_state.grad.numpy().T)]
        biases = [bias.grad.numpy(), more.grad.numpy()]
        found.append(_order(work, np.stack(biases) if work.kind == "gru" else biases[0]))
    return [*found, net.head.weight.grad.numpy().T.copy(), net.head.bias.grad.numpy().copy()]


ENGINES: dict[str, tuple[str, Callable[[Work, Data], Any]]] = {
    "maskseq": ("maskseq", with_maskseq),
    "torch padded": ("torch", lambda work, data: with_torch(work, data, packed=False)),
    "torch packed": ("torch", lambda work, data: with_torch(work, data, packed=True)),
    "keras-jax": ("keras", with_keras),
}


def serve(engine: str, number: int, file: str) -> None:
    """A process of one engine: writes gradients to a file, then times steps when told to."""
    work = WORKS[number]
    data = make_data(work)
    gradients, prepare = ENGINES[engine][1](work, data)
    np.savez(file, *gradients())
    step = prepare()
    step()
    print("ready", flush=True)
    for line in sys.stdin:
        times, end = [], time.perf_counter() + float(line)
        while time.perf_counter() < end or len(times) < 3:
            started = time.perf_counter()
            step()
            times.append(time.perf_counter() - started)
        print(min(times), flush=True)


def run(work: Work, rounds: int, threads: int, folder: str) -> dict[str, float]:
    """Milliseconds of each engine's fastest step. Raises: AssertionError if gradients differ."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "KERAS_BACKEND": "jax"}
    workers, files = {}, {}
    for name, (package, _) in ENGINES.items():
        if importlib.util.find_spec(package) is None:
            continue
        if work.kind == "vowels" and package == "torch":  # which has no fit
            continue
        files[name] = os.path.join(folder, name.replace(" ", "-") + ".npz")
        command = [sys.executable, "-m", "benchmarks.train_peers", "--serve", name]
        command += ["--number", str(WORKS.index(work)), "--file", files[name]]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        workers[name] = subprocess.Popen(command, env=environment, **pipes)
        while (line := workers[name].stdout.readline().strip()) != "ready":
            assert line or workers[name].poll() is None, f"{name} failed"
    compare(files)
    best = dict.fromkeys(workers, float("inf"))
    for _ in range(rounds):
        for name, worker in workers.items():
            worker.stdin.write("1.0\n")
            worker.stdin.flush()
            best[name] = min(best[name], float(worker.stdout.readline()) * 1e3)
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    return best


def compare(files: dict[str, str]) -> None:
    """The gradients of all engines are those of maskseq, but for rounding."""
    ours = np.load(files["maskseq"])
    least = 1e-4 * max(np.abs(ours[key]).max() for key in ours.files)  # a key's bias gets zeros
    for name, file in files.items():
        with np.load(file) as theirs:
            for key in ours.files:
                scale = max(np.abs(ours[key]).max(), least)
                gap = np.abs(ours[key] - theirs[key]).max() / scale
                assert gap < 2e-3, f"{name}: gradient {key} differs by {gap:.1e} of its largest"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--works", default="", help="those whose names have this in them")
    parser.add_argument("--json", help="write the figures to a file")
    for name in ("--serve", "--number", "--file"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve, int(given.number), given.file)
        return
    import tempfile

    from benchmarks.peers.peak import peak_flops

    peak, table = peak_flops(given.threads), {}
    print(f"peak {peak / 1e9:.0f} GFLOP/s on {given.threads} threads; milliseconds a step")
    for work in WORKS:
        if given.works not in work.name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            best = run(work, given.rounds, given.threads, folder)
        limit = work.flops(make_data(work).lengths) / peak * 1e3
        ours = best["maskseq"]
        peers = {name: ms for name, ms in best.items() if name != "maskseq"}
        line = f"{work.name:32} {ours:7.1f}  {ours / limit:4.2f} x limit ({work.most})"
        if peers:
            fastest = min(peers.values())
            line += f"  peer / ours {fastest / ours:5.2f} ({work.goal})"
        print(line, *(f"{name} {ms:.1f}" for name, ms in peers.items()), sep="  ", flush=True)
        table[work.name] = {"limit": limit, **best}
    if given.json:
        with open(given.json, "w") as file:
            json.dump(table, file, indent=1)


if __name__ == "__main__":
    main()
