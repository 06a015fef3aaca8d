"""Trains a small transformer: which syllable of an English word is stressed?

    python examples/train_classifier.py [MODEL.keras]

The data are 8,000 words of three syllables from the CMU Pronouncing Dictionary (examples/data):
camera is stressed on the first, banana on the second, cavalier on the third. The model reads
letters. Words that begin with the same five letters are of one family (banana, bananas): all of a
family are trained on, or all are held out. Beside the model stand two that need none: the most
frequent answer, and the most frequent one of words that end in the same three letters.
"""

import sys
import zlib
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

import maskseq
from maskseq import Ragged, layers

DATA = Path(__file__).resolve().parent / "data" / "english_stress.txt"
LONGEST, UNITS, HEADS, BLOCKS = 20, 64, 4, 2
EPOCHS, BATCH = 12, 64
Words = list[tuple[str, int]]


def read() -> tuple[Words, Words]:
    """Words to train on and words held out: (word, stressed syllable from 1)."""
    lines = [line.split() for line in DATA.read_text(encoding="ascii").splitlines()]
    words = [(word, int(stress)) for word, stress in lines]
    families = [zlib.crc32(word[:5].encode()) % 5 for word, _ in words]
    given = [w for w, family in zip(words, families, strict=True) if family]
    return given, [w for w, family in zip(words, families, strict=True) if not family]


def encode(words: Words) -> tuple[list[Ragged], np.ndarray]:
    """Ragged letters, their places from the start and from the end, all from 1; classes from 0."""
    letters = [[ord(letter) - ord("a") + 1 for letter in word] for word, _ in words]
    places = [list(range(1, len(word) + 1)) for word, _ in words]
    inputs = [letters, places, [x[::-1] for x in places]]
    return [Ragged.from_list(x) for x in inputs], np.array([stress - 1 for _, stress in words])


def block(x):
    """Attention and a layer of its own for each letter, each added to what it was given."""
    # MultiHeadAttention would take the mask off x, as Keras's does.
    attention = layers.GroupQueryAttention(UNITS // HEADS, HEADS, HEADS)
    x = layers.LayerNormalization()(layers.Add()([x, attention(x, x)]))
    wide = layers.Dense(4 * UNITS, activation="gelu")(x)
    narrow = layers.Dropout(0.1)(layers.Dense(UNITS)(wide))
    return layers.LayerNormalization()(layers.Add()([x, narrow]))


def build() -> maskseq.Model:
    inputs = [maskseq.Input((None,), dtype="int32", name=n) for n in ("letters", "start", "end")]
    sizes = 27, LONGEST + 1, LONGEST + 1
    embedded = [
        layers.Embedding(size, UNITS, mask_zero=True)(x)
        for size, x in zip(sizes, inputs, strict=True)
    ]
    x = layers.Dropout(0.1)(layers.LayerNormalization()(layers.Add()(embedded)))
    for _ in range(BLOCKS):
        x = block(x)
    x = layers.GlobalAveragePooling1D()(x)
    return maskseq.Model(inputs, layers.Dense(3, activation="softmax")(x))


def train(words: Words, seed: int = 0, epochs: int = EPOCHS, verbose: int = 2) -> maskseq.Model:
    """A model trained from this seed."""
    maskseq.set_random_seed(seed)
    x, y = encode(words)
    model = build()
    steps = epochs * -(-len(words) // BATCH)
    rate = maskseq.optimizers.schedules.CosineDecay(0.002, steps)
    model.compile(
        optimizer=maskseq.optimizers.AdamW(rate, weight_decay=0.01),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=verbose)
    return model


def most_frequent(given: Words, held_out: Words, letters: int) -> float:
    """The share that is right of the most frequent answer for words with the same last letters."""
    counts: dict[str, Counter] = defaultdict(Counter)
    for word, stress in given:
        for key in (word[len(word) - letters :], ""):
            counts[key][stress] += 1
    endings = [word[len(word) - letters :] for word, _ in held_out]
    found = [counts.get(x, counts[""]).most_common(1)[0][0] for x in endings]
    return sum(f == stress for f, (_, stress) in zip(found, held_out, strict=True)) / len(held_out)


def main() -> None:
    given, held_out = read()
    model = train(given)
    _, accuracy = model.evaluate(*encode(held_out), verbose=0)
    print(f"of {len(held_out)} words held out, right are")
    print(f"    {most_frequent(given, held_out, 0):.1%} by the most frequent answer")
    print(f"    {most_frequent(given, held_out, 3):.1%} by that of the same last three letters")
    print(f"    {accuracy:.1%} by the model")
    if len(sys.argv) > 1:
        model.save(sys.argv[1])


if __name__ == "__main__":
    main()
