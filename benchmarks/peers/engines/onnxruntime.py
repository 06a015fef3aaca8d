"""ONNX Runtime: its LSTM and GRU with sequence_lens, time-major input as it wants it."""

import onnxruntime

from .onnx_graphs import graph


def version() -> str:
    return f"onnxruntime {onnxruntime.__version__}"


def prepare(work, data):
    model, inputs, output, back = graph(work, data)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda: back(session.run([output], inputs)[0])
