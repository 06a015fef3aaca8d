"""What runs the kernels: the instruction set and the threads, as chosen at import.

MASKSEQ_ISA forces an instruction set. The number of threads is MASKSEQ_NUM_THREADS, else
OMP_NUM_THREADS, else the smaller of the process's CPU affinity and its cgroup's quota; a forked
child runs on one. No result depends on either.
"""

import platform

import numpy as np

from maskseq import _kernels


def num_threads() -> int:
    """Threads a kernel uses when it is not told a number."""
    return _kernels.default_threads()


def isa() -> str:
    """The instruction set in use: "generic", "avx2" or "avx512"."""
    return _kernels.isa()


def config() -> dict[str, str | int | bool]:
    """Everything that describes this installation in a bug report."""
    from maskseq import __version__

    return {
        "maskseq": __version__,
        "isa": isa(),
        "isas": ", ".join(_kernels.ISAS),
        "threads": num_threads(),
        "openmp": _kernels.openmp,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def show_config() -> None:
    """Prints `config()`."""
    for name, value in config().items():
        print(f"{name:8} {value}")
