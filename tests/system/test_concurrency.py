"""Threads, signals and forks: the same bits, nothing hangs, Ctrl-C works."""

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import maskseq
from maskseq import _kernels
from tests.support.processes import run_python, run_script

MODEL = """
import numpy as np, maskseq
from maskseq import layers
def make_model():
    maskseq.set_random_seed(7)
    return maskseq.Sequential([
        layers.Embedding(50, 16, mask_zero=True),
        layers.Bidirectional(layers.LSTM(48, return_sequences=True)),
        layers.GRU(48),
        layers.Dense(3),
    ])
rng = np.random.default_rng(5)
batch = [rng.integers(1, 50, n) for n in rng.integers(1, 90, 48)]
model = make_model()
want = model.predict(batch).tobytes()
"""


@pytest.fixture(scope="module")
def scene():
    """model, batch, want: a model, what it is given, and the bytes it must answer."""
    names = {}
    exec(MODEL, names)
    return names["model"], names["batch"], names["want"]


# --- one model, many threads


def test_sixteen_threads_on_one_model_get_the_same_bits(scene):
    model, batch, want = scene
    start = threading.Barrier(16)

    def work(seed):
        parts = np.random.default_rng(seed).permutation(len(batch))[:9]
        start.wait()
        for _ in range(6):
            some = model.predict([batch[i] for i in parts])
            assert some.tobytes() == rows(want)[parts].tobytes()
            assert model.predict(batch).tobytes() == want

    def rows(answer):
        return np.frombuffer(answer, np.float32).reshape(len(batch), -1)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))


@pytest.mark.parametrize("number", [-1, 0, 1], ids=["Dense", "Embedding", "Bidirectional"])
def test_weights_set_while_others_predict_are_the_old_or_the_new(scene, number):
    model, batch, old = scene
    layer = model.layers[number]
    before = layer.get_weights()
    after = [before[0] + 1, *before[1:]]  # one weight: they change one after the other
    layer.set_weights(after)
    new = model.predict(batch).tobytes()
    stop = threading.Event()
    answers = set()

    def work():
        while not stop.is_set():
            answers.add(model.predict(batch).tobytes())

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(work) for _ in range(2)]
        for _ in range(20):
            layer.set_weights(before)
            time.sleep(0.005)
            layer.set_weights(after)
        stop.set()
        for job in jobs:
            job.result()
    layer.set_weights(before)
    assert answers <= {old, new}


def test_the_number_of_threads_may_change_while_others_predict(scene):
    model, batch, want = scene
    stop = threading.Event()

    def work():
        while not stop.is_set():
            assert model.predict(batch).tobytes() == want

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(work) for _ in range(2)]
        for n in [1, 2, 3, 8] * 10:
            maskseq.set_num_threads(n)
            with maskseq.num_threads(3 - n % 2):
                time.sleep(0.002)
        maskseq.set_num_threads(None)
        stop.set()
        for job in jobs:
            job.result()


@pytest.mark.slow
def test_other_threads_run_python_meanwhile():
    packed = _kernels.PackedDense(np.ones((256, 256)))
    x = np.ones((100_000, 256), np.float32)
    done = threading.Event()
    longest_gap = 0.0

    def count():
        nonlocal longest_gap
        last = time.perf_counter()
        while not done.is_set():
            now = time.perf_counter()
            longest_gap, last = max(longest_gap, now - last), now

    thread = threading.Thread(target=count)
    thread.start()
    start = time.perf_counter()
    _kernels.dense(x, packed, num_threads=1)
    took = time.perf_counter() - start
    done.set()
    thread.join()
    assert longest_gap < took / 2


# --- signals

INTERRUPT = """
import os, signal, sys, threading, time
import numpy as np
from maskseq import _kernels
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
rng = np.random.default_rng(0)
threads = int(sys.argv[2])
if sys.argv[1] == "rnn":
    units = 96
    weights = rng.normal(size=(8, 4 * units)), rng.normal(size=(units, 4 * units))
    packed = _kernels.PackedRNN("lstm", *weights)
    x = np.zeros((8_000_000, 8), np.float32)
    offsets = np.arange(0, len(x) + 1, int(sys.argv[3]))
    call = lambda: _kernels.rnn(x, packed, offsets, num_threads=threads)
elif sys.argv[1] == "dense":
    packed = _kernels.PackedDense(rng.normal(size=(1024, 1024)))
    x = np.zeros((400_000, 1024), np.float32)
    call = lambda: _kernels.dense(x, packed, num_threads=threads)
else:
    q = np.ones((60_000, 2, 64), np.float32)
    offsets = [0, len(q)]
    call = lambda: _kernels.attention(q, q, q, offsets, offsets, num_threads=threads)
delays = []
for _ in range(3):
    sent = []
    def interrupt():
        time.sleep(0.3)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        call()
        raise SystemExit("the call was over before the signal came")
    except KeyboardInterrupt:
        delays.append(time.perf_counter() - sent[0])
    thread.join()
print(min(delays))
small = _kernels.PackedDense(np.ones((2, 2)))
assert _kernels.dense(np.ones((1, 2)), small).tolist() == [[2, 2]]
"""


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kernel", [("rnn", 8_000_000), ("rnn", 500), ("dense",), ("attention",)])
def test_ctrl_c_ends_a_long_call_within_100_ms(kernel, threads):
    done = run_python(INTERRUPT, kernel[0], threads, *kernel[1:], MASKSEQ_ISA="")
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.1


