"""Trains a model that says who of nine speakers spoke: that of `maskseq demo`.

    python examples/train_vowels.py [MODEL.keras]

Masking -> Bidirectional(LSTM) -> Dense softmax, on the 270 training utterances of JapaneseVowels
(examples/data), 7 to 26 steps long and never padded. Each batch gets fresh noise: a little on every
step, and a constant shift of each channel over an utterance, as another day or microphone would
bring. Channels are standardised for training, then the scaling is folded into the LSTM kernels, so
that the model takes the data as published. The test split, which `maskseq demo` has, is only
counted at the end. Epochs, rates and noise are those that a model of Keras was once trained with
(tests/files/demo/japanese_vowels.keras, 364 of the 370 test utterances right).
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
EPOCHS, BATCH = 80, 30
NOISE = SHIFT = 0.5  # in standard deviations of a channel


def read(path: Path) -> tuple[Ragged, np.ndarray]:
    """Utterances, and the speakers of each."""
    with np.load(path) as file:
        return Ragged(file["values"], file["offsets"]), file["labels"]


def build() -> maskseq.Sequential:
    return maskseq.Sequential(
        [
            maskseq.Input((None, CHANNELS)),
            layers.Masking(mask_value=0.0),
            layers.Bidirectional(layers.LSTM(UNITS)),
            layers.Dropout(0.4),
            layers.Dense(SPEAKERS, activation="softmax"),
        ],
        name="japanese_vowels",
    )


def batches(x: Ragged, speakers: np.ndarray, seed: int) -> Iterator[tuple]:
    """Batches without end, each epoch in another order, each with fresh noise."""
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(x))
        for start in range(0, len(x), BATCH):
            chosen = order[start : start + BATCH]
            part = x[chosen]
            shift = SHIFT * rng.standard_normal((len(chosen), CHANNELS)).repeat(part.lengths, 0)
            noise = NOISE * rng.standard_normal(part.values.shape)
            values = (part.values + noise + shift).astype(np.float32)
            yield Ragged(values, part.offsets), speakers[chosen]


def fold_scaling(weights: list[np.ndarray], mean: np.ndarray, std: np.ndarray) -> list[np.ndarray]:
    """Weights for raw x equal to `weights` for (x - mean) / std: z @ W + b = x @ (W / std) + b'."""
    folded = list(weights)
    for kernel, bias in ((0, 2), (3, 5)):  # Bidirectional: kernel, recurrent, bias; twice
        scaled = weights[kernel] / std[:, None]
        folded[kernel], folded[bias] = scaled, weights[bias] - (mean[:, None] * scaled).sum(axis=0)
    return folded


def train(seed: int = 0, epochs: int = EPOCHS, verbose: int = 2) -> maskseq.Sequential:
    """A model trained from this seed, for channels as published."""
    maskseq.set_random_seed(seed)
    x, speakers = read(TRAIN)
    scaling = layers.Normalization()
    scaling.adapt(x.values)
    mean, std = scaling.mean.reshape(-1), np.sqrt(scaling.variance.reshape(-1))
    standardised = Ragged((x.values - mean) / std, x.offsets)

    model, steps = build(), -(-len(x) // BATCH)
    rate = maskseq.optimizers.schedules.CosineDecay(3e-3, epochs * steps)
    model.compile(
        optimizer=maskseq.optimizers.AdamW(rate, weight_decay=1e-2),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    given = batches(standardised, speakers, seed)
    model.fit(given, epochs=epochs, steps_per_epoch=steps, verbose=verbose)

    trained = build()  # never compiled: its file holds no optimizer
    trained.set_weights(fold_scaling(model.get_weights(), mean, std))
    return trained


def right(model: maskseq.Model) -> tuple[int, int]:
    """How many of the test utterances the model names right, and how many there are."""
    x, speakers = read(TEST)
    return int((model.predict(x).argmax(axis=-1) == speakers).sum()), len(x)


def main() -> None:
    model = train()
    found, count = right(model)
    print(f"{found} of {count} test utterances right ({found / count:.1%})")
    if len(sys.argv) > 1:
        model.save(sys.argv[1])


if __name__ == "__main__":
    main()
