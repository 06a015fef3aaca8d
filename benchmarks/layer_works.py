"""One work for every layer, on a batch of ragged sequences, and what its limit counts.

A layer of the table without a work needs a reason: `missing` names those that have neither.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskseq import activations, layers
from maskseq.context import enter, leave, newest
from maskseq.layers.base.table import IN_KERAS, OURS, names_in
from maskseq.rows import Layout, Rows, settled

WORDS = 1000
"""How many ids there are."""
REASONS = dict.fromkeys(
    ("CategoryEncoding", "Discretization", "Hashing", "IntegerLookup", "StringLookup")
    + ("TextVectorization",),
    "reads ids or texts, before any numbers",
) | {
    "GRUCell": "in RNN(GRUCell)",
    "InputLayer": "computes nothing",
    "LSTMCell": "in RNN(LSTMCell)",
    "SimpleRNNCell": "in RNN(SimpleRNNCell)",
}
"""Layers without a work, and why."""
GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
EXP, LOG, DIVIDE = 24, 24, 10
"""Operations of float32 that an exponential, a logarithm and a division count for."""
OPERATIONS = {
    "celu": EXP + DIVIDE,
    "elu": EXP,
    "exponential": EXP,
    "gelu": 2 * EXP + DIVIDE,
    "glu": (EXP + DIVIDE) / 2,
    "log_sigmoid": EXP + LOG + DIVIDE,
    "log_softmax": EXP,
    "mish": EXP + DIVIDE,
    "selu": EXP,
    "sigmoid": EXP + DIVIDE,
    "silu": EXP + DIVIDE,
    "softmax": EXP,
    "softplus": EXP + LOG + DIVIDE,
    "softsign": DIVIDE,
    "squareplus": 2 * DIVIDE,
    "tanh": EXP + DIVIDE,
    "tanh_shrink": EXP + DIVIDE,
}
"""Those of one number of an activation; of the others, less than reading it takes."""


class Batch:
    """Ragged sequences of `features` numbers a step, and of ids.

    lengths: int (batch,), real steps of each; the first is the longest.
    """

    def __init__(self, lengths: np.ndarray, features: int):
        self.rng = np.random.default_rng(20261129)
        self.layout = Layout.from_offsets(np.append(0, np.cumsum(lengths)).astype(np.int64))
        self.features = features
        self.steps, self.sequences, self.time = self.layout.steps, len(lengths), lengths[0]
        self.cells = self.sequences * self.time
        self.pairs = int(np.sum(lengths.astype(np.int64) ** 2))

    def rows(self, *shape: int) -> Rows:
        """float32 rows and the pad row, which is zeros; steps of `shape`."""
        values = self.rng.standard_normal((self.steps + 1, *(shape or (self.features,))))
        values[-1] = 0
        return Rows(values.astype(np.float32), self.layout)

    def ids(self) -> Rows:
        values = self.rng.integers(1, WORDS, self.steps + 1).astype(np.int32)
        values[-1] = 0
        return Rows(values, self.layout)

    def padded(self) -> np.ndarray:
        return self.rows().to_padded()

    def array(self) -> np.ndarray:
        """As many vectors as there are real steps."""
        return self.rows().values[:-1]


@dataclass
class Work:
    """A layer, what it gets, and the least that must be done.

    flops: operations of real steps.  values: numbers that one pass reads and writes.
    goal: the most times its limit that it may take; None: none is named.
    """

    name: str
    layer: Any
    inputs: list[Any]
    flops: float = 0
    values: float = 0
    goal: float | None = None
    call: Callable[..., Any] | None = None

    def run(self) -> Any:
        """The answer, computed to the end: rows are not left where they lie."""
        token = enter(newest.starts.walks["ignore"][0])
        try:
            apply = self.layer.apply
            answer = self.call(apply, *self.inputs) if self.call else apply(*self.inputs)
            return answer.values if type(answer) is Rows else settled(answer)
        finally:
            leave(token)


def _passes(b: Batch) -> list[Work]:
    """Layers that read every number once and write it once."""
    both = 2 * b.steps * b.features
    elementwise = {
        "Activation": layers.Activation("relu"),
        "ActivityRegularization": layers.ActivityRegularization(),
        "AlphaDropout": layers.AlphaDropout(0.5),
        "Dropout": layers.Dropout(0.5),
        "GaussianDropout": layers.GaussianDropout(0.5),
        "GaussianNoise": layers.GaussianNoise(0.5),
        "Identity": layers.Identity(),
        "Lambda": layers.Lambda(np.negative),
        "LeakyReLU": layers.LeakyReLU(),
        "Masking": layers.Masking(),
        "Normalization": layers.Normalization(mean=0.5, variance=2.0),
        "PReLU": layers.PReLU(shared_axes=[1]),
        "ReLU": layers.ReLU(),
        "Rescaling": layers.Rescaling(0.5, 1.0),
        "SpatialDropout1D": layers.SpatialDropout1D(0.5),
        "ThresholdedReLU": layers.ThresholdedReLU(),
    }
    normalizations = {
        "BatchNormalization": layers.BatchNormalization(),
        "GroupNormalization": layers.GroupNormalization(8),
        "LayerNormalization": layers.LayerNormalization(),
        "UnitNormalization": layers.UnitNormalization(),
    }
    data = {"Normalization", "Masking"}
    works = [
        Work(name, layer, [b.rows()], values=both, goal=None if name in data else 2)
        for name, layer in elementwise.items()
    ]
    works += [
        Work(name, layer, [b.rows()], values=both, goal=2.5)
        for name, layer in normalizations.items()
    ]
    rms = layers.RMSNormalization()  # which loses the mask: the answer is padded
    works.append(Work("RMSNormalization", rms, [b.rows()], 0, both / 2 + b.cells * b.features, 2.5))
    exp = EXP * both / 2
    works.append(Work("ELU", layers.ELU(), [b.rows()], exp, both, 2))
    works.append(Work("Softmax", layers.Softmax(), [b.array()], exp, both, 2.5))
    works.append(Work("TemporalSoftmax", layers.TemporalSoftmax(), [b.rows()], exp, both, 3))
    for name in ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"):
        pair = [[b.rows(), b.rows()]]
        works.append(Work(name, getattr(layers, name)(), pair, values=1.5 * both, goal=2))
    return works


def _moves(b: Batch) -> list[Work]:
    """Layers that put numbers elsewhere, and pooling."""
    one, padded = b.steps * b.features, b.cells * b.features
    ends = b.sequences * b.features
    ids, x, padded_x, flat = b.ids(), b.rows(), b.padded(), b.array()
    return [
        Work("AveragePooling1D", layers.AveragePooling1D(2), [x], 0, one + padded / 2, 3),
        Work("MaxPooling1D", layers.MaxPooling1D(2), [x], 0, one + padded / 2, 3),
        Work("GlobalAveragePooling1D", layers.GlobalAveragePooling1D(), [x], 0, one + ends, 3),
        Work("GlobalMaxPooling1D", layers.GlobalMaxPooling1D(), [x], 0, one + ends, 3),
        Work("MaskedGlobalMaxPooling1D", layers.MaskedGlobalMaxPooling1D(), [x], 0, one + ends, 3),
        Work("LastStep", layers.LastStep(), [x], 0, 2 * ends),
        Work("Concatenate", layers.Concatenate(), [[x, b.rows()]], 0, 4 * one),
        Work("Cropping1D", layers.Cropping1D(1), [padded_x], 0, 2 * padded),
        Work("ZeroPadding1D", layers.ZeroPadding1D(1), [padded_x], 0, 2 * padded),
        Work("UpSampling1D", layers.UpSampling1D(2), [padded_x], 0, 3 * padded),
        Work("Flatten", layers.Flatten(), [padded_x], 0, 2 * padded),
        Work("Permute", layers.Permute((2, 1)), [padded_x], 0, 2 * padded),
        Work("Reshape", layers.Reshape((-1, 1)), [padded_x], 0, 2 * padded),
        Work("RepeatVector", layers.RepeatVector(4), [flat], 0, 5 * one),
        # Without mask_zero it loses the mask: the answer is padded.
        Work("Embedding", layers.Embedding(WORDS, b.features), [ids], 0, one + padded),
    ]


def _products(b: Batch) -> list[Work]:
    """Layers whose limit is that of multiply-adds."""
    n, f, x = b.steps, b.features, b.rows
    square = 2.0 * n * f * f
    heads = max(f // 16, 1)
    dense = layers.SpectralNormalization(layers.Dense(f))
    tied = layers.ReversibleEmbedding(f, f)
    tied.build((None, None))
    separable = layers.SeparableConv1D(f, 3, padding="same")
    grid = b.rows(max(f // 4, 3), 4)
    return [
        Work("Dense", layers.Dense(f), [x()], square, goal=1.3),
        Work("EinsumDense", _einsum(f, None), [x()], square, goal=1.3),
        Work("EinsumDense, bias", _einsum(f, "d"), [x()], square, goal=1.3),
        Work("EinsumDense, heads", _heads(f), [x()], square, goal=1.3),
        Work("SpectralNormalization", dense, [x()], square),
        Work("TimeDistributed", layers.TimeDistributed(layers.Dense(f)), [x()], square),
        Work(
            "ReversibleEmbedding", tied, [x()], square, goal=1.5,
            call=lambda layer, y: layer(y, reverse=True),
        ),
        Work("Conv1D", layers.Conv1D(f, 3, padding="same"), [x()], 3 * square, goal=1.5),
        Work("MaskedConv1D", layers.MaskedConv1D(f, 3, padding="same"), [x()], 3 * square, 0, 1.5),
        Work("Conv1DTranspose", layers.Conv1DTranspose(f, 3, padding="same"), [x()], 3 * square),
        Work(
            "DepthwiseConv1D", layers.DepthwiseConv1D(3, padding="same"), [x()], 0,
            (n + b.cells) * f, 3,
        ),
        Work("SeparableConv1D", separable, [x()], square, 0, 1.7),
        Work("ConvLSTM1D", layers.ConvLSTM1D(8, 3), [grid], 2.0 * n * (f // 4) * 3 * 12 * 32),
        Work("Dot", layers.Dot(axes=2), [[x(), x()]], 2.0 * b.pairs * f),
        Work("Attention", layers.Attention(), [[x(), x()]], 4.0 * b.pairs * f),
        Work(
            "AdditiveAttention", layers.AdditiveAttention(), [[x(), x()]],
            (4.0 + EXP + DIVIDE) * b.pairs * f, goal=1.5,
        ),
        Work("AttentionPooling1D", layers.AttentionPooling1D(f), [x()], square),
        Work(
            "MultiHeadAttention", layers.MultiHeadAttention(heads, f // heads), [x()],
            4 * square + 4.0 * b.pairs * f, goal=1.5, call=lambda layer, y: layer(y, y),
        ),
        Work(
            "GroupedQueryAttention", layers.GroupQueryAttention(f // heads, heads, -(-heads // 2)),
            [x()], 3 * square + 4.0 * b.pairs * f, goal=1.5, call=lambda layer, y: layer(y, y),
        ),
    ]  # fmt: skip


def _einsum(features: int, bias_axes: Any) -> Any:
    return layers.EinsumDense("abc,cd->abd", (None, features), bias_axes=bias_axes)


def _heads(features: int) -> Any:
    heads = max(features // 16, 1)
    return layers.EinsumDense("abc,cde->abde", (None, heads, features // heads), bias_axes="de")


def _recurrent(b: Batch) -> list[Work]:
    """Recurrent layers of as many units as features, and CRFs of 20 and 64 tags."""
    f, works = b.features, []
    flops = {kind: 4.0 * gates * b.steps * f * f for kind, gates in GATES.items()}
    for kind, least in flops.items():
        cell, layer = getattr(layers, f"{kind}Cell"), getattr(layers, kind)(f)
        works.append(Work(kind, layer, [b.rows()], least, goal=1.4))
        works.append(Work(f"RNN({kind}Cell)", layers.RNN(cell(f)), [b.rows()], least))
    both = layers.Bidirectional(layers.LSTM(f))
    works.append(Work("Bidirectional", both, [b.rows()], 2 * flops["LSTM"], goal=1.4))
    stack = layers.RNN(layers.StackedRNNCells([layers.LSTMCell(f), layers.LSTMCell(f)]))
    works.append(Work("StackedRNNCells", stack, [b.rows()], 2 * flops["LSTM"]))
    for tags in (20, 64):
        x, least = b.rows(tags), 2.0 * b.steps * tags * tags
        works.append(Work(f"CRFDecode({tags} tags)", layers.CRFDecode(), [x], least, goal=3))
        works.append(Work(f"CRF({tags} tags)", layers.CRF(), [x], least, goal=3))
    return works


def _activations(b: Batch) -> list[Work]:
    """Every activation alone, in Dense and in LSTM."""
    f, x, works = b.features, b.rows(), []
    values, flops = 2 * b.steps * f, 2.0 * b.steps * f * f
    for name in sorted(activations.ACTIVATIONS):
        if name == "threshold":
            continue  # without defaults: no layer can name it
        own = OPERATIONS.get(name, 0) * values / 2
        works.append(Work(name, layers.Activation(name), [x], own, values, 2.5))
        works.append(Work(f"Dense, {name}", layers.Dense(f, activation=name), [x], flops, 0, 1.3))
        if name != "glu":  # half as many numbers: not for states
            lstm = layers.LSTM(f, activation=name)
            works.append(Work(f"LSTM, {name}", lstm, [x], 8 * flops, 0, 1.4))
    return works


def works(b: Batch) -> list[Work]:
    """All of them."""
    return [*_passes(b), *_moves(b), *_products(b), *_recurrent(b), *_activations(b)]


def missing(found: list[Work]) -> list[str]:
    """Layers of the table with neither a work nor a reason."""
    seen = {name for work in found for name in work.name.replace("(", " ").split()}
    return sorted({*names_in(IN_KERAS), *names_in(OURS)} - seen - REASONS.keys())
