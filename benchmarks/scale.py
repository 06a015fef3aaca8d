"""Where a little more of something costs much more time: walks along one size each.

    python benchmarks/scale.py [--threads 2] [--rounds 5] [WALK ...]

Each walk takes one size through its range: sequences, their length, units, words of a vocabulary,
how uneven lengths are, how many sequences `predict` gets at once. For each it prints the time of a
call, and that time over its work: picoseconds a multiply-add of the real steps. "rise" is that
beside the size before; the worst one of a walk is its cliff. Calls of all sizes are made in turns,
and the least time of each counts; with one thread it is processor time, which other programs
disturb little.

"first" is the first call over the settled one. With a vocabulary each call has other texts, of
words as frequent as in a language; the work is that of the recurrent half, the median counts, and
"worst" is the longest of the first 40 calls over the settled one.
"""

import argparse
import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

import maskseq
from maskseq import Ragged, layers, runtime

FIRST_CALLS = 40
TEXTS = 400


class Size(NamedTuple):
    """One size of a walk: `call` does `work` multiply-adds in real steps."""

    name: str
    call: Callable[[], object]
    work: float
    many: bool = False  # its first calls differ, each with other data


def of_steps(layer: layers.Layer, lengths: np.ndarray, features: int, name: str) -> Size:
    """A recurrent layer of `features` units over sequences of these lengths."""
    model = maskseq.Sequential([layers.Input((None, features)), layer])
    rng = np.random.default_rng(1)
    steps = int(lengths.sum())
    x = Ragged.from_lengths(rng.standard_normal((steps, features)).astype(np.float32), lengths)
    return Size(name, lambda: model.predict(x), 8.0 * steps * features**2)


def batch() -> Iterator[Size]:
    for n in (1, 2, 3, 4, 6, 8, 16, 32, 64, 128, 256):
        yield of_steps(layers.LSTM(128), np.full(n, 40), 128, f"{n} sequences")


def length() -> Iterator[Size]:
    for n in (1, 2, 5, 10, 20, 50, 100, 200, 500):
        yield of_steps(layers.LSTM(128), np.full(16, n), 128, f"{n} steps")


def units() -> Iterator[Size]:
    for n in (32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1280, 1536):
        yield of_steps(layers.LSTM(n), np.full(24, 8), n, f"{n} units")


def skew() -> Iterator[Size]:
    """63 short sequences and a long one, 6,300 steps in all."""
    for longest in (98, 200, 500, 1000, 2000, 3000):
        lengths = np.full(64, (6300 - longest) // 63)
        lengths[0] = longest
        yield of_steps(layers.LSTM(128), lengths, 128, f"one of {longest} steps")


def sequences() -> Iterator[Size]:
    """Outputs of every step of many short sequences."""
    for n in (1000, 3000, 10_000, 30_000, 100_000):
        lengths = np.random.default_rng(3).integers(1, 8, n)
        layer = layers.LSTM(32, return_sequences=True)
        yield of_steps(layer, lengths, 32, f"{n} sequences")


def vocabulary() -> Iterator[Size]:
    rng = np.random.default_rng(4)
    for words in (1000, 5000, 20_000, 40_000, 80_000, 160_000):
        table = layers.Embedding(words + 1, 128, mask_zero=True)
        model = maskseq.Sequential([layers.Input((None,), dtype="int32"), table, layers.LSTM(128)])
        ranks = np.exp(rng.uniform(0, np.log(words), (TEXTS, 64 * 60)))
        texts = itertools.cycle([Ragged.from_lengths(x, [60] * 64) for x in ranks.astype(np.int32)])
        call = lambda texts=texts, model=model: model.predict(next(texts))  # noqa: E731
        yield Size(f"{words} words", call, 4.0 * 64 * 60 * 128 * 128, many=True)


WALKS = {f.__name__: f for f in (batch, length, units, skew, sequences, vocabulary)}


def timed(call: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    call()
    return clock() - start


def walk(name: str, rounds: int, clock: Callable[[], float]) -> float:
    """Print a walk; the worst rise between neighbours."""
    sizes = list(WALKS[name]())
    first = [[timed(x.call, clock) for _ in range(FIRST_CALLS if x.many else 1)] for x in sizes]
    times: list[list[float]] = [[] for _ in sizes]
    for _ in range(rounds):
        for seen, size in zip(times, sizes, strict=True):
            seen.append(timed(size.call, clock))
    print(f"\n{name:18}{'ms':>9}{'ps / FMA':>10}{'rise':>7}{'first':>7}{'worst':>7}")
    before, worst = None, 0.0
    for size, seen, begun in zip(sizes, times, first, strict=True):
        settled = statistics.median(seen) if size.many else min(seen)
        cost = 1e12 * settled / size.work
        rise = 1.0 if before is None else cost / before
        worst, before = max(worst, rise), cost
        largest = f"{max(begun) / settled:7.2f}" if size.many else ""
        print(
            f"{size.name:18}{1e3 * settled:9.3f}{cost:10.2f}{rise:7.2f}"
            f"{begun[0] / settled:7.2f}{largest}",
            flush=True,
        )
    print(f"{'worst rise':18}{worst:26.2f}")
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("walks", nargs="*", choices=[[], *WALKS], default=[])
    parser.add_argument("--threads", type=int, default=runtime.get_num_threads())
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    runtime.set_num_threads(options.threads)
    clock = time.process_time if options.threads == 1 else time.perf_counter
    found = {name: walk(name, options.rounds, clock) for name in options.walks or WALKS}
    print("\nworst rise of each walk: " + ", ".join(f"{k} {v:.2f}" for k, v in found.items()))


if __name__ == "__main__":
    main()
