"""Dispatch, the thread budget and fork: nothing here may hang or change what a kernel computes."""

import os
import sys

import numpy as np
import pytest

from maskseq import _kernels, _openmp, runtime
from tests.support.processes import run_python as run


def test_isa_can_be_forced(isa):
    done = run("from maskseq import _kernels; print(_kernels.isa())", MASKSEQ_ISA=isa)
    assert done.stdout.strip() == isa


def test_unknown_isa_is_an_import_error():
    done = run("import maskseq._kernels", MASKSEQ_ISA="mmx")
    assert done.returncode == 1
    assert "ImportError: MASKSEQ_ISA must be one of generic" in done.stderr
    assert "got 'mmx'" in done.stderr


def test_the_strongest_isa_is_the_default():
    done = run("from maskseq import _kernels; print(_kernels.isa())", MASKSEQ_ISA="")
    assert done.stdout.strip() == _kernels.ISAS[-1]


def test_thread_variables_are_obeyed_in_order():
    code = "from maskseq import _kernels; print(_kernels.default_threads())"
    assert run(code, OMP_NUM_THREADS="3,2").stdout.strip() == "3"
    assert run(code, OMP_NUM_THREADS="3", MASKSEQ_NUM_THREADS="5").stdout.strip() == "5"
    assert int(run(code, OMP_NUM_THREADS="nonsense").stdout) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("text", ["many", "0", "-2", "3,2", "4 threads", "1e3", "٣"])
def test_a_number_of_threads_that_is_none_is_an_import_error(text):
    done = run("import maskseq", MASKSEQ_NUM_THREADS=text)
    assert done.returncode == 1
    wanted = f"MASKSEQ_NUM_THREADS must be a number of threads, at least 1, got {text!r}"
    assert f"ImportError: {wanted}" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("text, want", [(" 4 ", 4), ("007", 7), ("9" * 30, 1024)])
def test_a_number_of_threads_may_have_blanks_and_any_size(text, want):
    done = run("import maskseq; print(maskseq.get_num_threads())", MASKSEQ_NUM_THREADS=text)
    assert done.stdout == f"{want}\n", done.stderr


SPIN = """
import subprocess, maskseq
print(subprocess.run("env", capture_output=True, text=True).stdout)
"""


@pytest.mark.skipif(not _kernels.openmp, reason="a serial build starts no threads")
@pytest.mark.skipif(sys.platform != "linux", reason="libgomp")
@pytest.mark.parametrize(
    "chosen, shown",
    [
        ({}, f"GOMP_SPINCOUNT = '{_openmp.SPINS}'"),
        ({"GOMP_SPINCOUNT": "77"}, "GOMP_SPINCOUNT = '77'"),
        ({"OMP_WAIT_POLICY": "PASSIVE"}, "GOMP_SPINCOUNT = '0'"),
    ],
    ids=["ours", "the user's", "the user's policy"],
)
def test_idle_threads_stay_awake_as_long_as_the_user_says_or_briefly(chosen, shown, monkeypatch):
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    done = run(SPIN, OMP_DISPLAY_ENV="verbose", **chosen)
    assert shown in done.stderr
    names = {line.partition("=")[0] for line in done.stdout.splitlines()}
    assert names & {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} == chosen.keys()


@pytest.mark.parametrize(
    "quota, want", [("100000 100000", 1), ("150000 100000", 2), ("max 100000", None), ("?", None)]
)
def test_thread_budget_obeys_the_cgroup(tmp_path, monkeypatch, quota, want):
    monkeypatch.delenv("MASKSEQ_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    cpus = len(os.sched_getaffinity(0))
    (tmp_path / "cpu.max").write_text(quota + "\n")
    assert _kernels.thread_budget(tmp_path) == min(want or cpus, cpus)


def test_a_forked_child_computes_the_same_bits_and_does_not_hang():
    code = """
import os, signal, numpy as np
from maskseq import _kernels, _openmp, runtime
x = np.linspace(-9, 9, 1 << 18, dtype=np.float32)
want = _kernels.activation(x, "tanh", num_threads=2).tobytes()
child = os.fork()
if child == 0:
    signal.alarm(20)
    same = _kernels.activation(x, "tanh", num_threads=2).tobytes() == want
    os._exit(0 if same and _kernels.default_threads() == 1 else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert run(code).stdout.strip() == "0"


def test_kernels_leave_the_floating_point_state_alone(isa):
    _kernels.activation(np.float32([1e30, -1e30, 1e-40]), "tanh")
    assert np.float32(1e-41) != 0 and np.float32(1e-40) * np.float32(0.5) != 0


def test_num_threads_must_be_positive():
    with pytest.raises(ValueError, match="num_threads must be at least 1 or None, got 0"):
        _kernels.activation([1.0], "tanh", num_threads=0)


def test_show_config_names_what_runs(capsys):
    runtime.show_config()
    printed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert printed["isa"] == _kernels.isa() and printed["threads"] == str(runtime.get_num_threads())
