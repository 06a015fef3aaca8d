"""A thread that the system refuses costs speed, never the process, and no bit of an answer."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from maskseq import _kernels
from tests.support.processes import run_python

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="limits as Linux has them"),
    pytest.mark.skipif(not _kernels.openmp, reason="a serial build starts no threads"),
]

SCENE = """
import ctypes, os, resource, sys, threading
import numpy as np, maskseq
from maskseq import layers
rng = np.random.default_rng(5)
model = maskseq.Sequential([
    layers.Embedding(50, 64, mask_zero=True),
    layers.Bidirectional(layers.LSTM(64, return_sequences=True)),
    layers.Dense(64, "tanh"),
    layers.GRU(64),
])
batch = [rng.integers(1, 50, n) for n in rng.integers(1, 90, 96)]
maskseq.set_num_threads(1)
want = model.predict(batch).tobytes()

def calls():
    for threads in (4, 2, 4, 7):
        maskseq.set_num_threads(threads)
        for _ in range(3):
            try:
                same = model.predict(batch).tobytes() == want
            except MemoryError:  # an answer or an exception
                continue
            assert same

def callers():
    errors = []
    def work():
        try:
            calls()
        except BaseException as error:
            errors.append(error)
    threads = [threading.Thread(target=work) for _ in range(3)]
    started = []
    for thread in threads:
        try:
            thread.start()
            started.append(thread)
        except RuntimeError:  # what Python says where it is refused one
            pass
    for thread in started:
        thread.join()
    assert not errors, errors
"""
REST = "\ncalls()\ncallers()\nprint('the program goes on')\n"


def holds(limit, **environment):
    """The process lives and answers with the same bits behind `limit`, lines of Python."""
    code = SCENE + limit + REST
    done = run_python(code, timeout=240, OPENBLAS_NUM_THREADS="1", **environment)
    assert (done.returncode, done.stdout) == (0, "the program goes on\n"), done.stderr


SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_int living, limit = 1 << 20;
void set_limit(int n);
void set_limit(int n) { limit = n; }

typedef struct { void *(*start)(void *); void *argument; } beginning;
static void end(void *b) { free(b); atomic_fetch_sub(&living, 1); }
static void *run(void *context) {
    const beginning *b = context;
    void *result;
    pthread_cleanup_push(end, context);
    result = b->start(b->argument);
    pthread_cleanup_pop(1);
    return result;
}
int pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*start)(void *), void *argument) {
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
        (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))
            dlsym(RTLD_NEXT, "pthread_create");
    beginning *b = malloc(sizeof *b);
    if (!b || atomic_fetch_add(&living, 1) >= limit) {
        free(b);
        atomic_fetch_sub(&living, 1);
        return EAGAIN;
    }
    *b = (beginning){start, argument};
    return real(t, a, run, b);
}
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    """A library that lets a process have no more threads than it is told."""
    if not shutil.which("gcc"):
        pytest.skip("gcc is not installed")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(SHIM)
    command = ["gcc", "-O1", "-shared", "-fPIC", "shim.c", "-o", "shim.so", "-ldl", "-lpthread"]
    subprocess.run(command, cwd=folder, check=True)
    return str(folder / "shim.so")


def one_and(first, *others):
    """The cases of a test: one for the quick run."""
    slow = [pytest.mark.slow, pytest.mark.sanitize]
    return [first, *(pytest.param(other, marks=slow) for other in others)]


@pytest.mark.parametrize("limit", one_and(6, 0, 1, 4, 5, 7, 8, 12, 20))
def test_pthread_create_fails(limit, shim):
    loaded = f"{os.environ.get('LD_PRELOAD', '')} {shim}".strip()  # a sanitizer's comes first
    holds(f"ctypes.CDLL(None).set_limit({limit})", LD_PRELOAD=loaded)


@pytest.mark.skipif(
    hasattr(ctypes.CDLL(None), "__asan_init"), reason="AddressSanitizer ends without memory itself"
)
@pytest.mark.parametrize("megabytes", one_and(4, 0, 1, 9, 17, 42, 90))
def test_memory_for_stacks_is_short(megabytes):
    holds(
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        f"resource.setrlimit(resource.RLIMIT_AS, (used + ({megabytes} << 20),) * 2)"
    )


@pytest.mark.parametrize("more", one_and(0, 4, 5, 6, 8, 12))
def test_the_user_has_too_many_threads(more):
    if os.getuid() == 0:  # whom no limit holds: one who has no other threads
        limit = f"os.setuid(54321)\nn = {more} + 1"
    elif more == 0:
        limit = "n = 1"
    else:
        pytest.skip("how many threads the user has is known for one who has no others: needs root")
    holds(f"{limit}\nresource.setrlimit(resource.RLIMIT_NPROC, (n, n))")


@pytest.fixture
def pids_cgroup():
    """The folder of a cgroup that counts threads, made for the test."""
    parents = [Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup")]
    for parent in parents:
        folder = parent / f"maskseq-test-{os.getpid()}"
        try:
            folder.mkdir()
        except OSError:
            continue
        if (folder / "pids.max").exists():
            yield folder
            folder.rmdir()
            return
        folder.rmdir()
    pytest.skip("no pids cgroup can be made here: needs root and the pids controller")


@pytest.mark.parametrize("more", one_and(5, 0, 4, 6, 8, 12))
def test_the_cgroup_has_too_many_threads(more, pids_cgroup):
    (pids_cgroup / "pids.max").write_text(str(1 + more))
    holds(f"open('{pids_cgroup}/cgroup.procs', 'w').write(str(os.getpid()))")
