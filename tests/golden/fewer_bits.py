"""What layers answer with weights in fewer bits. bfloat16 as on a CPU without it."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from maskseq import _kernels, layers
from tests.golden.exact import pattern, set_weights

LAYERS: dict[str, Callable[[], Any]] = {
    "Dense": lambda: layers.Dense(21, activation="tanh"),
    "LSTM": lambda: layers.LSTM(19, return_sequences=True),
    "GRU": lambda: layers.GRU(19, return_sequences=True),
    "GRU, reset before": lambda: layers.GRU(19, return_sequences=True, reset_after=False),
    "SimpleRNN": lambda: layers.SimpleRNN(35, return_sequences=True),
    "LSTM with relu": lambda: layers.LSTM(9, activation="relu", return_sequences=True),
}


def in_fewer_bits(order: Callable[[np.ndarray], np.ndarray]) -> Iterator[tuple[str, list[Any]]]:
    before = _kernels.use_extensions(True)
    try:
        for precision in ("int8", "bfloat16"):
            _kernels.use_extensions(precision == "int8")
            for name, make in LAYERS.items():
                layer, x = make(), order(pattern((5, 7, 23)))
                layer(x)
                set_weights(layer)
                layer.quantize(precision)
                yield f"{name}, {precision}", [layer(x)]
    finally:
        _kernels.use_extensions(before)
