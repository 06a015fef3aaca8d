"""ONNX Runtime: the padded graph, whole and in buckets of texts of like length."""

import math
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic

from ...peers.engines.onnx_graphs import Graph
from ..works import EPSILON, THREADS


def version() -> str:
    return f"onnxruntime {onnxruntime.__version__}"


def model_of(encoder, data):
    g, width = Graph(), encoder.features // encoder.heads
    ids = g.input("ids", TensorProto.INT32, "batch", "time")
    hidden = g.input("hidden", TensorProto.FLOAT, "batch", 1, 1, "time")
    x = g.node("Gather", g.constant(data["table"]), ids)
    split = g.constant([0, 0, encoder.heads, width], np.int64)
    joined = g.constant([0, 0, encoder.features], np.int64)
    scale, half, one = (g.constant(number, np.float32) for number in (1 / math.sqrt(width), 0.5, 1))
    root = g.constant(math.sqrt(2), np.float32)
    for w in data["layers"]:
        q, k, v = (
            g.node(
                "Transpose",
                g.node("Reshape", g.linear(x, w["w" + side], w["b" + side]), split),
                perm=perm,
            )
            for side, perm in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3]))
        )
        scores = g.node("Add", g.node("Mul", g.node("MatMul", q, k), scale), hidden)
        heads = g.node("MatMul", g.node("Softmax", scores, axis=-1), v)
        heads = g.node("Reshape", g.node("Transpose", heads, perm=[0, 2, 1, 3]), joined)
        x = g.norm(g.node("Add", x, g.linear(heads, w["wo"], w["bo"])), *w["norm1"], EPSILON)
        h = g.linear(x, w["w1"], w["b1"])
        erf = g.node("Add", g.node("Erf", g.node("Div", h, root)), one)
        h = g.node("Mul", g.node("Mul", h, erf), half)
        x = g.norm(g.node("Add", x, g.linear(h, w["w2"], w["b2"])), *w["norm2"], EPSILON)
    return g.model([x])


def in_int8(model):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "int8.onnx")
        quantize_dynamic(model, file, weight_type=QuantType.QInt8)
        return file.read_bytes()


def session_of(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def forms(encoder, data):
    model = model_of(encoder, data)
    plain, byte = session_of(model.SerializeToString()), session_of(in_int8(model))
    ids, mask, lengths = data["ids"], data["mask"], data["lengths"]
    hidden = np.where(mask, 0, -1e9).astype(np.float32)[:, None, None, :]
    order = np.argsort(lengths, kind="stable")
    buckets = []
    for part in np.array_split(order, max(1, len(order) // 8)):
        n = lengths[part].max()
        feed = {"ids": ids[part, :n], "hidden": hidden[part, :, :, :n]}
        buckets.append((part, {k: np.ascontiguousarray(v) for k, v in feed.items()}))

    def whole(session):
        return session.run(None, {"ids": ids, "hidden": hidden})[0]

    def in_buckets(session):
        out = np.zeros((*ids.shape, encoder.features), np.float32)
        for part, feed in buckets:
            y = session.run(None, feed)[0]
            out[part, : y.shape[1]] = y
        return out

    calls = {"padded": whole, "in buckets": in_buckets} if len(ids) > 1 else {"padded": whole}
    made = {form: partial(call, plain) for form, call in calls.items()}
    made.update({f"{form} int8": partial(call, byte) for form, call in calls.items()})
    return {**made, "real": lambda y: y[mask]}
