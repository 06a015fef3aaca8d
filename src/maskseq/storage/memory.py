"""Bytes of a file in memory of their own."""

from typing import Any

import numpy as np


def filled(file: Any, size: int) -> memoryview:
    """The next `size` bytes of a file with `readinto`, or as many as there are, read-only.

    NumPy takes large memory in large pages, so it is touched in half the time that `file.read` of
    90 MB needs. Arrays may be views of it, which keep it alive.
    """
    view, at = np.empty(size, np.uint8).data, 0
    while at < size and (count := file.readinto(view[at:])):
        at += count
    return view[:at].toreadonly()
