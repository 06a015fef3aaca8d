"""The error of exp, tanh and sigmoid over every float32, against float64.

    python benchmarks/sweep_activations.py [--every 1]

All 2^32 take some ten minutes; `--every 64` looks at one in 64. Fails if an error is over 2 ulp, a
result is not finite or NaN where it should be, or a bit differs between instruction sets.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from maskseq import _kernels

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import reference  # noqa: E402

CHUNK = 1 << 22


def worst_error(name: str, x: np.ndarray) -> float:
    """In units of the last place of the right result; infinite if special values differ."""
    results = []
    for isa in _kernels.ISAS[1:] or _kernels.ISAS:
        _kernels.set_isa(isa)
        results.append(_kernels.activation(x, name))
    y, number = results[0], ~np.isnan(x)
    if any(other[number].tobytes() != y[number].tobytes() for other in results):
        return np.inf
    with np.errstate(all="ignore"):
        want = reference.ACTIVATIONS[name](x.astype(np.float64))
        rounded = want.astype(np.float32)
    finite = np.isfinite(rounded)
    if not np.array_equal(y[~finite], rounded[~finite], equal_nan=True):
        return np.inf
    error = np.abs(y[finite] - want[finite]) / np.spacing(np.abs(rounded[finite]))
    return error.max(initial=0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1)
    every = parser.parse_args().every
    worst = dict.fromkeys(["exponential", "tanh", "sigmoid"], 0.0)
    for first in range(0, 1 << 32, CHUNK * every):
        bits = np.arange(first, min(first + CHUNK * every, 1 << 32), every, dtype=np.uint32)
        for name in worst:
            worst[name] = max(worst[name], worst_error(name, bits.view(np.float32)))
        print(f"\r{min(first + CHUNK * every, 1 << 32) / 2**32:4.0%} ", end="", flush=True)
    print("".join(f"\n{name:12} {error:.3f} ulp" for name, error in worst.items()))
    sys.exit(int(max(worst.values()) > 2))


if __name__ == "__main__":
    main()
