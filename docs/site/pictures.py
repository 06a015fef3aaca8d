"""Draws docs/mask-flow.svg and docs/seen.png: python docs/site/pictures.py."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import maskseq
from maskseq import layers

DOCS = Path(__file__).parents[1]


def tagger() -> maskseq.Model:
    """A model in which a mask is made, used, passed on and lost."""
    ids = maskseq.Input((None,), dtype="int32", name="ids")
    x = layers.Embedding(1000, 16, mask_zero=True, name="embedding")(ids)
    x = layers.LSTM(8, return_sequences=True, name="lstm")(x)
    x = layers.Conv1D(8, 3, padding="same", name="conv")(x)
    x = layers.GlobalAveragePooling1D(name="pooling")(x)
    return maskseq.Model(ids, layers.Dense(1, name="dense")(x))


def four_pictures() -> plt.Figure:
    """Padding, attention, steps and learning curves of a small model: does a sequence hold a 7?"""
    maskseq.set_random_seed(1)
    rng = np.random.default_rng(0)
    sequences = [rng.integers(1, 20, size=n).tolist() for n in rng.geometric(0.1, size=400)]
    labels = np.array([7 in ids for ids in sequences], dtype=int)
    ids = maskseq.Input((None,), dtype="int32")
    x = layers.Embedding(20, 16, mask_zero=True)(ids)
    attended, scores = layers.MultiHeadAttention(1, 16)(x, x, return_attention_scores=True)
    x = layers.GlobalMaxPooling1D()(layers.Add()([x, attended]))
    model = maskseq.Model(ids, layers.Dense(1, activation="sigmoid")(x))
    model.compile(maskseq.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(sequences, labels, epochs=15, validation_split=0.2, verbose=0)
    shown = next(ids for ids in sequences if 7 in ids and 6 <= len(ids) <= 10)
    figure, axes = plt.subplots(2, 2, figsize=(10, 7), layout="constrained")
    maskseq.plot.padding(sequences[:60], sort=True, axes=axes[0, 0])
    maskseq.plot.learning_curves(history, names=["loss"], axes=axes[0, 1])
    maskseq.plot.attention(maskseq.Model(ids, scores).predict([shown])[0], axes=axes[1, 0])
    (changes,) = maskseq.explain.steps(model, [shown], unit=0)
    maskseq.plot.steps(changes, labels=shown, axes=axes[1, 1])
    titles = ("padding", "learning curves", "attention", "which steps an answer depends on")
    for here, title in zip(axes.flat, titles, strict=True):
        here.set_title(title)
    return figure


if __name__ == "__main__":
    maskseq.plot.mask_flow(tagger(), DOCS / "mask-flow.svg")
    four_pictures().savefig(DOCS / "seen.png", dpi=90)
