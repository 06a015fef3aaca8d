"""ONNX Runtime: its LSTM and GRU with sequence_lens, time-major input as it wants it."""

import onnxruntime

from ..buckets import in_buckets
from .onnx_graphs import graph


def version() -> str:
    return f"onnxruntime {onnxruntime.__version__}"


def forms(work, data):
    model, feed, output, back = graph(work, data)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def calls(batch):
        inputs = feed(batch)
        return lambda: back(session.run(output, inputs))

    whole = {"whole": calls(data)}
    if not work.ragged:
        return whole
    return {**whole, "in buckets": in_buckets(calls, data, work.sequences)}
