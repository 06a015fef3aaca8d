"""The engines of benchmarks/encoders answer what float64 says."""

import importlib
import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.encoders.works import Encoder, answers, make_data

ENCODER = Encoder("small", layers=2, features=16, heads=2, texts=5, time=9, goal=1.0)
PEERS = ["torch", "onnxruntime", "ctranslate2"]


def errors_of(engine: str) -> dict[str, float]:
    data = make_data(ENCODER)
    forms = importlib.import_module(f"benchmarks.encoders.engines.{engine}").forms(ENCODER, data)
    real, wanted = forms.pop("real"), answers(ENCODER, data)
    return {form: float(np.abs(real(call()) - wanted).max()) for form, call in forms.items()}


def bound(form: str) -> float:
    return 0.3 if "int8" in form else 1e-5


def test_ours():
    assert all(error < bound(form) for form, error in errors_of("maskseq").items())


@pytest.mark.slow
@pytest.mark.parametrize("engine", PEERS)
def test_peers(engine):
    """In a process of its own: an engine changes what holds for all of its process."""
    needed = [engine, "onnx"] if engine == "onnxruntime" else [engine]
    if not all(map(importlib.util.find_spec, needed)):
        pytest.skip(f"{engine} is an extra of the benchmarks")
    code = (
        f"from {__name__} import errors_of; import json; print(json.dumps(errors_of('{engine}')))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-W", "ignore", "-c", code]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert all(error < bound(form) for form, error in json.loads(found.stdout).items())
