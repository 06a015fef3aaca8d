"""OpenVINO, from the same ONNX graphs."""

import openvino

from .onnx_graphs import graph


def version() -> str:
    return f"openvino {openvino.__version__.split('-')[0]}"


def forms(work, data):
    serialized, feed, output, back = graph(work, data)
    core = openvino.Core()
    model = core.read_model(serialized)
    settings = {"INFERENCE_NUM_THREADS": 2, "PERFORMANCE_HINT": "LATENCY"}
    inputs = feed(data)
    try:
        model.reshape({name: list(value.shape) for name, value in inputs.items()})
        compiled = core.compile_model(model, "CPU", {**settings, "INFERENCE_PRECISION_HINT": "f32"})
        request = compiled.create_infer_request()
        request.infer(inputs)
    except RuntimeError as error:
        raise NotImplementedError(str(error).splitlines()[0]) from error

    def call():
        found = request.infer(inputs)
        return back([found[name] for name in output])

    return {"whole": call}
