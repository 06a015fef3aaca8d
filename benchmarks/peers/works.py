"""The works that are timed. Every process makes the same data from a work."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Work:
    """One line of the table. `target` is the ratio fastest peer / maskseq that we aim at.

    kind, of those that compute sequences: lstm, gru, bilstm; text: Embedding, LSTM, Dense; crf: a
    bilstm tagger with the best path of tags; speech: three GRUs with LayerNormalization; step: an
    LSTM's with its states handed in and out; decoder: Embedding, such a step, softmax over words.
    """

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
        return 3 if self.kind in ("gru", "speech") else 4

    @property
    def recurrent(self) -> dict[str, int]:
        """The features of each recurrent layer or direction, by the prefix of its weights."""
        n, units = self.features, self.units
        return {
            "bilstm": {"": n, "back_": n},
            "crf": {"": n, "back_": n},
            "speech": {"": n, "second_": units, "third_": units},
        }.get(self.kind, {"": n})

    @property
    def ragged(self) -> bool:
        """Whether its sequences are of uneven lengths."""
        return self.lengths != "full" and self.kind in RECURRENT | {"attention"}

    def flops(self, lengths: np.ndarray) -> float:
        """Multiplications and additions of the matrix products, for recurrent works; else 0.

        Without those of the first states, which are zeros, but in a step; of "text" only the
        recurrent half, as the products of the table are kept from call to call.
        """
        if self.kind not in RECURRENT - {"step", "decoder"}:
            return 0.0
        products = 0
        for features in self.recurrent.values():
            inputs = 0 if self.kind == "text" else features
            products += lengths.sum() * (inputs + self.units) - len(lengths) * self.units
        return 2.0 * products * self.gates * self.units


RECURRENT = {"lstm", "gru", "bilstm", "text", "crf", "speech", "step", "decoder"}


WORKS = [
    Work("LSTM last 64x200 128>128", "lstm", 64, 200, 128, 128, target=5),
    Work("LSTM seq 64x200 256>256", "lstm", 64, 200, 256, 256, sequences=True, target=3.8),
    Work("LSTM seq 32x100 512>512", "lstm", 32, 100, 512, 512, "sentences", True, target=3.3),
    Work("LSTM seq 64x100 256>256 full", "lstm", 64, 100, 256, 256, "full", True, target=1.15),
    Work("LSTM one sequence 1x100 128>128", "lstm", 1, 100, 128, 128, "full", target=2.2),
    Work("LSTM one sequence 1x30 64>64", "lstm", 1, 30, 64, 64, "full", target=1.8),
    Work("LSTM one sequence 1x100 64>64", "lstm", 1, 100, 64, 64, "full", target=2.2),
    Work("LSTM one step 1x1 64>64", "lstm", 1, 1, 64, 64, "full", target=1.5),
    Work("LSTM step, states in and out 64>64", "step", 1, 1, 64, 64, "full", target=2),
    Work("decoder step 256>256, 96 signs", "decoder", 1, 1, 256, 256, "full", target=3),
    Work("GRU last 64x200 128>128", "gru", 64, 200, 128, 128, target=7),
    Work("BiLSTM tagger 32x60 100>200", "bilstm", 32, 60, 100, 200, "sentences", True, target=3.5),
    Work("the same with a CRF of 20 tags", "crf", 32, 60, 100, 200, "sentences", True, target=4),
    Work("GRU x 3 + norms 32x200 80>256", "speech", 32, 200, 80, 256, "sentences", True, target=4),
    Work("Embedding-LSTM-Dense 128x250", "text", 128, 250, 128, 128, target=7),
    Work("masked softmax 16x8x256x256", "softmax", 16, 256, 8, 256, target=1.5),
    Work("MultiHeadAttention 16x256x256", "attention", 16, 256, 256, 32, target=4),
    Work("pad_sequences 20000 lists", "pad lists", 20000, 300, 1, 1, target=12),
    Work("pad_sequences 20000 arrays", "pad arrays", 20000, 300, 1, 1, target=6),
    Work("cold start", "cold", 1, 20, 16, 16, "full", target=1),
]
VOCABULARY = 20000
WORDS = 96  # of the decoder: signs
TAGS = 20
HEADS = 8
EPSILON = 1e-3


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
    for prefix, features in work.recurrent.items():
        gates = work.gates * work.units
        data[prefix + "kernel"] = normal(features, gates)
        data[prefix + "recurrent"] = normal(work.units, gates)
        data[prefix + "bias"] = normal(*((2, gates) if work.gates == 3 else (gates,)))
        if work.kind == "speech":
            data[prefix + "gamma"] = 1 + normal(work.units)
            data[prefix + "beta"] = normal(work.units)
    words = {"text": VOCABULARY, "decoder": WORDS}.get(work.kind)
    if words:
        data["table"] = normal(words, work.features, scale=1.0)
        data["ids"] = rng.integers(1, words, (work.batch, work.time)).astype(np.int32)
        data["ids"] *= data["mask"]
    if work.kind in ("step", "decoder"):
        data["h"], data["c"] = normal(work.batch, work.units), normal(work.batch, work.units)
    dense = {"text": (1, 1), "decoder": (1, WORDS), "crf": (2, TAGS)}
    if work.kind in dense:
        directions, outputs = dense[work.kind]
        data["dense"] = normal(directions * work.units, outputs)
        data["dense_bias"] = normal(outputs)
    if work.kind == "crf":
        data["transitions"] = normal(TAGS, TAGS, scale=0.5)
        data["start"], data["end"] = normal(TAGS, scale=0.5), normal(TAGS, scale=0.5)
    return data
