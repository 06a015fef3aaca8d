"""JapaneseVowels for train_peers: 270 utterances of nine speakers; `fit` takes an epoch."""

from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).resolve().parents[2] / "examples" / "data" / "japanese_vowels_train.npz"


def padded() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lengths (270,), float32 (270, 26, 12) padded with 0 behind, and the speakers (270,)."""
    with np.load(FILE) as file:
        values, offsets, speakers = file["values"], file["offsets"], file["labels"]
    lengths = np.diff(offsets)
    real = np.arange(lengths.max()) < lengths[:, None]
    x = np.zeros((*real.shape, values.shape[1]), np.float32)
    x[real] = values
    return lengths, x, speakers.astype(np.int64)


def epoch(model: Any, x: Any, y: Any) -> Any:
    """A function that fits a compiled model for an epoch, batches of 32."""
    return lambda: model.fit(x, y, batch_size=32, epochs=1, verbose=0)
