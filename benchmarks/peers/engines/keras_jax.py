"""Keras 3 on JAX: layers compiled by jax.jit, inputs already on the device."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import jax  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

from ..works import HEADS, VOCABULARY  # noqa: E402


def version() -> str:
    return f"keras {keras.__version__} (jax {jax.__version__})"


def compiled(layer, *inputs):
    inputs = [jax.numpy.asarray(x) for x in inputs]
    run = jax.jit(layer)
    return lambda: np.asarray(run(*inputs))


def prepare(work, data):
    if work.kind.startswith("pad"):
        rows = np.split(data["ids"], np.cumsum(data["lengths"])[:-1])
        rows = [row.tolist() for row in rows] if work.kind == "pad lists" else rows
        return lambda: keras.utils.pad_sequences(rows)
    mask = data["mask"]
    if work.kind == "softmax":
        softmax = layers.Softmax()
        return compiled(lambda x, m: softmax(x, mask=m), data["x"], mask[:, None, None, :])
    if work.kind == "attention":
        layer = layers.MultiHeadAttention(HEADS, work.units)
        layer.build(data["x"].shape, data["x"].shape)
        layer.set_weights(
            [data[n + b] for n in ("query", "key", "value", "output") for b in ("", "_bias")]
        )
        return compiled(lambda x, m: layer(x, x, attention_mask=m), data["x"], mask[:, None, :])
    names = ["kernel", "recurrent", "bias"]
    if work.kind == "gru":
        layer = layers.GRU(work.units, return_sequences=work.sequences)
    elif work.kind in ("lstm", "text"):
        layer = layers.LSTM(work.units, return_sequences=work.sequences)
    elif work.kind == "bilstm":
        layer = layers.Bidirectional(layers.LSTM(work.units, return_sequences=work.sequences))
        names += ["back_kernel", "back_recurrent", "back_bias"]
    else:
        raise NotImplementedError("no such function")
    layer.build((None, None, work.features))
    layer.set_weights([data[name] for name in names])
    if work.kind == "text":
        embedding = layers.Embedding(VOCABULARY, work.features, mask_zero=True)
        dense = layers.Dense(1)
        embedding.build()
        dense.build((None, work.units))
        embedding.set_weights([data["table"]])
        dense.set_weights([data["dense"], data["dense_bias"]])
        return compiled(lambda ids: dense(layer(embedding(ids))), data["ids"])
    if work.lengths == "full":
        return compiled(layer, data["x"])
    return compiled(lambda x, m: layer(x, mask=m), data["x"], mask)
