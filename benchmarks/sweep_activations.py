"""The error of exp, tanh and sigmoid over every float32, against float64.

    python benchmarks/sweep_activations.py [--part 1/8] [--every 1]

All 2^32 in one go, or one part of so many, or one in `--every`. Prints the worst inputs. Fails if
an error is over 2 ulp, a result is not finite or NaN where it should be, or a bit differs between
instruction sets.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from maskseq import _kernels

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support import reference  # noqa: E402

CHUNK, SLICE = 1 << 22, 1 << 15  # values a round; of them, what stays in the L2 cache as float64


def error_of(name: str, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The largest error, in units of the last place of the right result, and the x that has it;
    infinite if special values differ."""
    with np.errstate(all="ignore"):
        want = reference.ACTIVATIONS[name](x.astype(np.float64))
        rounded = want.astype(np.float32)
        error = np.abs(y - want) / np.spacing(np.abs(rounded))
    special = ~np.isfinite(rounded)
    if special.any():
        error[special] = np.where((y == rounded) | (np.isnan(y) & np.isnan(rounded)), 0, np.inf)[
            special
        ]
    worst = int(error.argmax())
    return float(error[worst]), float(x[worst])


def worst_of(name: str, x: np.ndarray, pool: ThreadPoolExecutor) -> tuple[float, float]:
    """The same on every instruction set; infinite if bits differ."""
    results = []
    for isa in _kernels.ISAS[1:] or _kernels.ISAS:
        _kernels.set_isa(isa)
        results.append(_kernels.activation(x, name))
    y = results[0]
    for other in results[1:]:
        differs = y.view(np.uint32) != other.view(np.uint32)
        if differs.any() and not np.isnan(y[differs]).all():
            return np.inf, float(x[differs][0])
    parts = range(0, len(x), SLICE)
    return max(pool.map(lambda i: error_of(name, x[i : i + SLICE], y[i : i + SLICE]), parts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--part", default="1/1")
    options = parser.parse_args()
    part, parts = map(int, options.part.split("/"))
    first, last = ((1 << 32) * p // parts for p in (part - 1, part))
    worst = dict.fromkeys(["exponential", "tanh", "sigmoid"], (0.0, 0.0))
    start, step = time.perf_counter(), CHUNK * options.every
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for begin in range(first, last, step):
            bits = np.arange(begin, min(begin + step, last), options.every, dtype=np.uint32)
            for name in worst:
                worst[name] = max(worst[name], worst_of(name, bits.view(np.float32), pool))
    print(f"part {options.part}: {time.perf_counter() - start:.0f} s")
    for name, (error, x) in worst.items():
        print(f"{name:12} {error:.4f} ulp at {x!r} ({x.hex()})")
    sys.exit(max(worst.values())[0] > 2)


if __name__ == "__main__":
    main()
