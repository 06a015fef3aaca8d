"""The engines of `python -m benchmarks.peers` start; what is ours is never called missing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import maskseq

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("package", ["benchmarks.peers", "benchmarks.encoders"])
def test_a_worker_of_maskseq_says_its_version(package):
    command = [sys.executable, "-m", f"{package}.worker", "maskseq"]
    said = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    assert json.loads(said.stdout) == {"version": f"maskseq {maskseq.__version__}"}


def test_a_fault_of_ours_is_no_missing_peer():
    command = [sys.executable, "-m", "benchmarks.peers.worker", "no_engine_of_ours"]
    said = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True)
    assert said.returncode == 1 and b"no_engine_of_ours" in said.stderr and not said.stdout
