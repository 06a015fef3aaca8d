"""The works as ONNX graphs, for the engines that read ONNX. Gates i o f c (LSTM), z r h (GRU)."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def gates_of(work, weights):
    """Keras's gate order to ONNX's, along the last axis."""
    if work.kind == "gru":
        return weights
    i, f, c, o = np.split(weights, 4, -1)
    return np.concatenate([i, o, f, c], -1)


def recurrent_node(work, data, source, lengths):
    kind = "GRU" if work.kind == "gru" else "LSTM"
    kernels, recurrents, biases = [], [], []
    for prefix in ("", "back_"):
        if prefix + "kernel" in data:
            kernels.append(gates_of(work, data[prefix + "kernel"]).T)
            recurrents.append(gates_of(work, data[prefix + "recurrent"]).T)
            bias = gates_of(work, data[prefix + "bias"].reshape(-1, work.gates * work.units))
            biases.append(bias.reshape(-1) if len(bias) == 2 else np.append(bias, 0 * bias))
    constants = {"W": np.stack(kernels), "R": np.stack(recurrents), "B": np.stack(biases)}
    options = {"hidden_size": work.units}
    if len(kernels) == 2:
        options["direction"] = "bidirectional"
    if kind == "GRU":
        options["linear_before_reset"] = 1
    node = helper.make_node(kind, [source, "W", "R", "B", lengths], ["Y", "Y_h"], **options)
    return node, constants


def graph(work, data):
    """(serialized model, its inputs by name, the name of the output, output -> our shape)."""
    lengths = "" if work.lengths == "full" else "lengths"
    inputs = {} if work.lengths == "full" else {"lengths": data["lengths"].astype(np.int32)}
    nodes, constants = [], {}
    if work.kind == "text":
        inputs["ids"] = np.ascontiguousarray(data["ids"].T)
        constants["table"] = data["table"]
        nodes.append(helper.make_node("Gather", ["table", "ids"], ["x"]))
    elif work.kind in ("lstm", "gru", "bilstm"):
        inputs["x"] = np.ascontiguousarray(data["x"].transpose(1, 0, 2))
    if work.kind in ("lstm", "gru", "bilstm", "text"):
        node, weights = recurrent_node(work, data, "x", lengths)
        nodes.append(node)
        constants.update(weights)
        output, back = ("Y", sequences) if work.sequences else ("Y_h", lambda y: y[0])
        if work.kind == "text":
            constants.update(dense=data["dense"], dense_bias=data["dense_bias"])
            nodes.append(helper.make_node("MatMul", ["Y_h", "dense"], ["product"]))
            nodes.append(helper.make_node("Add", ["product", "dense_bias"], ["out"]))
            output = "out"
    elif work.kind == "softmax":
        inputs = {"x": data["x"], "keep": data["mask"][:, None, None, :]}
        constants["low"] = np.float32(-1e30)
        nodes.append(helper.make_node("Where", ["keep", "x", "low"], ["masked"]))
        nodes.append(helper.make_node("Softmax", ["masked"], ["out"], axis=-1))
        output, back = "out", np.asarray
    else:
        raise NotImplementedError("no such function")
    return build(nodes, constants, inputs, output), inputs, output, back


def sequences(y):
    """(time, directions, batch, units) -> (batch, time, directions * units)."""
    time, directions, batch, units = y.shape
    return y.transpose(2, 0, 1, 3).reshape(batch, time, directions * units)


def build(nodes, constants, inputs, output):
    kinds = {"int32": TensorProto.INT32, "float32": TensorProto.FLOAT, "bool": TensorProto.BOOL}
    graph = helper.make_graph(
        nodes,
        "work",
        [helper.make_tensor_value_info(n, kinds[str(x.dtype)], x.shape) for n, x in inputs.items()],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(x), name) for name, x in constants.items()],
    )
    opset = [helper.make_opsetid("", 14)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def onnx_version() -> str:
    return onnx.__version__
