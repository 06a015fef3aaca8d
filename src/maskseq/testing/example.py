"""What an example of a layer is made of: inputs to call it on, values of its arguments."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import layers
from .subject import BATCH, TIME, sequences


@dataclass
class Example:
    """A layer, made by `make`, with arrays to call it on; see check_layer.

    The first example of a layer also gives values for the arguments that only it has: tests try
    them in combination. A value that makes layers is a function without a name.
    """

    make: Callable[[], layers.Layer]
    inputs: list[np.ndarray] = field(default_factory=lambda: [sequences()])
    call: Callable[..., Any] | None = None
    skip: tuple[str, ...] = ()
    options: Mapping[str, Sequence[Any]] = field(default_factory=dict)


def ids() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 9, (BATCH, TIME)).astype(np.int32)


def words() -> np.ndarray:
    return np.char.add("w", ids().astype(str))


def texts() -> np.ndarray:
    """Texts of no to four words."""
    return np.array([" ".join(row[:n]) for n, row in enumerate(words())])


def grids() -> list[np.ndarray]:
    """Steps of four rows of two features."""
    random = np.random.default_rng(7)
    return [random.standard_normal((BATCH, TIME, 4, 2)).astype(np.float32)]


def pair() -> list[np.ndarray]:
    return [sequences(), sequences()[:, ::-1].copy()]


def attend(layer: Any, query: Any, value: Any) -> Any:
    return layer(query, value)


def flat(size: int) -> list[np.ndarray]:
    return [sequences().reshape(BATCH, -1)[:, :size]]


BOTH = (False, True)
WINDOWS = {"pool_size": (1, 2, 3), "strides": (None, 1, 2), "padding": ("valid", "same")}
TWO = {"padding": ("valid", "same")}
THREE = {"padding": ("valid", "same", "causal")}
UNITS = {"units": (3,)}
TABLE = {"input_dim": (9,), "output_dim": (3,)}


def cells() -> list:
    return [
        lambda: layers.LSTMCell(3),
        lambda: layers.GRUCell(2, reset_after=False),
        lambda: [layers.SimpleRNNCell(2, activation="relu"), layers.LSTMCell(3)],
        lambda: layers.StackedRNNCells([layers.GRUCell(2), layers.SimpleRNNCell(4)]),
    ]


def directions() -> list:
    return [
        lambda s=s, r=r, z=z, make=make: make(
            3, return_sequences=s, return_state=r, zero_output_for_mask=z
        )
        for make in (layers.LSTM, layers.GRU, layers.SimpleRNN)
        for s, r, z in itertools.product(BOTH, BOTH, BOTH)
    ]


def wrapped() -> list:
    return [
        lambda: layers.Dense(2),
        lambda: layers.LayerNormalization(),
        lambda: layers.Activation("softmax"),
        lambda: layers.Dropout(0.5),
        lambda: layers.Masking(),
    ]
