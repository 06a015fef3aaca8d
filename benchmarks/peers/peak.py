"""The machine's float32 multiply-add peak, measured now."""

import ctypes
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

FLAGS = {"native": "-march=native", "avx2": "-mavx2 -mfma", "avx512": "-mavx512f"}


def probe(isa: str = "native") -> Callable[[int, float], float]:
    """function(rounds, 1e-9) does multiply-adds and returns how many operations they were."""
    with tempfile.TemporaryDirectory() as folder:
        library, source = Path(folder, "peak.so"), Path(__file__).with_name("peak.c")
        command = [os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", *FLAGS[isa].split()]
        subprocess.run([*command, str(source), "-o", str(library)], check=True)
        function = ctypes.CDLL(str(library)).msq_peak
    function.restype, function.argtypes = ctypes.c_double, [ctypes.c_int64, ctypes.c_float]
    return function


def peak_flops(threads: int) -> float:
    """Floating point operations a second of `threads` threads at once."""
    function = probe()
    best = 0.0
    for _ in range(5):
        done = [0.0] * threads

        def work(number: int, done=done) -> None:
            done[number] = function(5_000_000, 1e-9)

        workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
        start = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        best = max(best, sum(done) / (time.perf_counter() - start))
    return best
