"""Made-up files that ask for much work: time and memory stay in proportion to what they hold."""

import os
import subprocess
import sys

import pytest

from tests.support.building import ROOT


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="fork, and Linux's unit of ru_maxrss")
@pytest.mark.parametrize("pieces", [100_000, 8_000])
def test_no_structure_of_the_formats_costs_more_than_its_size_allows(pieces):
    """1 s and 20 ns a byte of CPU time, 64 MB and 8 bytes a byte of memory."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.bombs", "-n", str(pieces)],
        cwd=ROOT,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert done.returncode == 0, "\n".join(failed) or done.stderr[-2000:]
    assert done.stdout.count("\nok ") > 150


@pytest.mark.slow
def test_the_measure_sees_a_file_that_costs_too_much():
    code = """
from pathlib import Path
from tests.fuzz import bombs
bombs.read = lambda path: "x" * int(1e8)
assert bombs.too_much(bombs.cost(Path("x")), 1000)
bombs.read = lambda path: [i for i in range(10) for _ in range(10**7)] and "read"
assert bombs.too_much(bombs.cost(Path("x")), 1000)
def fail(path): raise KeyError(1)
bombs.read = fail
assert bombs.too_much(bombs.cost(Path("x")), 1000)
bombs.read = lambda path: "read"
assert not bombs.too_much(bombs.cost(Path("x")), 1000)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
