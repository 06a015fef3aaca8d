"""How much faster bfloat16 and int8 are than float32: ratios of one run, on one thread.

python -m benchmarks.precision          prints the table
python -m benchmarks.precision --quick  a fifth of the repetitions

LSTM with all outputs, Dense and Conv1D. Beside the LSTM, where they are installed: torch's LSTM in
float32, in bfloat16 and dynamically quantized to int8, ONNX Runtime's in float32 and int8. Encoders
in int8 are beside other engines in benchmarks.encoders.
"""

import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from maskseq import layers, runtime

LSTMS = [(64, 60, 128), (64, 200, 256), (32, 100, 512), (1, 100, 128), (1, 200, 256), (1, 100, 512)]
DENSES = [(1, 512, 512), (2000, 256, 256), (2000, 512, 2048)]
CONVOLUTIONS = [(64, 200, 128, 3), (1, 200, 256, 5)]
PRECISIONS = ["float32", "bfloat16", "int8"]


def best_times(runs: dict[str, Callable[[], object]], seconds: float) -> dict[str, float]:
    """The least time of each, taken in turns for about so many seconds."""
    best = dict.fromkeys(runs, float("inf"))
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for name, run in runs.items():
            begun = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - begun)
    return best


def ours(make: Callable[[], layers.Layer], x: np.ndarray) -> dict[str, Callable[[], object]]:
    """A layer with the same weights in each precision."""
    first = make()
    first(x[:1])
    runs = {"float32": lambda: first(x)}
    for precision in PRECISIONS[1:]:
        layer = make()
        layer(x[:1])
        layer.set_weights(first.get_weights())
        layer.quantize(precision)
        assert np.abs(layer(x) - first(x)).max() < 0.1 * np.abs(first(x)).max()
        runs[precision] = lambda layer=layer: layer(x)
    return runs


def of_torch(x: np.ndarray, units: int) -> dict[str, Callable[[], object]]:
    try:
        import torch
    except ImportError:
        return {}
    torch.set_num_threads(1)
    lstm = torch.nn.LSTM(x.shape[-1], units, batch_first=True)
    half = torch.nn.LSTM(x.shape[-1], units, batch_first=True).bfloat16()
    byte = torch.ao.quantization.quantize_dynamic(lstm, {torch.nn.LSTM}, dtype=torch.qint8)
    given = torch.from_numpy(x)

    def run(model: Callable, values: object) -> None:
        with torch.inference_mode():
            model(values)

    return {
        "torch float32": lambda: run(lstm, given),
        "torch bfloat16": lambda: run(half, given.bfloat16()),
        "torch int8": lambda: run(byte, given),
    }


def of_onnxruntime(x: np.ndarray, units: int) -> dict[str, Callable[[], object]]:
    try:
        import onnx
        import onnxruntime

        from .encoders.engines.onnxruntime import in_int8
    except ImportError:
        return {}
    from .peers.engines.onnx_graphs import graph
    from .peers.works import Work, make_data

    work = Work("", "lstm", *x.shape, units, "full", sequences=True)
    model, feed, output, _ = graph(work, make_data(work))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    inputs = feed({"x": x})

    def run(model: bytes) -> Callable[[], object]:
        session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
        return lambda: session.run(output, inputs)

    return {
        "onnxruntime float32": run(model),
        "onnxruntime int8": run(in_int8(onnx.load_from_string(model))),
    }


def print_row(what: str, times: dict[str, float]) -> None:
    base = times["float32"]
    ratios = [f"{name} {base / seconds:.2f}" for name, seconds in times.items()]
    print(f"{what:32} float32 {base * 1e3:9.3f} ms; float32 / this: {', '.join(ratios[1:])}")


def main() -> None:
    seconds = 1.0 if "--quick" in sys.argv else 5.0
    runtime.set_num_threads(1)
    rng = np.random.default_rng(0)
    print(f"{runtime.isa()}, one thread")
    for batch, steps, units in LSTMS:
        x = rng.normal(0, 1, (batch, steps, units)).astype(np.float32)
        make = partial(layers.LSTM, units, return_sequences=True)
        runs = ours(make, x) | of_torch(x, units) | of_onnxruntime(x, units)
        print_row(f"LSTM {batch} x {steps}, {units} > {units}", best_times(runs, seconds))
    for rows, features, units in DENSES:
        x = rng.normal(0, 1, (rows, features)).astype(np.float32)
        runs = ours(partial(layers.Dense, units), x)
        print_row(f"Dense {rows} rows, {features} > {units}", best_times(runs, seconds))
    for batch, steps, units, size in CONVOLUTIONS:
        x = rng.normal(0, 1, (batch, steps, units)).astype(np.float32)
        runs = ours(partial(layers.Conv1D, units, size, padding="same"), x)
        what = f"Conv1D {batch} x {steps}, {units} > {units}, {size} steps"
        print_row(what, best_times(runs, seconds))


if __name__ == "__main__":
    main()
