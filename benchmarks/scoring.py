"""Scoring files beside `predict` on the same data in memory.

    python benchmarks/scoring.py [--sequences 60000] [--rounds 5] [--wide] [--profile F] [F ...]
    python benchmarks/scoring.py --memory [--sequences 60000] [F ...]

Sequences of 5 to 39 ids go through Embedding, LSTM and Dense(1): `model.predict` of a Ragged, and
`maskseq.scoring.score` from a file of each format F to a file of the same. All take turns on one
thread, and the least processor time of each counts. "share" is the time of `predict` over that of
`score`: 1 if reading and writing cost nothing; "wall" is the same of the least wall time. The model
is small (16 features, 32 units) so that text counts; --wide takes 64 and 64. --memory: how much
more a process takes at its peak while it scores than it took when it had scored a few sequences.
"""

import argparse
import cProfile
import json
import multiprocessing
import pstats
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.csv
import pyarrow.parquet

import maskseq
from maskseq import Ragged, layers, scoring

WORDS = 5000
FORMATS = ("parquet", "npz", "jsonl", "objects", "csv")


def model_of(wide: bool) -> Any:
    features, units = (64, 64) if wide else (16, 32)
    maskseq.set_random_seed(1)
    return maskseq.Sequential(
        [
            layers.Input((None,), dtype="int32"),
            layers.Embedding(WORDS, features, mask_zero=True),
            layers.LSTM(units),
            layers.Dense(1, "sigmoid"),
        ]
    )


def sequences(count: int) -> Ragged:
    rng = np.random.default_rng(0)
    lengths = rng.integers(5, 40, count)
    return Ragged.from_lengths(rng.integers(1, WORDS, lengths.sum()).astype(np.int32), lengths)


def write(kind: str, path: Path, x: Ragged) -> None:
    """The file of a format: ids in lists, or in long format with a key for each sequence."""
    keys = np.arange(len(x))
    match kind:
        case "parquet":
            pyarrow.parquet.write_table(pyarrow.table({"id": keys, "ids": pyarrow.array(x)}), path)
        case "npz":
            np.savez(path, values=x.values, offsets=x.offsets)
        case "jsonl":
            with path.open("w") as file:
                file.writelines(f"{row.tolist()}\n" for row in x)
        case "objects":
            rows = ({"id": f"u{i}", "ids": row.tolist()} for i, row in enumerate(x))
            with path.open("w") as file:
                file.writelines(f"{json.dumps(row)}\n" for row in rows)
        case "csv":
            columns = {"id": np.repeat(keys, x.lengths), "ids": x.values}
            pyarrow.csv.write_csv(pyarrow.table(columns), path)


def job(kind: str, folder: Path, model: Any, x: Ragged) -> Callable[[], object]:
    """A call that scores a file of a format, which is written for it."""
    source = path_of(kind, folder)
    write(kind, source, x)
    return scored(kind, model, source, folder)


def path_of(kind: str, folder: Path) -> Path:
    return folder / f"{kind}.{'jsonl' if kind == 'objects' else kind}"


def scored(kind: str, model: Any, source: Path, folder: Path) -> Callable[[], object]:
    sink = folder / f"{kind}-out{source.suffix}"
    by = "id" if kind == "csv" else None
    return lambda: scoring.score(model, source, sink, by=by)


def peak() -> float:
    """MB that this process has taken at most, which Linux says."""
    said = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(said[1]) / 1024 if said else float("nan")


def growth(kind: str, source: Path, wide: bool) -> float:
    """MB that this process takes at most for a file, beyond what it took for a short one."""
    maskseq.set_num_threads(1)
    model = model_of(wide)
    with tempfile.TemporaryDirectory() as folder:
        job(kind, Path(folder), model, sequences(100))()
        before = peak()
        scored(kind, model, source, Path(folder))()
        return peak() - before


def show_growth(kinds: Sequence[str], count: int, wide: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            source = path_of(kind, Path(folder))
            write(kind, source, sequences(count))
            spawned = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, spawned) as pool:
                print(f"{kind:10}{pool.submit(growth, kind, source, wide).result():8.0f} MB")
            source.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("formats", nargs="*", choices=[[], *FORMATS], default=[])
    parser.add_argument("--sequences", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--wide", action="store_true")
    parser.add_argument("--profile", choices=FORMATS)
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    if options.memory:
        show_growth(options.formats or FORMATS, options.sequences, options.wide)
        return
    maskseq.set_num_threads(1)
    model, x = model_of(options.wide), sequences(options.sequences)
    with tempfile.TemporaryDirectory() as folder:
        calls: dict[str, Callable[[], object]] = {"memory": lambda: model.predict(x)}
        for kind in options.formats or FORMATS:
            calls[kind] = job(kind, Path(folder), model, x)
        if options.profile:
            profile = cProfile.Profile(time.process_time)
            profile.runcall(calls[options.profile])
            pstats.Stats(profile).sort_stats("tottime").print_stats(20)
            return
        least = {kind: np.full(2, np.inf) for kind in calls}  # of the processor, and of the clock
        for _ in range(options.rounds):
            for kind, call in calls.items():
                start = np.array([time.process_time(), time.perf_counter()])
                call()
                spent = np.array([time.process_time(), time.perf_counter()]) - start
                least[kind] = np.minimum(least[kind], spent)
    print(f"{'':10}{'us / sequence':>14}{'share':>8}{'wall':>8}")
    for kind, seconds in least.items():
        share, wall = least["memory"] / seconds
        print(f"{kind:10}{1e6 * seconds[0] / options.sequences:14.3f}{share:8.2f}{wall:8.2f}")


if __name__ == "__main__":
    main()
