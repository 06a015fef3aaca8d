"""A whole step of training, forward, loss, backward and Adam, beside PyTorch and Keras.

    python -m benchmarks.train_peers [--rounds 3] [--threads 2] [--works lstm] [--plot FILE]

Engines that are not installed are left out. Each runs in a process of its own, in turns; of all its
steps the fastest counts. Before anything is timed, the gradients of the engines are compared. The
limit is the operations that real steps need at the peak that was measured in the same run.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers.peak import peak_flops
from benchmarks.train_peers.of_keras import with_keras, with_maskseq
from benchmarks.train_peers.of_torch import with_torch
from benchmarks.train_peers.works import WORKS, Data, Work, make_data

# A function of (work, data) gives (gradients, as Keras orders weights; one step).
ENGINES: dict[str, tuple[str, Callable[[Work, Data], Any]]] = {
    "maskseq": ("maskseq", with_maskseq),
    "torch padded": ("torch", lambda work, data: with_torch(work, data, packed=False)),
    "torch packed": ("torch", lambda work, data: with_torch(work, data, packed=True)),
    "keras-jax": ("keras", with_keras),
}


def serve(engine: str, number: int, file: str) -> None:
    """A process of one engine: writes gradients to a file, then times steps when told to."""
    work = WORKS[number]
    data = make_data(work)
    gradients, prepare = ENGINES[engine][1](work, data)
    np.savez(file, *gradients())
    step = prepare()
    step()
    print("ready", flush=True)
    for line in sys.stdin:
        times, end = [], time.perf_counter() + float(line)
        while time.perf_counter() < end or len(times) < 3:
            started = time.perf_counter()
            step()
            times.append(time.perf_counter() - started)
        print(min(times), flush=True)


def run(work: Work, rounds: int, threads: int, folder: str) -> dict[str, float]:
    """Milliseconds of each engine's fastest step. Raises: AssertionError if gradients differ."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "KERAS_BACKEND": "jax"}
    workers, files = {}, {}
    for name, (package, _) in ENGINES.items():
        if importlib.util.find_spec(package) is None:
            continue
        if work.kind == "vowels" and package == "torch":  # which has no fit
            continue
        files[name] = os.path.join(folder, name.replace(" ", "-") + ".npz")
        command = [sys.executable, "-m", "benchmarks.train_peers", "--serve", name]
        command += ["--number", str(WORKS.index(work)), "--file", files[name]]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        workers[name] = subprocess.Popen(command, env=environment, **pipes)
        while (line := workers[name].stdout.readline().strip()) != "ready":
            assert line or workers[name].poll() is None, f"{name} failed"
    compare(files)
    best = dict.fromkeys(workers, float("inf"))
    for _ in range(rounds):
        for name, worker in workers.items():
            worker.stdin.write("1.0\n")
            worker.stdin.flush()
            best[name] = min(best[name], float(worker.stdout.readline()) * 1e3)
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    return best


def compare(files: dict[str, str]) -> None:
    """The gradients of all engines are those of maskseq, but for rounding."""
    ours = np.load(files["maskseq"])
    least = 1e-4 * max(np.abs(ours[key]).max() for key in ours.files)  # a key's bias gets zeros
    for name, file in files.items():
        with np.load(file) as theirs:
            for key in ours.files:
                scale = max(np.abs(ours[key]).max(), least)
                gap = np.abs(ours[key] - theirs[key]).max() / scale
                assert gap < 2e-3, f"{name}: gradient {key} differs by {gap:.1e} of its largest"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--works", default="", help="those whose names have this in them")
    parser.add_argument("--json", help="write the figures to a file")
    parser.add_argument("--plot", help="draw them to a file (needs matplotlib)")
    for name in ("--serve", "--number", "--file"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve, int(given.number), given.file)
        return
    peak, table = peak_flops(given.threads), {}
    print(f"peak {peak / 1e9:.0f} GFLOP/s on {given.threads} threads; milliseconds a step")
    for work in WORKS:
        if given.works not in work.name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            best = run(work, given.rounds, given.threads, folder)
        limit = work.flops(make_data(work).lengths) / peak * 1e3
        ours = best["maskseq"]
        peers = {name: ms for name, ms in best.items() if name != "maskseq"}
        line = f"{work.name:32} {ours:7.1f}  {ours / limit:4.2f} x limit ({work.most})"
        if peers:
            fastest = min(peers.values())
            line += f"  peer / ours {fastest / ours:5.2f} ({work.goal})"
        print(line, *(f"{name} {ms:.1f}" for name, ms in peers.items()), sep="  ", flush=True)
        table[work.name] = limit, best
    if given.json:
        with open(given.json, "w") as file:
            json.dump({name: {"limit": x, **best} for name, (x, best) in table.items()}, file)
    if given.plot:
        from benchmarks.peers.plot import draw_table

        draw_table({name: best for name, (_, best) in table.items()}, given.plot)


if __name__ == "__main__":
    main()
