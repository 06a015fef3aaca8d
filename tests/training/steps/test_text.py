"""Models that take text, or other data that a vocabulary turns into numbers, are trained."""

import numpy as np
import pytest

import maskseq
from maskseq import layers

TEXTS = ["good film", "bad", "good", "bad bad film", "a good one", "film bad"]
LABELS = np.array([1, 0, 1, 0, 1, 0], np.float32)


def trained(model, x):
    model.compile(maskseq.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    before = None
    for _ in range(40):
        model.train_on_batch(x, LABELS)
        before = before or [w.copy() for w in model.get_weights()]
    moved = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert all(moved)
    return model.evaluate(x, LABELS, verbose=0)[1]


@pytest.mark.parametrize("kind", [list, np.array])
def test_a_model_of_texts_learns(kind):
    maskseq.set_random_seed(1)
    words = layers.TextVectorization()
    words.adapt(TEXTS)
    model = maskseq.Sequential(
        [
            words,
            layers.Embedding(words.vocabulary_size(), 8, mask_zero=True),
            layers.LSTM(8),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    assert trained(model, kind(TEXTS)) == 1.0


LOOKUPS = {
    "words": (lambda: layers.StringLookup(vocabulary=["good", "bad", "film"]), "string"),
    "numbers": (lambda: layers.IntegerLookup(vocabulary=[3, 5, 7]), "int64"),
    "hashes": (lambda: layers.Hashing(7), "string"),
    "buckets": (lambda: layers.Discretization([0.0, 4.0, 6.0]), "float32"),
}


@pytest.mark.parametrize(
    "name, called", [*((name, False) for name in LOOKUPS), ("numbers", True), ("buckets", True)]
)
def test_what_looks_up_stands_before_trained_layers(name, called):
    """called: by a layer of users, which takes numbers only."""
    make, dtype = LOOKUPS[name]
    lookup = make()
    words = [text.split()[:2] for text in ["good film", "bad bad", "film good", "bad film"] * 2][:6]
    x = (
        words
        if dtype == "string"
        else [[{"good": 3, "bad": 5}.get(w, 7) for w in s] for s in words]
    )

    class Holding(layers.Layer):
        def __init__(self):
            super().__init__()
            self.table = layers.Embedding(9, 4)

        def call(self, inputs):
            return self.table(lookup(inputs))

    source = maskseq.Input((2,), dtype=dtype)
    y = Holding()(source) if called else layers.Embedding(9, 4)(lookup(source))
    y = layers.Dense(1, activation="sigmoid")(layers.Flatten()(y))
    trained_model = maskseq.Model(source, y)
    trained_model.compile(maskseq.optimizers.SGD(1.0), "mse")
    data = np.array(x) if dtype == "string" else np.array(x, dtype)
    before = trained_model.get_weights()
    trained_model.train_on_batch(data, LABELS)
    for a, b in zip(before, trained_model.get_weights(), strict=True):
        assert not np.array_equal(a, b)
