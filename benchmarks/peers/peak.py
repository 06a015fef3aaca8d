"""The machine's float32 multiply-add peak, measured now."""

import ctypes
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path


def peak_flops(threads: int) -> float:
    """Floating point operations a second of `threads` threads at once."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "peak.so")
        flags = ["-O2", "-march=native", "-shared", "-fPIC"]
        compiler = os.environ.get("CC", "cc")
        subprocess.run(
            [compiler, *flags, str(Path(__file__).with_name("peak.c")), "-o", str(library)],
            check=True,
        )
        function = ctypes.CDLL(str(library)).msq_peak
    function.restype, function.argtypes = ctypes.c_double, [ctypes.c_int64, ctypes.c_float]
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
