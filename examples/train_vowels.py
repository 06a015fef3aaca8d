"""Trains a model that says who of nine speakers spoke, on sequences that are never padded.

    python examples/train_vowels.py [MODEL.keras]

The data are the 270 training utterances of JapaneseVowels (examples/data), 7 to 26 steps long, and
the 370 test utterances that maskseq's demo has. Each batch gets fresh noise: a little on every step
and a shift of each channel over an utterance, as another day or microphone would bring.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import maskseq
from maskseq import Ragged, layers

HERE = Path(__file__).resolve().parent
TRAIN = HERE / "data" / "japanese_vowels_train.npz"
TEST = Path(maskseq.__file__).parent / "demo" / "japanese_vowels_test.npz"
SPEAKERS, CHANNELS, UNITS = 9, 12, 32
EPOCHS, BATCH = 60, 30
NOISE = SHIFT = 0.5  # in standard deviations of a channel


def read(path: Path) -> tuple[Ragged, np.ndarray]:
    """Utterances, and the speakers of each."""
    with np.load(path) as file:
        return Ragged(file["values"], file["offsets"]), file["labels"]


def batches(x: Ragged, speakers: np.ndarray, std: np.ndarray, seed: int) -> Iterator[tuple]:
    """Batches without end, each epoch in another order, each with fresh noise."""
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(x))
        for start in range(0, len(x), BATCH):
            chosen = order[start : start + BATCH]
            part = x[chosen]
            shift = SHIFT * rng.standard_normal((len(chosen), CHANNELS)).repeat(part.lengths, 0)
            noise = NOISE * rng.standard_normal(part.values.shape)
            values = part.values + std * (noise + shift)
            yield Ragged(values.astype(np.float32), part.offsets), speakers[chosen]


def train(seed: int = 0, epochs: int = EPOCHS) -> maskseq.Sequential:
    """A model trained from this seed."""
    maskseq.set_random_seed(seed)
    x, speakers = read(TRAIN)
    mean, variance = x.values.mean(axis=0), x.values.var(axis=0)
    model = maskseq.Sequential(
        [
            maskseq.Input((None, CHANNELS)),
            layers.Normalization(mean=mean, variance=variance),
            layers.Bidirectional(layers.LSTM(UNITS)),
            layers.Dropout(0.4),
            layers.Dense(SPEAKERS, activation="softmax"),
        ],
        name="japanese_vowels",
    )
    model.compile(
        optimizer=maskseq.optimizers.Adam(0.003),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    given = batches(x, speakers, np.sqrt(variance), seed)
    model.fit(given, epochs=epochs, steps_per_epoch=len(x) // BATCH, verbose=2)
    return model


def main() -> None:
    model = train()
    x, speakers = read(TEST)
    loss, accuracy = model.evaluate(x, speakers, verbose=0)
    print(f"test split: loss {loss:.3f}, {accuracy:.1%} of {len(x)} utterances right")
    if len(sys.argv) > 1:
        model.save(sys.argv[1])


if __name__ == "__main__":
    main()
