"""ONNX Runtime: the padded graph, whole and in buckets of texts of like length."""

import math
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from ..works import EPSILON, THREADS


def version() -> str:
    return f"onnxruntime {onnxruntime.__version__}"


class Graph:
    """Nodes and constants of a graph in the making."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, value, dtype=np.float32):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def node(self, kind, *inputs, **options):
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **options))
        return name

    def linear(self, x, weights, name):
        product = self.node("MatMul", x, self.constant(weights["w" + name]))
        return self.node("Add", product, self.constant(weights["b" + name]))

    def norm(self, x, weights):
        gamma, beta = map(self.constant, weights)
        return self.node("LayerNormalization", x, gamma, beta, epsilon=EPSILON, axis=-1)


def model_of(encoder, data):
    g, width = Graph(), encoder.features // encoder.heads
    x = g.node("Gather", g.constant(data["table"]), "ids")
    split = g.constant([0, 0, encoder.heads, width], np.int64)
    joined = g.constant([0, 0, encoder.features], np.int64)
    scale, half, one = map(g.constant, (1 / math.sqrt(width), 0.5, 1.0))
    root = g.constant(math.sqrt(2))
    for w in data["layers"]:
        q, k, v = (
            g.node("Transpose", g.node("Reshape", g.linear(x, w, side), split), perm=perm)
            for side, perm in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3]))
        )
        scores = g.node("Add", g.node("Mul", g.node("MatMul", q, k), scale), "hidden")
        heads = g.node("MatMul", g.node("Softmax", scores, axis=-1), v)
        heads = g.node("Reshape", g.node("Transpose", heads, perm=[0, 2, 1, 3]), joined)
        x = g.norm(g.node("Add", x, g.linear(heads, w, "o")), w["norm1"])
        h = g.linear(x, w, "1")
        erf = g.node("Add", g.node("Erf", g.node("Div", h, root)), one)
        h = g.node("Mul", g.node("Mul", h, erf), half)
        x = g.norm(g.node("Add", x, g.linear(h, w, "2")), w["norm2"])
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT32, ["batch", "time"]),
        helper.make_tensor_value_info("hidden", TensorProto.FLOAT, ["batch", 1, 1, "time"]),
    ]
    output = helper.make_tensor_value_info(x, TensorProto.FLOAT, None)
    graph = helper.make_graph(g.nodes, "encoder", inputs, [output], g.constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


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
