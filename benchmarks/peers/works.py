"""The works that are timed. Every process makes the same data from a work."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Work:
    """One line of the table. `target` is the ratio fastest peer / maskseq that we aim at."""

    name: str
    kind: str
    batch: int
    time: int
    features: int
    units: int
    lengths: str = "long-tailed"
    sequences: bool = False
    target: float = 1.0

    @property
    def gates(self) -> int:
        return 3 if self.kind == "gru" else 4

    def flops(self, lengths: np.ndarray) -> float:
        """Multiplications and additions of the matrix products, for recurrent works; else 0.

        Without those of the first states, which are zeros; of "text" only the recurrent half, as
        the products of the table are kept from call to call.
        """
        directions = {"lstm": 1, "gru": 1, "bilstm": 2, "text": 1}.get(self.kind, 0)
        features = 0 if self.kind == "text" else self.features
        rows = lengths.sum() * (features + self.units) - len(lengths) * self.units
        return 2.0 * directions * rows * self.gates * self.units


WORKS = [
    Work("LSTM last 64x200 128>128", "lstm", 64, 200, 128, 128, target=5),
    Work("LSTM seq 64x200 256>256", "lstm", 64, 200, 256, 256, sequences=True, target=3.8),
    Work("LSTM seq 32x100 512>512", "lstm", 32, 100, 512, 512, "sentences", True, target=3.3),
    Work("LSTM seq 64x100 256>256 full", "lstm", 64, 100, 256, 256, "full", True, target=1.15),
    Work("LSTM one sequence 1x100 128>128", "lstm", 1, 100, 128, 128, "full", target=2.2),
    Work("LSTM one step 1x1 64>64", "lstm", 1, 1, 64, 64, "full", target=1.5),
    Work("GRU last 64x200 128>128", "gru", 64, 200, 128, 128, target=7),
    Work("BiLSTM tagger 32x60 100>200", "bilstm", 32, 60, 100, 200, "sentences", True, target=3.5),
    Work("Embedding-LSTM-Dense 128x250", "text", 128, 250, 128, 128, target=7),
    Work("masked softmax 16x8x256x256", "softmax", 16, 256, 8, 256, target=1.5),
    Work("MultiHeadAttention 16x256x256", "attention", 16, 256, 256, 32, target=4),
    Work("pad_sequences 20000 lists", "pad lists", 20000, 300, 1, 1, target=12),
    Work("pad_sequences 20000 arrays", "pad arrays", 20000, 300, 1, 1, target=6),
    Work("cold start", "cold", 1, 20, 16, 16, "full", target=1),
]
VOCABULARY = 20000
HEADS = 8


def lengths_of(work: Work, rng: np.random.Generator) -> np.ndarray:
    """int64 (batch,). "long-tailed": log-normal, median a quarter of the longest, one row full."""
    if work.lengths == "full":
        return np.full(work.batch, work.time)
    if work.lengths == "sentences":
        drawn = rng.normal(0.45, 0.2, work.batch) * work.time
    else:
        drawn = np.exp(rng.normal(np.log(work.time / 4), 0.7, work.batch))
    lengths = np.clip(drawn, 1, work.time).astype(np.int64)
    lengths[work.batch // 2] = work.time
    return lengths


def padded_share(work: Work, share: float) -> np.ndarray:
    """Lengths with that share of padding, for the curve of time against padding."""
    lengths = np.full(work.batch, max(1, round(work.time * (1 - share))), np.int64)
    lengths[0] = work.time
    return lengths


def make_data(work: Work, share: float | None = None) -> dict[str, np.ndarray]:
    """Inputs and Keras-shaped weights, float32, from a fixed seed."""
    rng = np.random.default_rng(7)
    lengths = lengths_of(work, rng) if share is None else padded_share(work, share)

    def normal(*shape: int, scale: float = 0.08) -> np.ndarray:
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    data = {"lengths": lengths, "mask": np.arange(work.time) < lengths[:, None]}
    if work.kind.startswith("pad"):
        data["ids"] = rng.integers(1, VOCABULARY, int(lengths.sum())).astype(np.int32)
        return data
    if work.kind == "softmax":
        data["x"] = normal(work.batch, work.features, work.time, work.time, scale=2.0)
        return data
    data["x"] = normal(work.batch, work.time, work.features, scale=1.0)
    data["x"] *= data["mask"][..., None]
    if work.kind == "attention":
        width = HEADS * work.units
        for name in ("query", "key", "value"):
            data[name] = normal(work.features, HEADS, work.units)
            data[name + "_bias"] = normal(HEADS, work.units)
        data["output"] = normal(HEADS, work.units, work.features)
        data["output_bias"] = normal(work.features)
        assert width == work.features
        return data
    for direction in ("", "back_") if work.kind == "bilstm" else ("",):
        gates = work.gates * work.units
        data[direction + "kernel"] = normal(work.features, gates)
        data[direction + "recurrent"] = normal(work.units, gates)
        bias = (2, gates) if work.kind == "gru" else (gates,)
        data[direction + "bias"] = normal(*bias)
    if work.kind == "text":
        data["table"] = normal(VOCABULARY, work.features, scale=1.0)
        data["ids"] = rng.integers(1, VOCABULARY, (work.batch, work.time)).astype(np.int32)
        data["ids"] *= data["mask"]
        data["dense"], data["dense_bias"] = normal(work.units, 1), normal(1)
    return data
