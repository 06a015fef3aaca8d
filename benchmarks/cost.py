"""What padding costs: the promise that masked steps are free, as ratios of times.

    python benchmarks/cost.py [--units 128] [--rounds 30]

A batch of long-tailed lengths, padded on the right, on the left or with holes, beside a batch
without padding of as many real steps and the same longest row: at most 5 % more time. The same
again with half as many columns more, all padding: at most 2 % more. The outputs of masked steps,
where they are asked for, have to be written: as much as filling an array with them is not counted.
Each ratio is one of minima of calls in turns, so that a slow moment of the machine hits both sides;
the exit status tells. .ci/cost counts instructions instead, which no other program disturbs.
"""

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
from lengths import long_tailed

from maskseq import layers

BATCH, TIME = 64, 200
LAYERS = {"LSTM": layers.LSTM, "GRU": layers.GRU, "SimpleRNN": layers.SimpleRNN}


def masks(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The dense batch, the padded ones, and these with half as many columns of padding more."""
    lengths = long_tailed(rng, BATCH, TIME)
    for b in range(1, BATCH):  # up to whole rows of the dense batch
        lengths[b] += min(-lengths.sum() % TIME, TIME - lengths[b])
    right = np.arange(TIME) < lengths[:, None]
    patterns = {"right": right, "left": right[:, ::-1], "holes": rng.permuted(right, axis=1)}
    wider = {
        f"{name}, wider": np.pad(mask, ((0, 0), (0, TIME // 2)[:: -1 if name == "left" else 1]))
        for name, mask in patterns.items()
    }
    return {"dense": np.ones((lengths.sum() // TIME, TIME), bool), **patterns, **wider}


def minima(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The least seconds of each call, made in turns."""
    least = dict.fromkeys(calls, np.inf)
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            least[name] = min(least[name], time.perf_counter() - start)
    return least


def times(kind: str, units: int, sequences: bool, rounds: int) -> dict[str, float]:
    """Seconds of a call on each batch, and of filling an array of as many cells as are masked."""
    rng = np.random.default_rng(20261122)
    layer = LAYERS[kind](units, return_sequences=sequences)
    calls: dict[str, Callable[[], object]] = {}
    for name, mask in masks(rng).items():
        x = np.zeros((*mask.shape, units), np.float32)
        x[mask] = rng.standard_normal((mask.sum(), units))
        calls[name] = lambda x=x, mask=mask: layer(x, mask=mask)
        cells = np.empty((np.sum(~mask) if sequences else 0, units), np.float32)
        calls[f"fill {name}"] = lambda cells=cells: cells.fill(0)
    return minima(calls, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    broken = False
    for kind in LAYERS:
        for sequences in (False, True):
            seconds = times(kind, options.units, sequences, options.rounds)
            shown = [f"{kind} {'sequences' if sequences else 'last state'}".ljust(20)]
            shown.append(f"dense {1e3 * seconds['dense']:.2f} ms")
            for name in ("right", "left", "holes"):
                wide, beside = f"{name}, wider", seconds["dense"] + seconds[f"fill {name}"]
                more = seconds[name] + seconds[f"fill {wide}"] - seconds[f"fill {name}"]
                ratio, wider = seconds[name] / beside, seconds[wide] / more
                shown.append(f"{name} {ratio:.3f}, wider {wider:.3f}")
                broken |= ratio > 1.05 or wider > 1.02
            print("  ".join(shown), flush=True)
    sys.exit(broken)


if __name__ == "__main__":
    main()