@pytest.mark.slow
@pytest.mark.sanitize
def test_a_handler_that_does_not_raise_changes_nothing():
    code = """
import signal, numpy as np
from maskseq import _kernels
packed = _kernels.PackedDense(np.ones((512, 512)))
x = np.ones((40_000, 512), np.float32)
calls = []
signal.signal(signal.SIGALRM, lambda *_: calls.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
y = _kernels.dense(x, packed, num_threads=1)
signal.setitimer(signal.ITIMER_REAL, 0)
assert (y == 512).all() and calls
"""
    assert run_python(code, timeout=240).returncode == 0


# --- fork

CHILD = """
import os, signal, sys, threading
def child_of(work):
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        try:
            code = work()
        except BaseException:
            code = 9
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
def predict():
    return 0 if model.predict(batch).tobytes() == want else 3
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "scene",
    [
        "print(child_of(predict))",
        "print(child_of(lambda: child_of(predict)))",
        "codes = []\nt = threading.Thread(target=lambda: codes.append(child_of(predict)))\n"
        "t.start(); t.join(); print(codes[0])",
        "stop = threading.Event()\n"
        "def work():\n    while not stop.is_set(): model.predict(batch)\n"
        "ts = [threading.Thread(target=work) for _ in range(4)]\n[t.start() for t in ts]\n"
        "codes = [child_of(predict) for _ in range(5)]\nstop.set(); [t.join() for t in ts]\n"
        "print(max(codes, key=abs))",
        "codes = [child_of(predict) for _ in range(8)]\nassert predict() == 0\nprint(max(codes))",
    ],
    ids=["once", "twice", "from a thread", "while others predict", "preloaded server"],
)
def test_a_forked_child_answers_with_the_same_bits(scene):
    done = run_python(MODEL + CHILD + scene, MASKSEQ_NUM_THREADS="2")
    assert done.stdout.strip() == "0", done.stderr


@pytest.mark.slow
@pytest.mark.sanitize
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_pools_answer_with_the_same_bits(method, tmp_path):
    main = f"""
import multiprocessing
{MODEL}
def work(i):
    return model.predict(batch).tobytes() == want
if __name__ == "__main__":
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        print(all(pool.map(work, range(4))))
"""
    path = tmp_path / "main.py"
    path.write_text(main)
    done = run_script(path)
    assert done.stdout.strip() == "True", done.stderr


@pytest.mark.slow
def test_a_process_may_end_while_a_daemon_thread_predicts():
    code = (
        MODEL
        + """
import threading
def work():
    while True: model.predict(batch)
for _ in range(3): threading.Thread(target=work, daemon=True).start()
"""
    )
    for _ in range(3):
        done = run_python(code)
        assert done.returncode == 0, done.stderr


# --- how many threads


def threads_seen(code, **environment):
    """How many threads the process has after a parallel call."""
    work = "_kernels.dense(np.ones((4096, 256)), _kernels.PackedDense(np.ones((256, 256))))"
    count = "print(len(os.listdir('/proc/self/task')))"
    done = run_python(
        f"import os, numpy as np, maskseq\nfrom maskseq import _kernels\n{code}\n{work}\n{count}",
        OPENBLAS_NUM_THREADS="1",
        **environment,
    )
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(not _kernels.openmp, reason="a serial build has one thread")
@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_no_more_threads_start_than_the_budget():
    assert threads_seen("", MASKSEQ_NUM_THREADS="1") == 1
    assert threads_seen("", MASKSEQ_NUM_THREADS="3") == 3
    assert threads_seen("maskseq.set_num_threads(2)", MASKSEQ_NUM_THREADS="8") == 2
    assert (
        threads_seen(
            "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
            "import subprocess, sys\n"
            "maskseq.set_num_threads(_kernels.thread_budget())"
        )
        == 1
    )


def test_set_num_threads_holds_for_the_process_and_with_for_the_thread():
    start = maskseq.get_num_threads()
    maskseq.set_num_threads(3)
    try:
        with maskseq.num_threads(2):
            assert maskseq.get_num_threads() == 2
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(maskseq.get_num_threads).result() == 3
            with maskseq.num_threads(None):
                assert maskseq.get_num_threads() == 3
            assert maskseq.get_num_threads() == 2
        assert maskseq.get_num_threads() == 3
    finally:
        maskseq.set_num_threads(None)
    assert maskseq.get_num_threads() == start


def test_num_threads_below_one_is_an_error():
    with pytest.raises(ValueError, match="at least 1"):
        maskseq.set_num_threads(0)
    with pytest.raises(ValueError, match="at least 1"), maskseq.num_threads(-1):
        pass


# --- other users of OpenMP in the process

TORCH = (
    "import torch\nfor _ in range(3): (torch.ones(900, 900) @ torch.ones(900, 900)).exp().sum()\n"
)
SKLEARN = (
    "import sklearn.cluster\n"
    "sklearn.cluster.KMeans(3, n_init=1).fit(__import__('numpy').eye(2000, 8))\n"
)


@pytest.mark.slow
@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize(
    "name, other", [("torch", TORCH), ("sklearn", SKLEARN)], ids=["torch", "sklearn"]
)
def test_other_libraries_with_threads_live_beside_us(name, other, order, scene):
    if os.environ.get("MASKSEQ_REQUIRE_PEERS") != "1":
        pytest.importorskip(name)
    check = "assert model.predict(batch).tobytes() == want\n"
    parts = [other, MODEL + check] if order == "before" else [MODEL, other, check]
    done = run_python("".join(parts) + "print(len(want))", timeout=200)
    assert done.stdout.strip() == str(len(scene[2])), done.stderr
