"""CTranslate2: its encoder, on padded ids with their lengths; it drops padding by itself."""

import tempfile
from functools import partial

import ctranslate2
import numpy as np
from ctranslate2.specs import attention_spec, common_spec, transformer_spec

from ..works import EPSILON, THREADS


def version() -> str:
    return f"ctranslate2 {ctranslate2.__version__}"


def spec_of(encoder, data):
    made = transformer_spec.TransformerEncoderSpec(
        encoder.layers, encoder.heads, pre_norm=False, activation=common_spec.Activation.GELU
    )
    made.scale_embeddings = False
    made.embeddings[0].weight = data["table"]
    made.position_encodings.encodings = np.zeros((encoder.time, encoder.features), np.float32)
    for layer, w in zip(made.layer, data["layers"], strict=True):
        attention: attention_spec.MultiHeadAttentionSpec = layer.self_attention
        attention.linear[0].weight = np.concatenate([w["w" + s].T for s in "qkv"])
        attention.linear[0].bias = np.concatenate([w["b" + s] for s in "qkv"])
        for linear, name in (
            (attention.linear[1], "o"),
            (layer.ffn.linear_0, "1"),
            (layer.ffn.linear_1, "2"),
        ):
            linear.weight = np.ascontiguousarray(w["w" + name].T)
            linear.bias = w["b" + name]
        for norm, name in ((attention.layer_norm, "norm1"), (layer.ffn.layer_norm, "norm2")):
            norm.gamma, norm.beta = w[name]
    spec = transformer_spec.TransformerEncoderModelSpec(made)
    spec.config.layer_norm_epsilon = EPSILON
    spec.register_vocabulary([f"w{i}" for i in range(len(data["table"]))])
    return spec


def forms(encoder, data):
    with tempfile.TemporaryDirectory() as folder:
        spec = spec_of(encoder, data)
        spec.validate()
        spec.save(folder)
        models = {
            form: ctranslate2.Encoder(folder, compute_type=kind, intra_threads=THREADS)
            for form, kind in (("padded", "float32"), ("padded int8", "int8"))
        }
    ids = ctranslate2.StorageView.from_array(np.ascontiguousarray(data["ids"]))
    lengths = ctranslate2.StorageView.from_array(data["lengths"].astype(np.int32))

    def call(model):
        return np.asarray(model.forward_batch(ids, lengths).last_hidden_state)

    calls = {form: partial(call, model) for form, model in models.items()}
    return {**calls, "real": lambda y: y[data["mask"]]}
