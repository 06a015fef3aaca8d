"""threadpoolctl, where it is installed, sees and limits the threads of maskseq."""

import os

import pytest
import threadpoolctl

import maskseq
from maskseq import _kernels
from tests.support.processes import run_python


def test_threadpoolctl_limits_maskseq_and_gives_it_back():
    before = maskseq.get_num_threads()
    mine = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "maskseq"]
    assert [pool["num_threads"] for pool in mine] == [before]
    assert mine[0]["filepath"] == os.path.realpath(_kernels.__file__)
    with threadpoolctl.threadpool_limits(5, user_api="maskseq"):
        assert maskseq.get_num_threads() == 5
    assert maskseq.get_num_threads() == before


@pytest.mark.parametrize("first", ["import maskseq", "import threadpoolctl"])
def test_threadpoolctl_is_told_whichever_is_imported_first(first):
    code = f"""
import importlib.util, sys
before = list(sys.meta_path)
{first}
assert importlib.util.find_spec("threadpoolctl") is not None  # asked for, and not imported yet
import maskseq, threadpoolctl
print([pool["num_threads"] for pool in threadpoolctl.ThreadpoolController()
       .select(user_api="maskseq").info()], maskseq.get_num_threads())
assert sys.meta_path == before
assert threadpoolctl.__loader__ is threadpoolctl.__spec__.loader
assert threadpoolctl.__loader__.get_filename() == threadpoolctl.__file__
with threadpoolctl.threadpool_limits(3, user_api="maskseq"):
    assert maskseq.get_num_threads() == 3
"""
    done = run_python(code, timeout=60)
    found = done.stdout.split()
    assert len(found) == 2 and found[0] == f"[{found[1]}]", done.stderr


def test_threadpoolctl_is_told_where_another_finder_asks_all_finders():
    code = """
import importlib.util, sys
import maskseq

class Other:
    asking = False

    def find_spec(self, name, path=None, target=None):
        if self.asking:
            return None
        self.asking = True
        try:
            others = [finder for finder in sys.meta_path if finder is not self]
            return next(filter(None, (x.find_spec(name, path) for x in others)), None)
        finally:
            self.asking = False

sys.meta_path.insert(int(sys.argv[1]), Other())
import threadpoolctl
print([pool["user_api"] for pool in threadpoolctl.threadpool_info()].count("maskseq"))
"""
    for place in ("0", "1"):
        told = run_python(code.replace("sys.argv[1]", place), timeout=60)
        assert told.stdout.split() == ["1"], told.stderr


def test_a_process_without_threadpoolctl_runs():
    code = """
import sys
import maskseq
sys.meta_path[:] = [x for x in sys.meta_path if not hasattr(x, "path_hooks")]
sys.path[:] = []
try:
    import threadpoolctl
except ModuleNotFoundError as error:
    print(error.name, maskseq.get_num_threads() > 0)
"""
    assert run_python(code, timeout=60).stdout.split() == ["threadpoolctl", "True"]
