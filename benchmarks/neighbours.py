"""What calls cost beside busy processes: two threads beside one thread alone, in turns.

    python -m benchmarks.neighbours [--rounds 5] [--seconds 0.5]

Calls of about 0.05, 0.5 and 5 ms, beside none, one and two processes that never rest, each on a
machine of two CPUs. A ratio under 1 means that the default number of threads is the faster one.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time

LENGTHS = {"0.05 ms": 4, "0.5 ms": 40, "5 ms": 400}
"""Name of a length -> sequences of 20 steps that an LSTM of 64 units gets."""


def serve() -> None:
    """Times calls when told to, and says their mean."""
    import numpy as np

    import maskseq
    from maskseq import layers

    model = maskseq.Sequential([maskseq.Input((None, 64)), layers.LSTM(64)])
    rng = np.random.default_rng(0)
    inputs = {
        name: rng.standard_normal((n, 20, 64)).astype(np.float32) for name, n in LENGTHS.items()
    }
    for x in inputs.values():
        model.predict(x)
    print("ready", flush=True)
    for line in sys.stdin:
        name, seconds = json.loads(line)
        x, count, started = inputs[name], 0, time.perf_counter()
        while (taken := time.perf_counter() - started) < seconds:
            model.predict(x)
            count += 1
        print(taken / max(count, 1), flush=True)


def start(**environment: str) -> subprocess.Popen:
    plain = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    command = [sys.executable, "-m", "benchmarks.neighbours", "--serve"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    child = subprocess.Popen(command, env=plain | environment, **pipes)
    assert child.stdout.readline() == "ready\n"
    return child


def measure(rounds: int, seconds: float) -> dict[tuple[int, str], tuple[float, float]]:
    """(busy processes, length) -> median seconds a call: one thread, and the default."""
    children = [start(MASKSEQ_NUM_THREADS="1"), start()]
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    found: dict[tuple[int, str], list[list[float]]] = {}
    try:
        for _ in range(rounds):
            for load in range(3):
                for number, process in enumerate(busy):
                    wanted = signal.SIGCONT if number < load else signal.SIGSTOP
                    os.kill(process.pid, wanted)
                for name in LENGTHS:
                    for child, times in zip(
                        children, found.setdefault((load, name), [[], []]), strict=True
                    ):
                        child.stdin.write(json.dumps([name, seconds]) + "\n")
                        child.stdin.flush()
                        times.append(float(child.stdout.readline()))
    finally:
        for process in [*busy, *children]:
            process.kill()
    return {key: tuple(map(statistics.median, times)) for key, times in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve()
        return
    print("busy  length   one thread   default   ratio")
    for (load, name), (one, default) in measure(given.rounds, given.seconds).items():
        ratio = default / one
        print(f"{load:4}  {name:7} {one * 1e3:9.3f} ms {default * 1e3:8.3f} ms  {ratio:5.2f}")


if __name__ == "__main__":
    main()
