"""Teams of threads where the system refuses some, and whether threads pay: programs in C, run."""

import os
import shutil
import subprocess

import pytest

from maskseq import _kernels
from tests.support.building import ROOT

SOURCES = ["csrc/parallel.c", "csrc/budget.c", "csrc/system.c"]
FLAGS = ["-std=c11", "-g", "-O1", "-fopenmp", "-Isrc/maskseq/include", "-Icsrc"]


pytestmark = [
    pytest.mark.skipif(not _kernels.openmp, reason="a serial build starts no threads"),
    pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed"),
]


def built_and_run(name, how, folder):
    """What the program tests/csrc/`name`.c says."""
    sources = [*SOURCES, *map(str, ROOT.glob("csrc/threads/*.c")), f"tests/csrc/{name}.c"]
    program = folder / name
    command = ["gcc", *FLAGS, *how, *sources, "-o", program, "-lpthread", "-ldl"]
    subprocess.run(command, cwd=ROOT, check=True)
    environment = os.environ | {"GOMP_SPINCOUNT": "1000"}
    done = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("how", [[], ["-DMASKSEQ_EAGER_THREADS"]], ids=["", "sizes change often"])
def test_no_team_grows_before_as_many_threads_have_been_shown(how, tmp_path):
    assert built_and_run("refused", how, tmp_path) == "the process lives\n"


def test_threads_are_used_where_they_pay(tmp_path):
    assert built_and_run("account", [], tmp_path) == "accounted\n"
