"""What a call adds to the peak memory of its process. Linux with glibc only."""

import ctypes
from collections.abc import Callable
from typing import Any


def _megabytes(field: str) -> float:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024


def peak_of(call: Callable[[], Any]) -> tuple[Any, float | None]:
    """(call(), MB of the peak above what the process held before); None where it is not told."""
    try:
        ctypes.CDLL(None).malloc_trim(0)  # or the call could use what was freed before
        with open("/proc/self/clear_refs", "w") as peak:
            peak.write("5")  # the peak is now what is held
        before = _megabytes("VmRSS")
    except (OSError, AttributeError):
        return call(), None
    result = call()
    return result, _megabytes("VmHWM") - before
