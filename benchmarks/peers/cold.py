"""Cold start: a new process that imports an engine, loads a model and predicts one sequence."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SCRIPTS = {
    "maskseq": """
import numpy, maskseq
model = maskseq.load_model({keras!r})
model.predict(numpy.ones((1, 20, 12), numpy.float32))
""",
    "onnxruntime": """
import numpy, onnxruntime
session = onnxruntime.InferenceSession({onnx!r}, providers=["CPUExecutionProvider"])
session.run(None, {{"x": numpy.ones((20, 1, 12), numpy.float32)}})
""",
    "torch": """
import torch
torch.nn.LSTM(12, 16)(torch.ones(20, 1, 12))
""",
}


def cold_start(engines: list[str], rounds: int) -> dict:
    """Median seconds of a whole process, for the engines that have a script."""
    import maskseq

    with tempfile.TemporaryDirectory() as folder:
        files = {"keras": str(Path(maskseq.__file__).parent / "demo" / "japanese_vowels.keras")}
        if "onnxruntime" in engines:
            files["onnx"] = str(Path(folder, "model.onnx"))
            Path(files["onnx"]).write_bytes(_onnx_model())
        scripts = {e: s.format(**files) for e, s in SCRIPTS.items() if e in engines}
        # pip compiles what it installs: an environment that forbids it would time the compiler
        settings = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        times: dict[str, list[float]] = {engine: [] for engine in scripts}
        for _ in range(rounds + 1):
            for engine, script in scripts.items():
                start = time.perf_counter()
                subprocess.run([sys.executable, "-c", script], check=True, env=settings)
                times[engine].append(time.perf_counter() - start)
    return {"medians": {e: statistics.median(t[1:]) for e, t in times.items()}, "skipped": {}}


def _onnx_model() -> bytes:
    from .engines.onnx_graphs import graph
    from .works import Work, make_data

    work = Work("cold", "lstm", 1, 20, 12, 16, "full")
    return graph(work, {k: np.asarray(v) for k, v in make_data(work).items()})[0]
