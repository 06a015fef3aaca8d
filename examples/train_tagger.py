"""Trains a tagger with a CRF: which part of an address is each of its words?

    python examples/train_tagger.py [MODEL.keras]

The data are 1,487 addresses of the United States (examples/data), each word with one of 29 tags,
such as AddressNumber, StreetName, PlaceName. Every fifth address is held out. Beside the model
stands what needs none: the most frequent tag of a word, and of one that was never seen that of its
shape. Sequences and their tags are ragged from end to end.
"""

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

import maskseq
from maskseq import Ragged, layers

DATA = Path(__file__).resolve().parent / "data" / "us_addresses.txt"
EPOCHS, BATCH = 15, 32
Address = list[tuple[str, str]]


def read() -> tuple[list[Address], list[Address]]:
    """Addresses to train on and addresses held out: (word, tag) of each step."""
    blocks = DATA.read_text(encoding="utf-8").strip().split("\n\n")
    found = [[tuple(line.split("\t")) for line in block.split("\n")] for block in blocks]
    return [a for i, a in enumerate(found) if i % 5], found[::5]


def word_of(token: str) -> str:
    """A token as the vocabulary has it: small letters, every digit a 0."""
    return re.sub(r"\d", "0", token.lower()).strip(".,;()#\"'") or token


def shape_of(token: str) -> str:
    """Kinds of characters, runs as one: "Main," -> "Aa,", "30331-1727" -> "0-0"."""
    shape = re.sub(r"[A-Z]", "A", re.sub(r"[a-z]", "a", re.sub(r"\d", "0", token)))
    return re.sub(r"(.)\1+", r"\1", shape)


def numbers(values: list[str], least: int) -> dict[str, int]:
    """Values that occur `least` times or more, numbered from 2; 1 is for all others, 0 for none."""
    known = [value for value, count in sorted(Counter(values).items()) if count >= least]
    return {value: number for number, value in enumerate(known, start=2)}


class Encoder:
    """Addresses as ragged ids of words, ragged ids of shapes, and ragged tags."""

    def __init__(self, addresses: list[Address]):
        steps = [step for address in addresses for step in address]
        self.words = numbers([word_of(token) for token, _ in steps], 2)
        self.shapes = numbers([shape_of(token) for token, _ in steps], 2)
        self.tags = sorted({tag for _, tag in steps})

    def __call__(self, addresses: list[Address]) -> tuple[list[Ragged], Ragged]:
        steps = [step for address in addresses for step in address]
        words = [self.words.get(word_of(token), 1) for token, _ in steps]
        shapes = [self.shapes.get(shape_of(token), 1) for token, _ in steps]
        tags = [self.tags.index(tag) if tag in self.tags else 0 for _, tag in steps]
        offsets = np.cumsum([0, *map(len, addresses)])
        words, shapes, tags = (Ragged(np.array(x), offsets) for x in (words, shapes, tags))
        return [words, shapes], tags


def build(encoder: Encoder) -> maskseq.Model:
    words, shapes = (maskseq.Input((None,), dtype="int32") for _ in range(2))
    of_words = layers.Embedding(len(encoder.words) + 2, 64, mask_zero=True)(words)
    of_shapes = layers.Embedding(len(encoder.shapes) + 2, 32, mask_zero=True)(shapes)
    x = layers.Dropout(0.3)(layers.Concatenate()([of_words, of_shapes]))
    x = layers.Bidirectional(layers.LSTM(64, return_sequences=True))(x)
    x = layers.Dense(len(encoder.tags))(layers.Dropout(0.3)(x))
    return maskseq.Model([words, shapes], layers.CRF(name="tags")(x))


def train(addresses: list[Address], seed: int = 0, epochs: int = EPOCHS, verbose: int = 2):
    """(model, encoder) trained from this seed."""
    maskseq.set_random_seed(seed)
    encoder = Encoder(addresses)
    model = build(encoder)
    model.compile(optimizer=maskseq.optimizers.Adam(0.005), loss="crf")
    inputs, tags = encoder(addresses)
    model.fit(inputs, tags, batch_size=BATCH, epochs=epochs, verbose=verbose)
    return model, encoder


def accuracy(found: list[list[str]], addresses: list[Address]) -> float:
    """The share of words with the right tag."""
    right = [
        t == tag
        for f, a in zip(found, addresses, strict=True)
        for t, (_, tag) in zip(f, a, strict=True)
    ]
    return sum(right) / len(right)


def tags_of(model: maskseq.Model, encoder: Encoder, addresses: list[Address]) -> list[list[str]]:
    """The model's tags."""
    inputs, _ = encoder(addresses)
    padded = model.predict(inputs)
    return [
        [encoder.tags[i] for i in row[: len(a)]] for row, a in zip(padded, addresses, strict=True)
    ]


def most_frequent(given: list[Address], addresses: list[Address]) -> list[list[str]]:
    """The baseline: the tag that a word has most often, or its shape."""
    counts: dict[str, Counter] = defaultdict(Counter)
    for address in given:
        for token, tag in address:
            for key in ("word " + word_of(token), "shape " + shape_of(token), ""):
                counts[key][tag] += 1

    def tag(token: str) -> str:
        keys = ("word " + word_of(token), "shape " + shape_of(token), "")
        return next(counts[key].most_common(1)[0][0] for key in keys if key in counts)

    return [[tag(token) for token, _ in address] for address in addresses]


def main() -> None:
    given, held_out = read()
    model, encoder = train(given)
    plain = accuracy(most_frequent(given, held_out), held_out)
    found = accuracy(tags_of(model, encoder, held_out), held_out)
    print(f"of the words in {len(held_out)} addresses held out, right are")
    print(f"    {plain:.1%} by the most frequent tag of each word")
    print(f"    {found:.1%} by the model")
    if len(sys.argv) > 1:
        model.save(sys.argv[1])


if __name__ == "__main__":
    main()
