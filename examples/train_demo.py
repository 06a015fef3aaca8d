"""Trains the model of `maskseq demo` with Keras and saves it as Keras writes it.

    pip install keras==3.15.1 jax h5py && python examples/train_demo.py

Who of nine speakers said this? Masking -> Bidirectional(LSTM) -> Dense softmax, on the 270 training
utterances of JapaneseVowels. Each batch gets fresh noise: a little on every step, and a constant
shift of each channel over an utterance, as another day or microphone would bring. Channels are
standardised for training, then the scaling is folded into the LSTM kernels, so the saved model
takes the data as published. It reached 98.4 % on the 370 test utterances (seed 0: 364 right; seeds
1 to 4: 364 or 365). Without noise and shift, seeds 1 and 2 reached 97.0 and 97.6 %.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"

import keras  # noqa: E402  (the backend is chosen first)
import numpy as np  # noqa: E402

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent / "src" / "maskseq" / "demo"
SPEAKERS, CHANNELS, UNITS = 9, 12, 32
EPOCHS, BATCH = 80, 30
NOISE = SHIFT = 0.5  # in standard deviations of a channel


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Utterances, zeros after the last step: float32 (batch, time, channels); speakers (batch,)."""
    data = np.load(path)
    utterances = np.split(data["values"], data["offsets"][1:-1])
    return keras.utils.pad_sequences(utterances, padding="post", dtype="float32"), data["labels"]


def build() -> keras.Sequential:
    return keras.Sequential(
        [
            keras.Input((None, CHANNELS)),
            keras.layers.Masking(mask_value=0.0),
            keras.layers.Bidirectional(keras.layers.LSTM(UNITS)),
            keras.layers.Dropout(0.4),
            keras.layers.Dense(SPEAKERS, activation="softmax"),
        ],
        name="japanese_vowels",
    )


def batches(x: np.ndarray, speakers: np.ndarray, seed: int) -> Iterator[tuple]:
    """Shuffled batches without end, each with fresh noise on its real steps."""
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(x))
        for start in range(0, len(x), BATCH):
            chosen = order[start : start + BATCH]
            batch = x[chosen]
            real = batch.any(axis=-1, keepdims=True)
            noise = NOISE * rng.standard_normal(batch.shape)
            shift = SHIFT * rng.standard_normal((len(chosen), 1, CHANNELS))
            yield np.where(real, batch + noise + shift, 0).astype("float32"), speakers[chosen]


def fold_scaling(weights: list[np.ndarray], mean: np.ndarray, std: np.ndarray) -> list[np.ndarray]:
    """Weights for raw x equal to `weights` for (x - mean) / std: z @ W + b = x @ (W / std) + b'."""
    folded = list(weights)
    for kernel, bias in ((0, 2), (3, 5)):  # Bidirectional: kernel, recurrent, bias; twice
        scaled = weights[kernel] / std[:, None]
        folded[kernel], folded[bias] = scaled, weights[bias] - mean @ scaled
    return folded


def train(seed: int) -> keras.Sequential:
    """A model trained from this seed, for channels as published."""
    keras.utils.set_random_seed(seed)
    x, speakers = read(HERE / "data" / "japanese_vowels_train.npz")
    real = x.any(axis=-1)
    mean, std = x[real].mean(axis=0), x[real].std(axis=0)
    standardised = np.where(real[..., None], (x - mean) / std, 0)

    model, steps = build(), -(-len(x) // BATCH)
    shipped = keras.models.clone_model(model)  # never compiled: its file holds no optimizer
    rate = keras.optimizers.schedules.CosineDecay(3e-3, EPOCHS * steps)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-2)
    model.compile(optimizer, loss="sparse_categorical_crossentropy")
    stream = batches(standardised, speakers, seed)
    model.fit(stream, epochs=EPOCHS, steps_per_epoch=steps, verbose=0, shuffle=False)

    shipped.set_weights(fold_scaling(model.get_weights(), mean, std))
    return shipped


def main(seed: int) -> None:
    model = train(seed)
    x, speakers = read(DEMO / "japanese_vowels_test.npz")
    right = int((model.predict(x, verbose=0).argmax(axis=-1) == speakers).sum())
    print(f"seed {seed}: {right} of {len(x)} test utterances right ({right / len(x):.1%})")
    if seed == 0:
        model.save(DEMO / "japanese_vowels.keras")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
