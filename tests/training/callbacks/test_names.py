"""The names of Keras's modules of training are here, but for those in docs/differences.md."""

import importlib
from pathlib import Path

import pytest

DIFFERENCES = Path(__file__).parents[3] / "docs/differences.md"
OUT = {
    "losses": set(),
    "metrics": set(),
    "callbacks": {"OrbaxCheckpoint", "RemoteMonitor", "TensorBoard"},
    "optimizers": {
        "Adafactor",
        "LossScaleOptimizer",
        "MultiOptimizer",
        "Muon",
        "ScheduleFreeAdamW",
    },
    "optimizers.schedules": set(),
}
INSIDE = {"legacy", "OptimizerMap"}  # of Keras's own


@pytest.mark.slow
@pytest.mark.parametrize("module", OUT)
def test_names_are_those_of_keras(module):
    pytest.importorskip("jax")
    pytest.importorskip("keras", minversion="3.15")
    theirs = {x for x in dir(importlib.import_module(f"keras.{module}")) if not x.startswith("_")}
    ours = set(dir(importlib.import_module(f"maskseq.{module}")))
    assert theirs - ours - INSIDE == OUT[module]


def test_what_is_out_is_listed():
    text = DIFFERENCES.read_text()
    for name in set().union(*OUT.values()):
        assert name in text
