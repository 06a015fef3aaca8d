"""The works that train_peers times: their sizes, their aims, their data."""

from dataclasses import dataclass

import numpy as np

from benchmarks.lengths import long_tailed
from benchmarks.train_peers import block, vowels

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
            return 2.0 * block.fmas(self.features, self.units, self.outputs, lengths)
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
        return Data(*vowels.padded(), [_weight(work, rng, x) for x in _shapes(work)])
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
    scale = block.spread(shape) if work.kind == "block" else 0.05
    return (scale * rng.standard_normal(shape)).astype(np.float32)


def _shapes(work: Work) -> list[tuple[int, ...]]:
    """Those of the weights, as Keras orders them."""
    if work.kind == "block":
        return block.shapes(work.features, work.units, work.outputs)
    gates = 3 if work.kind == "gru" else 4
    bias = (2, 3 * work.units) if work.kind == "gru" else (4 * work.units,)
    cell = [(work.features, gates * work.units), (work.units, gates * work.units), bias]
    directions = 2 if work.kind in TWO_WAYS else 1
    table = [(VOCABULARY, work.features)] if work.kind == "text" else []
    return [*table, *cell * directions, (directions * work.units, work.outputs), (work.outputs,)]
