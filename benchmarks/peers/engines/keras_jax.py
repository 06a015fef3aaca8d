"""Keras 3 on JAX: layers compiled by jax.jit, inputs already on the device."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import jax  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

from ..buckets import in_buckets  # noqa: E402
from ..works import EPSILON, HEADS, VOCABULARY, WORDS  # noqa: E402


def version() -> str:
    return f"keras {keras.__version__} (jax {jax.__version__})"


def caller(run, *names):
    """batch -> a call of the compiled function on what the names say, already on the device."""
    run = jax.jit(run)

    def calls(batch):
        inputs = [jax.numpy.asarray(batch[name]) for name in names]
        return lambda: np.asarray(run(*inputs))

    return calls


def forms(work, data):
    if work.kind.startswith("pad"):
        rows = np.split(data["ids"], np.cumsum(data["lengths"])[:-1])
        rows = [row.tolist() for row in rows] if work.kind == "pad lists" else rows
        return {"whole": lambda: keras.utils.pad_sequences(rows)}
    calls = softmax() if work.kind == "softmax" else model(work, data)
    if not work.ragged:
        return {"whole": calls(data)}
    sequences = work.sequences or work.kind == "attention"
    return {"whole": calls(data), "in buckets": in_buckets(calls, data, sequences)}


def softmax():
    layer = layers.Softmax()
    return caller(lambda x, m: layer(x, mask=m[:, None, None, :]), "x", "mask")


def model(work, data):
    """batch -> its call."""
    if work.kind == "attention":
        layer = layers.MultiHeadAttention(HEADS, work.units)
        layer.build(data["x"].shape, data["x"].shape)
        names = [n + b for n in ("query", "key", "value", "output") for b in ("", "_bias")]
        layer.set_weights([data[name] for name in names])
        return caller(lambda x, m: layer(x, x, attention_mask=m[:, None, :]), "x", "mask")
    if work.kind in ("step", "decoder"):
        return step(work, data)
    if work.kind == "crf":
        raise NotImplementedError("no such layer")
    chain = []
    parts = ["kernel", "recurrent", "bias"]
    for prefix, features in work.recurrent.items():
        make = layers.GRU if work.gates == 3 else layers.LSTM
        layer = make(work.units, return_sequences=work.sequences)
        names = [prefix + n for n in parts]
        if work.kind == "bilstm":
            layer, names = layers.Bidirectional(layer), names + ["back_" + n for n in parts]
        chain.append((layer, names, (None, None, features)))
        if work.kind == "bilstm":
            break
        if work.kind == "speech":
            norm = layers.LayerNormalization(epsilon=EPSILON)
            chain.append((norm, [prefix + "gamma", prefix + "beta"], (None, None, work.units)))
    if work.kind == "text":
        embedding = layers.Embedding(VOCABULARY, work.features, mask_zero=True)
        chain.insert(0, (embedding, ["table"], (None, None)))
        chain.append((layers.Dense(1), ["dense", "dense_bias"], (None, work.units)))
    for layer, names, shape in chain:
        layer.build(shape)
        layer.set_weights([data[name] for name in names])

    def run(x, mask=None):
        for layer, *_ in chain:
            x = layer(x, mask=mask) if mask is not None and takes_mask(layer) else layer(x)
        return x

    if work.kind == "text":
        return caller(run, "ids")
    return caller(run, "x") if work.lengths == "full" else caller(run, "x", "mask")


def takes_mask(layer):
    return not isinstance(layer, layers.LayerNormalization)


def step(work, data):
    lstm = layers.LSTM(work.units, return_state=True)
    lstm.build((None, None, work.features))
    lstm.set_weights([data[name] for name in ("kernel", "recurrent", "bias")])
    if work.kind == "step":
        return caller(
            lambda x, h, c: jax.numpy.concatenate(lstm(x, initial_state=[h, c])[1:], -1),
            "x", "h", "c",
        )  # fmt: skip
    embedding = layers.Embedding(WORDS, work.features)
    dense = layers.Dense(WORDS, activation="softmax")
    embedding.build()
    dense.build((None, work.units))
    embedding.set_weights([data["table"]])
    dense.set_weights([data["dense"], data["dense_bias"]])

    def run(ids, h, c):
        y, h, c = lstm(embedding(ids), initial_state=[h, c])
        return jax.numpy.concatenate([dense(y), h, c], -1)

    return caller(run, "ids", "h", "c")
