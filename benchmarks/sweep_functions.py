"""The error of elementary functions and activations over every float32, against float64.

    python benchmarks/sweep_functions.py [--part 1/8] [--every 1] [--threads 2] [NAME ...]

All 2^32 in one go, or one part of so many, or one in `--every`; of a function of two, as many
pairs, drawn with `--seed`. Prints the worst inputs, and how many results are not the nearest float.
Fails if an error is over its limit, a result is not finite or NaN where it should be, or a bit
differs between instruction sets.
"""

import argparse
import functools
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from maskseq import _kernels

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support import reference  # noqa: E402
from tests.support.definitions import reference_values  # noqa: E402
from tests.support.floats import canonical, pairs, ulps  # noqa: E402

CHUNK, SLICE = 1 << 22, 1 << 15  # values a round; of them, what stays in the L2 cache as float64
EXACT, EXP = 0.51, 2.0  # ulp: computed in float64 and rounded once; in float32

Function = tuple[Callable, Callable, float]
Inputs = tuple[np.ndarray, ...]

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
OF_TWO: dict[str, Function] = {
    name: (functools.partial(_kernels.elementary_pair, name=name), definition, EXACT)
    for name, definition in reference_values.ELEMENTARY_PAIR.items()
}


class Found(NamedTuple):
    """The largest error in ulp, its inputs, and how many results were not the nearest float.

    Where all are the nearest, the error is at most 0.5, and is not computed.
    """

    error: float = 0.5
    inputs: tuple[float, ...] = ()
    others: int = 0

    def __add__(self, other: "Found") -> "Found":
        worst = max(self, other, key=lambda found: found.error)
        return worst._replace(others=self.others + other.others)


def error_of(function: Function, inputs: Inputs, y: np.ndarray) -> Found:
    """The error counts in units of the last place of the right result.

    A result below 1e-36 of a function of float32 counts by its absolute error alone: the last
    steps of its computation may be without all digits there.
    """
    _, definition, limit = function
    with np.errstate(all="ignore"):
        want = definition(*[x.astype(np.float64) for x in inputs])
        nearest = want.astype(np.float32)
        other = np.flatnonzero(nearest.view(np.uint32) != y.view(np.uint32))
        other = other[~(np.isnan(nearest[other]) & np.isnan(y[other]))]
        if not len(other):
            return Found()
        y, want = y[other], want[other]
        error = ulps(y, want)
        error[(want == 0) & (y == 0)] = np.inf  # a zero of the other sign
        if limit > EXP:
            error[(np.abs(want) < 1e-36) & (np.abs(y - want) < 1e-41)] = 0
    worst = int(error.argmax())
    return Found(float(error[worst]), tuple(float(x[other[worst]]) for x in inputs), len(other))


def worst_of(function: Function, inputs: Inputs, pool: ThreadPoolExecutor) -> Found:
    """The same on every instruction set; infinite if bits differ."""
    results = []
    for isa in _kernels.ISAS[1:] or _kernels.ISAS:
        _kernels.set_isa(isa)
        results.append(function[0](*inputs))
    y = results[0]
    for other in results[1:]:
        differs = y.view(np.uint32) != other.view(np.uint32)
        if differs.any() and canonical(y[differs]) != canonical(other[differs]):
            return Found(np.inf, tuple(float(x[differs][0]) for x in inputs), int(differs.sum()))
    slices = [slice(i, i + SLICE) for i in range(0, len(y), SLICE)]
    return sum(
        pool.map(lambda s: error_of(function, tuple(x[s] for x in inputs), y[s]), slices), Found()
    )


def values(first: int, last: int, every: int) -> Iterator[Inputs]:
    step = CHUNK * every
    for begin in range(first, last, step):
        bits = np.arange(begin, min(begin + step, last), every, dtype=np.uint32)
        yield (bits.view(np.float32),)


def drawn(count: int, seed: int) -> Iterator[Inputs]:
    rng = np.random.default_rng(seed)
    for begin in range(0, count, CHUNK):
        yield tuple(pairs(rng, min(CHUNK, count - begin)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [*FUNCTIONS, *OF_TWO]
    parser.add_argument("names", nargs="*", default=[], help=f"of {', '.join(names)}")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    part, parts = map(int, options.part.split("/"))
    first, last = ((1 << 32) * p // parts for p in (part - 1, part))
    failed = False
    with ThreadPoolExecutor(options.threads) as pool:
        for name in options.names or names:
            start = time.perf_counter()
            if name in OF_TWO:
                function, batches = (
                    OF_TWO[name],
                    drawn((last - first) // options.every, options.seed),
                )
            else:
                function, batches = FUNCTIONS[name], values(first, last, options.every)
            found = sum((worst_of(function, inputs, pool) for inputs in batches), Found())
            where = ", ".join(f"{x!r} ({x.hex()})" for x in found.inputs) or "none in particular"
            print(
                f"{name:12} {found.error:.6f} ulp at {where}; {found.others} not the nearest; "
                f"{time.perf_counter() - start:.0f} s",
                flush=True,
            )
            failed |= found.error > function[2]
    sys.exit(failed)


if __name__ == "__main__":
    main()
