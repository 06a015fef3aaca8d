"""Random graphs of layers, drawn by a seed and built alike in Keras and here.

Every layer between the inputs and the outputs keeps (batch, time, FEATURES), so that any may follow
any.
"""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tests.conformance.harness import BATCH, FEATURES, MIXED, TIME, VOCABULARY, with_zeros

ONE: dict[str, Callable[[Any], Any]] = {
    "dense": lambda L: L.Dense(4, activation="tanh"),
    "lstm": lambda L: L.LSTM(4, return_sequences=True),
    "lstm zeros": lambda L: L.LSTM(4, return_sequences=True, zero_output_for_mask=True),
    "lstm back": lambda L: L.LSTM(4, return_sequences=True, go_backwards=True),
    "gru": lambda L: L.GRU(4, return_sequences=True),
    "gru before": lambda L: L.GRU(4, return_sequences=True, reset_after=False),
    "rnn": lambda L: L.SimpleRNN(4, return_sequences=True),
    "stack": lambda L: L.RNN([L.GRUCell(4), L.LSTMCell(4)], return_sequences=True),
    "both": lambda L: L.Bidirectional(L.LSTM(2, return_sequences=True)),
    "both sum": lambda L: L.Bidirectional(L.GRU(4, return_sequences=True), merge_mode="sum"),
    "each": lambda L: L.TimeDistributed(L.Dense(4)),
    "dropout": lambda L: L.Dropout(0.5),
    "activation": lambda L: L.Activation("sigmoid"),
    "masking": lambda L: L.Masking(),
    "layer norm": lambda L: L.LayerNormalization(),
    "rms norm": lambda L: L.RMSNormalization(),
    "batch norm": lambda L: L.BatchNormalization(),
    "relu": lambda L: L.LeakyReLU(0.2),
    "conv": lambda L: L.Conv1D(4, 3, padding="same"),
    "causal": lambda L: L.Conv1D(4, 2, padding="causal"),
    "pool": lambda L: L.MaxPooling1D(2, strides=1, padding="same"),
    "identity": lambda L: L.Identity(),
}
TWO: dict[str, Callable[[Any], Any]] = {
    name: lambda L, name=name: getattr(L, name)()
    for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
    + ("Attention", "AdditiveAttention")
}
HEADS: dict[str, Callable[[Any], Any]] = {
    "mha": lambda L: L.MultiHeadAttention(2, 3),
    "gqa": lambda L: L.GroupQueryAttention(3, 4, 2),
}
LAST: dict[str, Callable[[Any], Any]] = {
    "last": lambda L: L.LSTM(3),
    "last gru": lambda L: L.Bidirectional(L.GRU(3)),
    "average": lambda L: L.GlobalAveragePooling1D(),
    "max": lambda L: L.GlobalMaxPooling1D(),
    "dense": lambda L: L.Dense(2),
    "flatten": lambda L: L.Flatten(),
}
# What reads the mask or the steps of the padded rectangle: more padding, another answer.
PADDED = (
    *HEADS,
    *("rms norm", "masking", "lstm back", "conv", "causal", "pool", "max", "flatten"),
)


class Program(NamedTuple):
    """steps: (kind, name, numbers of the tensors read); tensors 0 and 1 are the inputs, and each
    step makes the next one.  last: (name, tensor) for each output.  by_hand: the mask of the second
    input is given with it, and no layer makes one: Keras does not OR the two.
    """

    steps: list[tuple[str, Any, list[int]]]
    last: list[tuple[str, int]]
    by_hand: bool


def drawn(seed: int, without: tuple[str, ...] = ()) -> Program:
    """The program of a seed, of layers that are not in `without`."""
    draw = random.Random(seed)

    def names_of(table: dict, *more: str) -> list[str]:
        return [name for name in table if name not in (*without, *more)]

    steps: list[tuple[str, Any, list[int]]] = []
    by_hand = draw.random() < 0.5
    for made in range(2, 2 + draw.randint(1, 5)):
        earlier = [number for number, step in enumerate(steps) if step[0] == "one"]
        kind = draw.choice(["one"] * 4 + ["two"] * 2 + ["heads", "concat"] + ["again"] * 2)
        if (kind == "again" and not earlier) or (kind == "heads" and not names_of(HEADS)):
            kind = "one"
        name: Any = None
        if kind == "again":  # a layer shared with an earlier step
            name = draw.choice(earlier)
        elif kind != "concat":
            table = {"one": ONE, "two": TWO, "heads": HEADS}[kind]
            name = draw.choice(names_of(table, *["masking"] * by_hand))
        reads = [draw.randrange(made) for _ in range(1 if kind in ("one", "again") else 2)]
        steps.append((kind, name, reads))
    count = 2 + len(steps)
    last = [(draw.choice(names_of(LAST)), draw.randrange(count)) for _ in range(2)]
    return Program(steps, [*last, ("dense", count - 1)], by_hand)


def build(package: Any, program: Program) -> Any:
    """The model of a program; `package` is keras or maskseq."""
    L = package.layers
    ids = package.Input((None,), dtype="int32")
    x = package.Input((None, FEATURES))
    embedded = L.Embedding(VOCABULARY, FEATURES, mask_zero=not program.by_hand)(ids)
    tensors = [embedded, x if program.by_hand else L.Masking()(x)]
    layers: list[Any] = []
    for kind, name, reads in program.steps:
        inputs, layer = [tensors[number] for number in reads], None
        if kind == "concat":
            y = L.Dense(4)(L.Concatenate()(inputs))
        elif kind == "heads":
            y = HEADS[name](L)(*[L.Dense(4)(x) for x in inputs])  # Keras's deletes their masks
        elif kind == "two":
            y = TWO[name](L)(inputs)
        else:
            layer = layers[name] if kind == "again" else ONE[name](L)
            y = layer(*inputs)
        layers.append(layer)
        tensors.append(y)
    return package.Model([ids, x], [LAST[name](L)(tensors[n]) for name, n in program.last])


def arrays(program: Program) -> tuple[np.ndarray, np.ndarray]:
    """Ids and features whose masks are MIXED, and MIXED from the last sequence on."""
    rng = np.random.RandomState(11)  # noqa: NPY002  its streams are frozen
    ids = rng.randint(1, VOCABULARY, (BATCH, TIME)) * MIXED
    x = rng.standard_normal((BATCH, TIME, FEATURES))
    x = x if program.by_hand else with_zeros(x, MIXED[::-1])
    return ids.astype(np.int32), x.astype(np.float32)
