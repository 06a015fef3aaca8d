"""Calls a C function in Python threads at once. Arguments: library, function, threads."""

import ctypes
import sys
import threading

library, name, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
function = getattr(ctypes.CDLL(library), name)
start = threading.Barrier(threads)


def work():
    start.wait()
    for _ in range(20):
        function(100_000)


workers = [threading.Thread(target=work) for _ in range(threads)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
