"""The works as ONNX graphs, for the engines that read ONNX. Gates i o f c (LSTM), z r h (GRU)."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from ..works import EPSILON


class Graph:
    """Nodes, constants and inputs of a graph in the making."""

    def __init__(self):
        self.nodes, self.constants, self.inputs = [], [], {}

    def constant(self, value, dtype=None):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def input(self, name, kind, *shape):
        self.inputs[name] = helper.make_tensor_value_info(name, kind, shape)
        return name

    def node(self, kind, *inputs, outputs=1, **options):
        names = [f"n{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **options))
        return names[0] if outputs == 1 else names

    def linear(self, x, weights, bias):
        return self.node("Add", self.node("MatMul", x, self.constant(weights)), self.constant(bias))

    def norm(self, x, gamma, beta, epsilon):
        weights = self.constant(gamma), self.constant(beta)
        return self.node("LayerNormalization", x, *weights, epsilon=epsilon, axis=-1)

    def model(self, outputs):
        made = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs]
        graph = helper.make_graph(
            self.nodes, "work", list(self.inputs.values()), made, self.constants
        )
        opset = [helper.make_opsetid("", 17)]
        return helper.make_model(graph, opset_imports=opset, ir_version=8)

    def serialized(self, outputs):
        return self.model(outputs).SerializeToString()


def gates_of(work, weights):
    """Keras's gate order to ONNX's, along the last axis."""
    if work.gates == 3:
        return weights
    i, f, c, o = np.split(weights, 4, -1)
    return np.concatenate([i, o, f, c], -1)


def recurrent(g, work, data, prefixes, x, lengths="", states=()):
    """Outputs (time, directions, batch, units), last states (directions, batch, units), cells."""
    kernels, recurrents, biases = [], [], []
    for prefix in prefixes:
        kernels.append(gates_of(work, data[prefix + "kernel"]).T)
        recurrents.append(gates_of(work, data[prefix + "recurrent"]).T)
        bias = gates_of(work, data[prefix + "bias"].reshape(-1, work.gates * work.units))
        biases.append(bias.reshape(-1) if len(bias) == 2 else np.append(bias, 0 * bias))
    options = {"hidden_size": work.units}
    if len(prefixes) == 2:
        options["direction"] = "bidirectional"
    if work.gates == 3:
        options["linear_before_reset"] = 1
    weights = [g.constant(np.stack(w)) for w in (kernels, recurrents, biases)]
    kind, outputs = ("GRU", 2) if work.gates == 3 else ("LSTM", 3)
    return g.node(kind, x, *weights, lengths, *states, outputs=outputs, **options)


def graph(work, data):
    """(serialized model, batch -> its inputs by name, names of outputs, outputs -> our shape)."""
    g = Graph()
    if work.kind == "softmax":
        g.input("x", TensorProto.FLOAT, None, None, None, None)
        keep = g.input("keep", TensorProto.BOOL, None, 1, 1, None)
        masked = g.node("Where", keep, "x", g.constant(np.float32(-1e30)))
        out = [g.node("Softmax", masked, axis=-1)]
        return g.serialized(out), of_softmax, out, lambda y: y[0]
    if work.kind in ("step", "decoder"):
        return step(g, work, data)
    if work.kind not in ("lstm", "gru", "bilstm", "text", "speech"):
        raise NotImplementedError("no such function")
    if work.kind == "text":
        ids = g.input("ids", TensorProto.INT32, None, None)
        x = g.node("Gather", g.constant(data["table"]), ids)
    else:
        x = g.input("x", TensorProto.FLOAT, None, None, work.features)
    lengths = "" if work.lengths == "full" else g.input("lengths", TensorProto.INT32, None)
    if work.kind == "speech":
        axis = g.constant(np.array([1]))
        for prefix in work.recurrent:
            y = recurrent(g, work, data, [prefix], x, lengths)[0]
            rows = g.node("Squeeze", y, axis)
            x = g.norm(rows, data[prefix + "gamma"], data[prefix + "beta"], EPSILON)
        return g.serialized([x]), time_major(g), [x], lambda y: y[0].transpose(1, 0, 2)
    outputs, last = recurrent(g, work, data, list(work.recurrent), x, lengths)[:2]
    if work.kind == "text":
        out = [g.linear(last, data["dense"], data["dense_bias"])]
    else:
        out = [outputs if work.sequences else last]
    back = sequences if work.sequences else lambda y: y[0][0]
    return g.serialized(out), time_major(g), out, back


def step(g, work, data):
    """A step of an LSTM, states in and out; between an Embedding and words if it is a decoder's."""
    states = [g.input(n, TensorProto.FLOAT, 1, None, work.units) for n in ("h", "c")]
    if work.kind == "decoder":
        ids = g.input("ids", TensorProto.INT32, None, None)
        x = g.node("Gather", g.constant(data["table"]), ids)
    else:
        x = g.input("x", TensorProto.FLOAT, None, None, work.features)
    out = recurrent(g, work, data, [""], x, "", states)[1:]
    if work.kind == "decoder":
        scores = g.linear(out[0], data["dense"], data["dense_bias"])
        out = [g.node("Softmax", scores, axis=-1), *out]
    return g.serialized(out), time_major(g), out, lambda y: np.concatenate([v[0] for v in y], -1)


def time_major(g):
    """Makes a batch into what the graph reads."""

    def feed(batch):
        made = {}
        for name in g.inputs:
            if name in ("h", "c"):
                made[name] = batch[name][None]
            elif name == "lengths":
                made[name] = batch[name].astype(np.int32)
            else:
                made[name] = np.ascontiguousarray(batch[name].swapaxes(0, 1))
        return made

    return feed


def of_softmax(batch):
    return {"x": batch["x"], "keep": batch["mask"][:, None, None, :]}


def sequences(outputs):
    """(time, directions, batch, units) -> (batch, time, directions * units)."""
    time, directions, batch, units = outputs[0].shape
    return outputs[0].transpose(2, 0, 1, 3).reshape(batch, time, directions * units)
