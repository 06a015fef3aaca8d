"""maskseq: models called with ragged input."""

import numpy as np

import maskseq
from maskseq import layers

from ..works import EPSILON, HEADS, TAGS, VOCABULARY, WORDS


def version() -> str:
    return f"maskseq {maskseq.__version__}"


def ragged(data, values):
    return maskseq.Ragged(values[data["mask"]], np.append(0, np.cumsum(data["lengths"])))


def forms(work, data):
    if work.kind.startswith("pad"):
        return {"whole": padding(work, data)}
    if work.kind == "softmax":
        softmax = layers.Softmax()
        mask = data["mask"][:, None, None, :]
        return {"whole": lambda: softmax(data["x"], mask=mask)}
    if work.kind == "attention":
        return {"whole": attention(work, data)}
    if work.kind in ("step", "decoder"):
        return {"whole": step(work, data)}
    return {"whole": recurrent(work, data)}


def recurrent(work, data):
    """Embedding if it is a text, recurrent layers, and what reads them."""
    units, options = work.units, {"return_sequences": work.sequences}
    names = [p + name for p in work.recurrent for name in ("kernel", "recurrent", "bias")]
    dense = ["dense", "dense_bias"]
    text = work.kind == "text"
    if work.kind in ("lstm", "gru"):
        model = [(layers.GRU if work.kind == "gru" else layers.LSTM)(units, **options)]
    elif work.kind == "bilstm":
        model = [layers.Bidirectional(layers.LSTM(units, **options))]
    elif work.kind == "crf":
        both = layers.Bidirectional(layers.LSTM(units, **options))
        model = [both, layers.Dense(TAGS), layers.CRFDecode()]
        names += [*dense, "transitions", "start", "end"]
    elif work.kind == "speech":
        names, model = [], []
        for prefix in work.recurrent:
            model += [layers.GRU(units, **options), layers.LayerNormalization(epsilon=EPSILON)]
            parts = ("kernel", "recurrent", "bias", "gamma", "beta")
            names += [prefix + name for name in parts]
    elif text:
        embedding = layers.Embedding(VOCABULARY, work.features, mask_zero=True)
        model, names = [embedding, layers.LSTM(units), layers.Dense(1)], ["table", *names, *dense]
    else:
        raise NotImplementedError(work.kind)
    start = maskseq.Input(
        (None,) if text else (None, work.features), dtype="int32" if text else None
    )
    model = maskseq.Sequential([start, *model])
    model.set_weights([data[name] for name in names])
    if work.lengths == "full":
        return lambda: model.predict(data["x"])
    x = ragged(data, data["ids"] if text else data["x"])
    return lambda: model.predict(x)


def step(work, data):
    """A step whose states are handed in and out: probabilities if it has words, h and c."""
    names = ["kernel", "recurrent", "bias"]
    states = [maskseq.Input((work.units,)), maskseq.Input((work.units,))]
    lstm = layers.LSTM(work.units, return_state=True)
    if work.kind == "decoder":
        first = maskseq.Input((1,), dtype="int32")
        y, h, c = lstm(layers.Embedding(WORDS, work.features)(first), initial_state=states)
        y, names = layers.Dense(WORDS, activation="softmax")(y), ["table", *names, "dense"]
        outputs, values, names = [y, h, c], data["ids"], [*names, "dense_bias"]
    else:
        first = maskseq.Input((1, work.features))
        _, *outputs = lstm(first, initial_state=states)
        values = data["x"]
    model = maskseq.Model([first, *states], outputs)
    model.set_weights([data[name] for name in names])
    inputs = [values, data["h"], data["c"]]
    return lambda: np.concatenate(model.predict_on_batch(inputs), -1)


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
