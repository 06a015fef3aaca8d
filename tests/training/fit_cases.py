"""Small models to be fitted, and the data for them."""

import numpy as np

import maskseq
from maskseq import layers, pad_sequences


def sequences(count=60, seed=0, features=3):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 9, count)
    return [rng.standard_normal((int(n), features)).astype(np.float32) for n in lengths]


def classifier(optimizer="adam", **compiled):
    maskseq.set_random_seed(3)
    model = maskseq.Sequential(
        [
            maskseq.Input((None, 3)),
            layers.Masking(-9.0),
            layers.LSTM(5),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer, "binary_crossentropy", **compiled)
    return model


def tagger(**compiled):
    maskseq.set_random_seed(3)
    model = maskseq.Sequential(
        [
            maskseq.Input((None, 3)),
            layers.Masking(-9.0),
            layers.Bidirectional(layers.GRU(4, return_sequences=True)),
            layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse", **compiled)
    return model


X = sequences()
Y = np.array([float(x.sum() > 0) for x in X], np.float32)
STEPS = [np.cumsum(x.sum(axis=1))[:, None].astype(np.float32) for x in X]


def padded(x, side="post", extra=0):
    longest = max(map(len, x)) + extra
    return pad_sequences(x, maxlen=longest, dtype="float32", padding=side, value=-9.0)
