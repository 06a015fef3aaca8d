"""Teams of threads where the system refuses some: what tests/csrc/refused.c says, built and run."""

import os
import shutil
import subprocess

import pytest

from maskseq import _kernels
from tests.support.building import ROOT

SOURCES = ["csrc/parallel.c", "csrc/budget.c", "csrc/system.c"]
FLAGS = ["-std=c11", "-g", "-O1", "-fopenmp", "-Isrc/maskseq/include", "-Icsrc"]


@pytest.mark.skipif(not _kernels.openmp, reason="a serial build starts no threads")
@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
@pytest.mark.parametrize("how", [[], ["-DMASKSEQ_EAGER_THREADS"]], ids=["", "sizes change often"])
def test_no_team_grows_before_as_many_threads_have_been_shown(how, tmp_path):
    sources = [*SOURCES, *map(str, ROOT.glob("csrc/threads/*.c")), "tests/csrc/refused.c"]
    program = tmp_path / "refused"
    command = ["gcc", *FLAGS, *how, *sources, "-o", program, "-lpthread", "-ldl"]
    subprocess.run(command, cwd=ROOT, check=True)
    environment = os.environ | {"GOMP_SPINCOUNT": "1000"}
    done = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "the process lives\n"), done.stderr
