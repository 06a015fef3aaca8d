"""Loads the kernels, and tells their OpenMP runtime how long idle threads stay awake.

GNU's runtime, libgomp, keeps a thread that waits for work on its CPU for some 10 ms: the time slice
that the next call, or another program, needs. It reads its settings when it is loaded, and from the
environment only, so the environment has one more variable meanwhile. A wheel holds a libgomp of its
own, which nobody else uses. A build that shares the system's changes it for all who do, or not at
all if it is loaded already. What the user has set stays.
"""

import os
import platform
import sys

# Looks at a flag, each with a pause of some 30 ns on x86-64 and none elsewhere: some 0.6 ms, longer
# than what a step of training does between its kernels. A thread that sleeps wakes in 20 to 50 us.
SPINS = 20_000 if platform.machine() in ("x86_64", "AMD64") else 500_000


def _load_kernels() -> None:
    chosen = {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & os.environ.keys()
    if chosen or not sys.platform.startswith("linux"):
        from .. import _kernels as _kernels

        return
    os.putenv("GOMP_SPINCOUNT", str(SPINS))
    try:
        from .. import _kernels as _kernels
    finally:
        os.unsetenv("GOMP_SPINCOUNT")


_load_kernels()
