"""The error of elementary functions and activations over every float32, against float64.

    python benchmarks/sweep_functions.py [--part 1/8] [--every 1] [NAME ...]

All 2^32 in one go, or one part of so many, or one in `--every`. Prints the worst inputs. Fails if
an error is over its limit, a result is not finite or NaN where it should be, or a bit differs
between instruction sets.
"""

import argparse
import functools
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from maskseq import _kernels

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support import reference  # noqa: E402
from tests.support.definitions import reference_values  # noqa: E402
from tests.support.floats import canonical, ulps  # noqa: E402

CHUNK, SLICE = 1 << 22, 1 << 15  # values a round; of them, what stays in the L2 cache as float64
EXACT, EXP = 0.51, 2.0  # ulp: computed in float64 and rounded once; in float32

Function = tuple[Callable, Callable, float]

FUNCTIONS: dict[str, Function] = {
    **{
        name: (functools.partial(_kernels.elementary, name=name), definition, EXACT)
        for name, definition in reference_values.ELEMENTARY.items()
    },
    **{
        name: (functools.partial(_kernels.activation, name=name), reference.ACTIVATIONS[name], EXP)
        for name in ("exponential", "tanh", "sigmoid")
    },
    **{
        name: (functools.partial(_kernels.activation, name=name), definition, limit)
        for name, (definition, limit) in reference_values.ACTIVATIONS_WITH_LIMITS.items()
    },
    "gelu_tanh": (
        functools.partial(_kernels.activation_with, name="gelu_tanh"),
        reference_values.gelu_tanh,
        reference_values.GELU_LIMIT,
    ),
}


def error_of(function: Function, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The largest error, in units of the last place of the right result, and the x that has it.

    A result below 1e-36 of a function of float32 counts by its absolute error alone: the last
    steps of its computation may be without all digits there.
    """
    _, definition, limit = function
    with np.errstate(all="ignore"):
        want = definition(x.astype(np.float64))
        error = ulps(y, want)
        if limit > EXP:
            error[(np.abs(want) < 1e-36) & (np.abs(y - want) < 1e-41)] = 0
    worst = int(error.argmax())
    return float(error[worst]), float(x[worst])


def worst_of(function: Function, x: np.ndarray, pool: ThreadPoolExecutor) -> tuple[float, float]:
    """The same on every instruction set; infinite if bits differ."""
    results = []
    for isa in _kernels.ISAS[1:] or _kernels.ISAS:
        _kernels.set_isa(isa)
        results.append(function[0](x))
    y = results[0]
    for other in results[1:]:
        if canonical(y) != canonical(other):
            differs = (y != other) & ~(np.isnan(y) & np.isnan(other))
            return np.inf, float(x[differs][0]) if differs.any() else 0.0  # or the sign of a zero
    parts = range(0, len(x), SLICE)
    return max(pool.map(lambda i: error_of(function, x[i : i + SLICE], y[i : i + SLICE]), parts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=[], help=f"of {', '.join(FUNCTIONS)}")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--part", default="1/1")
    options = parser.parse_args()
    part, parts = map(int, options.part.split("/"))
    first, last = ((1 << 32) * p // parts for p in (part - 1, part))
    worst = dict.fromkeys(options.names or FUNCTIONS, (0.0, 0.0))
    start, step = time.perf_counter(), CHUNK * options.every
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for begin in range(first, last, step):
            bits = np.arange(begin, min(begin + step, last), options.every, dtype=np.uint32)
            x = bits.view(np.float32)
            for name in worst:
                worst[name] = max(worst[name], worst_of(FUNCTIONS[name], x, pool))
    print(f"part {options.part}: {time.perf_counter() - start:.0f} s")
    for name, (error, x) in worst.items():
        print(f"{name:12} {error:.4f} ulp at {x!r} ({x.hex()})")
    sys.exit(any(error > FUNCTIONS[name][2] for name, (error, _) in worst.items()))


if __name__ == "__main__":
    main()
