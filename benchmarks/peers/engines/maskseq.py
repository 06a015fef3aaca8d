"""maskseq: models called with ragged input."""

import numpy as np

import maskseq
from maskseq import layers

from ..works import HEADS, VOCABULARY


def version() -> str:
    return f"maskseq {maskseq.__version__}"


def ragged(data, values):
    return maskseq.Ragged(values[data["mask"]], np.append(0, np.cumsum(data["lengths"])))


def prepare(work, data):
    if work.kind.startswith("pad"):
        return padding(work, data)
    if work.kind == "softmax":
        softmax = layers.Softmax()
        mask = data["mask"][:, None, None, :]
        return lambda: softmax(data["x"], mask=mask)
    if work.kind == "attention":
        return attention(work, data)
    options = {"return_sequences": work.sequences}
    if work.kind == "lstm":
        model, names = [layers.LSTM(work.units, **options)], ("kernel", "recurrent", "bias")
    elif work.kind == "gru":
        model, names = [layers.GRU(work.units, **options)], ("kernel", "recurrent", "bias")
    elif work.kind == "bilstm":
        model = [layers.Bidirectional(layers.LSTM(work.units, **options))]
        names = ("kernel", "recurrent", "bias", "back_kernel", "back_recurrent", "back_bias")
    elif work.kind == "text":
        embedding = layers.Embedding(VOCABULARY, work.features, mask_zero=True)
        model = [embedding, layers.LSTM(work.units), layers.Dense(1)]
        names = ("table", "kernel", "recurrent", "bias", "dense", "dense_bias")
    else:
        raise NotImplementedError(work.kind)
    text = work.kind == "text"
    start = maskseq.Input(
        (None,) if text else (None, work.features), dtype="int32" if text else None
    )
    model = maskseq.Sequential([start, *model])
    model.set_weights([data[name] for name in names])
    if work.lengths == "full":
        return lambda: model.predict(data["x"])
    x = ragged(data, data["ids"] if text else data["x"])
    return lambda: model.predict(x)


def attention(work, data):
    layer = layers.MultiHeadAttention(HEADS, work.units)
    x = maskseq.Input((None, work.features))
    model = maskseq.Model(x, layer(x, x))
    layer.set_weights(
        [data[n + b] for n in ("query", "key", "value", "output") for b in ("", "_bias")]
    )
    x = ragged(data, data["x"])
    return lambda: model.predict(x)


def padding(work, data):
    rows = np.split(data["ids"], np.cumsum(data["lengths"])[:-1])
    if work.kind == "pad lists":
        rows = [row.tolist() for row in rows]
    return lambda: maskseq.pad_sequences(rows)
