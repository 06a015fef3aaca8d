"""How near every layer of the table of layers comes to the machine's limit.

    python benchmarks/layers.py [--rounds 20] [NAME ...]

One thread; 64 sequences to 200 steps of long-tailed lengths, 3,730 real steps of 128 features. The
limit is the larger of two times: fused multiply-adds alone, as many as the real steps need, and
copying as many numbers as one pass over them reads and writes. Both are measured in turns with the
layer; all are minima. "over" marks a row beyond its goal. NAME: only works whose names begin so.
"""

import argparse

import numpy as np
from cost import minima
from layer_works import REASONS, Batch, Work, missing, works
from lengths import long_tailed
from peers.peak import probe

from maskseq import runtime

SEED = 566  # of 3,730 real steps
ROUNDS = 100_000  # of the probe: a third of a millisecond


def batch() -> Batch:
    return Batch(long_tailed(np.random.default_rng(SEED), 64, 200), 128)


def measured(work: Work, peak, rounds: int) -> tuple[float, float]:
    """Seconds of a work, and its limit."""
    source = np.ones(int(max(work.values, 1)) // 2 + 1, np.float32)
    target = np.ones_like(source)
    calls = {
        "work": work.run,
        "copy": lambda: np.copyto(target, source),
        "peak": lambda: peak(ROUNDS, 1e-9),
    }
    work.run()
    least = minima(calls, rounds)
    seconds = work.flops / (peak(1, 1e-9) * ROUNDS / least["peak"])
    return least["work"], max(seconds, least["copy"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=[""])
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    runtime.set_num_threads(1)
    found, peak = works(batch()), probe()
    without = missing(found)
    if without:
        raise SystemExit(f"layers with neither a work nor a reason: {', '.join(without)}")
    print(f"{'':32}{'us':>9}{'limit':>9}{'x limit':>9}{'goal':>6}")
    for work in found:
        if not work.name.startswith(tuple(options.names)):
            continue
        seconds, limit = measured(work, peak, options.rounds)
        goal = "" if work.goal is None else f"{work.goal:g}"
        over = "  over" if work.goal and seconds > work.goal * limit else ""
        print(
            f"{work.name:32}{1e6 * seconds:9.1f}{1e6 * limit:9.1f}{seconds / limit:9.2f}"
            f"{goal:>6}{over}",
            flush=True,
        )
    if options.names == [""]:
        for name, reason in sorted(REASONS.items()):
            print(f"{name:32}{reason}")


if __name__ == "__main__":
    main()
