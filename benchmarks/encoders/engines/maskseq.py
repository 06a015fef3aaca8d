"""maskseq: with the mask kept to the end. (As Keras's users write it, padding is attended to.)"""

import maskseq
from maskseq import layers

from ..works import EPSILON, VOCABULARY


def version() -> str:
    return f"maskseq {maskseq.__version__}"


def model_of(encoder, data, mask_rule="keras2"):
    ids = maskseq.Input((None,), dtype="int32")
    x = layers.Embedding(VOCABULARY, encoder.features, mask_zero=True)(ids)
    weights = [data["table"]]
    width = encoder.features // encoder.heads
    for w in data["layers"]:
        attention = layers.MultiHeadAttention(encoder.heads, width, mask_rule=mask_rule)
        x = layers.Add(mask_rule=mask_rule)([x, attention(x, x)])
        x = layers.LayerNormalization(epsilon=EPSILON)(x)
        h = layers.Dense(4 * encoder.features, activation="gelu")(x)
        h = layers.Dense(encoder.features)(h)
        x = layers.LayerNormalization(epsilon=EPSILON)(layers.Add(mask_rule=mask_rule)([x, h]))
        for side in "qkv":
            weights.append(w["w" + side].reshape(-1, encoder.heads, width))
            weights.append(w["b" + side].reshape(encoder.heads, width))
        weights += [w["wo"].reshape(encoder.heads, width, -1), w["bo"], *w["norm1"]]
        weights += [w["w1"], w["b1"], w["w2"], w["b2"], *w["norm2"]]
    model = maskseq.Model(ids, x, on_mask_loss="ignore")
    by_shape = iter(weights)
    for layer in model.layers:
        layer.set_weights([next(by_shape) for _ in layer.weights])
    return model


def forms(encoder, data):
    model, mask, ids = model_of(encoder, data), data["mask"], data["ids"]
    byte = model_of(encoder, data)
    byte.quantize("int8")
    return {
        "mask kept": lambda: model.predict_on_batch(ids),
        "mask kept int8": lambda: byte.predict_on_batch(ids),
        "real": lambda y: y[mask],
    }


def as_written(encoder, data):
    """The same without a mask rule: as Keras's users write it."""
    model, ids = model_of(encoder, data, "keras3"), data["ids"]
    return lambda: model.predict_on_batch(ids)
