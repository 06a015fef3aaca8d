"""What runs the kernels: the instruction set and the threads.

MASKSEQ_ISA forces an instruction set. The number of threads is MASKSEQ_NUM_THREADS, else
OMP_NUM_THREADS, else the smaller of the process's CPU affinity and its cgroup's quota, as found at
import; `set_num_threads` and `num_threads` change it. A forked child runs on one thread. No result
depends on any of it.
"""

import contextlib
import os
import platform
from collections.abc import Iterator

import numpy as np

from maskseq import _kernels


def get_num_threads() -> int:
    """How many threads kernels run on.

    Returns
    -------
    int
        How many, at least 1.

    Examples
    --------
    >>> import maskseq
    >>> maskseq.get_num_threads() >= 1
    True
    """
    return _kernels.default_threads()


def set_num_threads(n: int | None) -> None:
    """Set the number of threads for this process; None = as at import.

    Parameters
    ----------
    n : int or None
        How many threads; None = as at import.

    Raises
    ------
    ValueError
        If n is less than 1.

    Examples
    --------
    >>> import maskseq
    >>> maskseq.set_num_threads(1)
    >>> maskseq.get_num_threads()
    1
    >>> maskseq.set_num_threads(None)
    """
    _kernels.set_threads(n)


@contextlib.contextmanager
def num_threads(n: int | None) -> Iterator[None]:
    """Inside the `with`, the calling thread (and no other) runs its kernels on n threads.

    Parameters
    ----------
    n : int or None
        At least 1; None = the process's number, also inside another `with`.

    Examples
    --------
    >>> import maskseq
    >>> with maskseq.num_threads(1):
    ...     print(maskseq.get_num_threads())
    1
    """
    before = _kernels.set_own_threads(n)
    try:
        yield
    finally:
        _kernels.set_own_threads(before)


def isa() -> str:
    """The instruction set in use: one of `config()["isas"]`."""
    return _kernels.isa()


def get_include() -> str:
    """The folder of maskseq_capi.h and maskseq.h, for compilers.

    Returns
    -------
    str
        The folder.

    Examples
    --------
    >>> import maskseq
    >>> import os
    >>> os.path.exists(os.path.join(maskseq.get_include(), "maskseq.h"))
    True
    """
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "include")


def config() -> dict[str, str | int | bool]:
    """Everything that describes this installation in a bug report."""
    from maskseq import __version__

    return {
        "maskseq": __version__,
        "isa": isa(),
        "isas": ", ".join(_kernels.ISAS),
        "threads": get_num_threads(),
        "openmp": _kernels.openmp,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def show_config() -> None:
    """Prints `config()`."""
    for name, value in config().items():
        print(f"{name:8} {value}")
