"""Weights that several threads set and use, and sets of weights that do not fit."""

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from maskseq import _kernels
from maskseq import variable as variables
from tests.support.paused import IDS, make
from tests.support.processes import run_python


def test_an_error_in_one_weight_replaces_none():
    model, _ = make()
    old = model.get_weights()
    bad = [w + 1 for w in old[:-1]] + [np.zeros(1000)]
    with pytest.raises(ValueError, match="expected shape"):
        model.set_weights(bad)
    with pytest.raises(ValueError, match="expected shape"):
        variables.publish(model.weights, bad)
    for have, want in zip(model.get_weights(), old, strict=True):
        np.testing.assert_array_equal(have, want)


LOOKS = {
    "predict": lambda model: model.predict(IDS),
    "predict_on_batch": lambda model: model.predict_on_batch(IDS),
    "call": lambda model: model(IDS).view(np.ndarray),
    "packed": lambda model: _kernels.dense(np.ones((1, 8)), model.layers[-3].packed()),
}


@pytest.mark.slow
@pytest.mark.sanitize
@pytest.mark.parametrize("how", LOOKS)
def test_weights_set_by_two_threads_while_others_call_are_of_one_model(how):
    model, _ = make()
    sets = [[w + np.float32(i) for w in model.get_weights()] for i in range(3)]
    want = set()
    for weights in sets:
        model.set_weights(weights)
        want.add(LOOKS[how](model).tobytes())
    stop, seen = threading.Event(), []

    def look():
        while not stop.is_set():
            seen.append(LOOKS[how](model).tobytes())

    def swap(order):
        while not stop.is_set():
            for number in order:
                model.set_weights(sets[number])

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as pool:
            jobs = [
                pool.submit(f, *a) for f, *a in ([look], [look], [swap, (0, 1)], [swap, (2, 0)])
            ]
            time.sleep(0.5)
            stop.set()
            [job.result() for job in jobs]
    finally:
        sys.setswitchinterval(interval)
    assert len(want) == 3 and len(seen) > 20 and set(seen) <= want


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_a_forked_child_may_set_weights_whatever_other_threads_did():
    code = """
import os, signal, threading, numpy as np
from maskseq import layers, variable
layer = layers.Dense(2)
layer.build((None, 2))
held, done = threading.Event(), threading.Event()
def work():
    with variable._publishing:
        held.set()
        done.wait()
thread = threading.Thread(target=work)
thread.start()
held.wait()
pid = os.fork()
if pid == 0:
    signal.alarm(20)
    layer.kernel.assign(np.ones((2, 2)))
    os._exit(0 if (layer(np.eye(2)) == 1).all() else 1)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
done.set()
"""
    assert run_python(code).stdout.strip() == "0"
