"""The encoders that are timed, their weights and texts, and what they answer in float64.

A layer: x = norm(x + attention(x)), x = norm(x + contract(gelu(expand(x)))). No positions.
"""

import math
import os
from dataclasses import dataclass

import numpy as np

EPSILON = 1e-5
THREADS = int(os.environ.get("OMP_NUM_THREADS", "2"))
VOCABULARY = 20000


@dataclass(frozen=True)
class Encoder:
    """`texts` texts of up to `time` ids; `goal`: the fastest peer's time / ours."""

    name: str
    layers: int
    features: int
    heads: int
    texts: int
    time: int
    goal: float

    def flops(self, lengths: np.ndarray) -> float:
        """Multiplications and additions of the matrix products over real steps."""
        pairs, rows = float((lengths.astype(float) ** 2).sum()), float(lengths.sum())
        per_layer = 24 * rows * self.features**2 + 4 * pairs * self.features
        return self.layers * per_layer


ENCODERS = [
    Encoder("2 x d128, 32 texts to 128 ids", 2, 128, 8, 32, 128, 2.0),
    Encoder("4 x d256, 32 texts to 128 ids", 4, 256, 8, 32, 128, 1.6),
    Encoder("2 x d128, one text of 24 ids", 2, 128, 8, 1, 24, 1.6),
    Encoder("4 x d256, one text of 24 ids", 4, 256, 8, 1, 24, 1.6),
]


def lengths_of(encoder: Encoder, rng: np.random.Generator) -> np.ndarray:
    """int64 (texts,): log-normal, median a quarter of the longest; one text is full."""
    drawn = np.exp(rng.normal(np.log(encoder.time / 4), 0.7, encoder.texts))
    lengths = np.clip(drawn, 1, encoder.time).astype(np.int64)
    lengths[encoder.texts // 2] = encoder.time
    return lengths


def make_data(encoder: Encoder) -> dict:
    """ids (texts, time), lengths, mask, table, and a dict of weights for each layer."""
    rng, d = np.random.default_rng(7), encoder.features

    def normal(*shape: int, scale: float | None = None) -> np.ndarray:
        scale = 1 / math.sqrt(shape[0]) if scale is None else scale
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    lengths = lengths_of(encoder, rng)
    mask = np.arange(encoder.time) < lengths[:, None]
    ids = rng.integers(1, VOCABULARY, mask.shape).astype(np.int32) * mask
    data: dict = {"lengths": lengths, "mask": mask, "ids": ids, "layers": []}
    data["table"] = normal(VOCABULARY, d, scale=1.0)
    shapes = {"q": (d, d), "k": (d, d), "v": (d, d), "o": (d, d), "1": (d, 4 * d), "2": (4 * d, d)}
    for _ in range(encoder.layers):
        weights = {}
        for name, shape in shapes.items():
            weights["w" + name] = normal(*shape)
            weights["b" + name] = normal(shape[1], scale=0.1)
        for name in ("norm1", "norm2"):
            weights[name] = 1 + normal(d, scale=0.1), normal(d, scale=0.1)
        data["layers"].append(weights)
    return data


def answers(encoder: Encoder, data: dict) -> np.ndarray:
    """float64 (n, features): what all real steps become, each text by itself."""
    return np.concatenate(
        [
            _answer(encoder, data, row[:n])
            for row, n in zip(data["ids"], data["lengths"], strict=True)
        ]
    )


def _answer(encoder: Encoder, data: dict, ids: np.ndarray) -> np.ndarray:
    x = data["table"][ids].astype(np.float64)
    for w in data["layers"]:
        x = _norm(x + _attention(encoder, w, x), w["norm1"])
        h = x @ w["w1"] + w["b1"]
        h = 0.5 * h * (1 + np.vectorize(math.erf)(h / math.sqrt(2)))
        x = _norm(x + h @ w["w2"] + w["b2"], w["norm2"])
    return x


def _attention(encoder: Encoder, w: dict, x: np.ndarray) -> np.ndarray:
    width = encoder.features // encoder.heads
    q, k, v = ((x @ w["w" + s] + w["b" + s]).reshape(len(x), -1, width) for s in "qkv")
    scores = np.einsum("qhd,khd->hqk", q, k) / math.sqrt(width)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return np.einsum("hqk,khd->qhd", weights, v).reshape(len(x), -1) @ w["wo"] + w["bo"]


def _norm(x: np.ndarray, weights: tuple) -> np.ndarray:
    gamma, beta = weights
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPSILON) * gamma + beta
