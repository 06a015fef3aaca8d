"""`maskseq doctor`: how maskseq is installed here, what it finds, and if its bits are right."""

import hashlib
import importlib.metadata
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from .. import _kernels, layers, runtime
from ..models.sequential import Sequential

EXTRAS = (
    "pyarrow",
    "pandas",
    "polars",
    "scipy",
    "sklearn",
    "dask",
    "matplotlib",
    "tqdm",
    "threadpoolctl",
)
RIGHT = "86783b4d6ff33a90"
"""The hash of the answers of the self-test, on every machine."""


def installation() -> dict[str, str]:
    """What a bug report needs: `runtime.config()`, where the package lies, the extras found."""
    found = {name: str(value) for name, value in runtime.config().items()}
    found["installed"] = _kind_of_installation()
    found["extras"] = ", ".join(name for name in EXTRAS if find_spec(name)) or "none"
    return found


def self_test() -> dict[str, bool]:
    """Whether the answers have the right bits, by instruction set and number of threads."""
    before, results = runtime.isa(), {}
    try:
        for isa in _kernels.ISAS:
            _kernels.set_isa(isa)
            for threads in sorted({1, 2, runtime.get_num_threads()}):
                with runtime.num_threads(threads):
                    results[f"{isa}, {threads} threads"] = answers() == RIGHT
    finally:
        _kernels.set_isa(before)
    return results


def answers() -> str:
    """A hash of what a small model answers: its inputs and weights are the same bits everywhere."""
    model = Sequential(
        [
            layers.Input((None, 24)),
            layers.Bidirectional(layers.LSTM(20, return_sequences=True)),
            layers.LayerNormalization(),
            layers.GRU(17, return_sequences=True),
            layers.Dense(33, activation="gelu"),
            layers.AttentionPooling1D(8),
            layers.Dense(5, activation="softmax"),
        ]
    )
    model.set_weights([_pattern(w.shape, i) for i, w in enumerate(model.weights)])
    sequences = [_pattern((length, 24), length) for length in (1, 7, 16, 33, 50)]
    return hashlib.sha256(model.predict(sequences).tobytes()).hexdigest()[:16]


def _pattern(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """float32 in [-0.5, 0.5): multiples of 2**-10 in an order that looks random."""
    numbers = np.arange(int(np.prod(shape)), dtype=np.int64) * 7919 + seed * 104729
    return ((numbers * numbers // 64 % 1024 - 512) / 1024).astype(np.float32).reshape(shape)


def _kind_of_installation() -> str:
    place = Path(__file__).parents[1]
    try:
        direct = importlib.metadata.distribution("maskseq").read_text("direct_url.json") or ""
    except importlib.metadata.PackageNotFoundError:
        return f"a source tree: {place}"
    return f"{'editable' if 'editable' in direct else 'a package'}: {place}"
