"""Time maskseq and whatever peers are installed, side by side in one run.

    python -m benchmarks.peers [--rounds 7] [--only LSTM] [--memory] [--json FILE]
        [--plot FILE] [--padding FILE]

Each engine runs in a process of its own with two threads; rounds are interleaved, so that a slow
moment of the machine hits all of them. A peer does a ragged work in each form that may be its best:
the whole batch, padded or packed, and buckets of sequences of like length. Answers must agree to
1e-5 before anything is timed. The ratio is the fastest median of any peer and form / maskseq's;
the share of peak is against fused multiply-adds measured in the same run. With --memory each
engine does each work once more in a fresh process, and the table says what its inputs, models and
first calls add to the peak memory of that.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

import numpy as np

from .cold import cold_start
from .peak import peak_flops
from .works import WORKS, Work, make_data

ENGINES = ["maskseq", "torch", "keras_jax", "onnxruntime", "openvino"]
SHARES = [0.0, 0.25, 0.5, 0.75, 0.9, 0.95]


class Engine:
    """An engine in its own process."""

    def __init__(self, name: str, threads: int, worker: str = "benchmarks.peers.worker"):
        settings = {"OMP_NUM_THREADS": str(threads), "MASKSEQ_NUM_THREADS": str(threads)}
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-m", worker, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **settings},
            text=True,
        )
        hello = self._read()
        self.missing, self.version = hello.get("missing"), hello.get("version")

    def _read(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name}: the process ended")
        return json.loads(line)

    def ask(self, **request) -> dict:
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._read()

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def check_answers(work: Work, answers: dict[str, np.ndarray], share: float | None) -> None:
    """Real cells of all answers agree to 1e-5 with maskseq's."""
    ours = answers["maskseq"]
    real = np.ones(ours.shape[:1], bool)
    if work.sequences or work.kind == "attention":
        real = make_data(work, share)["mask"]
    for name, answer in answers.items():
        np.testing.assert_allclose(
            answer.reshape(ours.shape)[real], ours[real], atol=1e-5, rtol=1e-5, err_msg=name
        )


def label(engine: str, form: str) -> str:
    return engine if engine == "maskseq" else f"{engine} {form}"


def run_work(work: Work, engines: list[Engine], rounds: int, share: float | None = None) -> dict:
    """Medians in seconds by engine and form, and why the others did not take part."""
    answers, skipped, active = {}, {}, []
    for engine in engines:
        reply = engine.ask(work=work.name, share=share)
        if "skip" in reply:
            skipped[engine.name] = reply["skip"]
            continue
        for form, file in reply["answers"].items():
            active.append((engine, form))
            answers[label(engine.name, form)] = np.load(file)
    check_answers(work, answers, share)
    times: dict[str, list[float]] = {name: [] for name in answers}
    for _ in range(rounds):
        for engine, form in active:
            seconds = engine.ask(form=form, time=0.15)["seconds"]
            times[label(engine.name, form)] += seconds
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    return {"medians": medians, "skipped": skipped}


def fastest_forms(medians: dict[str, float]) -> dict[str, float]:
    """The time of each engine in its fastest form."""
    best: dict[str, float] = {}
    for name, seconds in medians.items():
        engine = name.split()[0]
        best[engine] = min(seconds, best.get(engine, seconds))
    return best


def call_memory(work: Work, names: list[str], threads: int) -> dict[str, float]:
    """MB that a work adds to the peak of a fresh process that has imported its engine."""
    added = {}
    for name in names:
        engine = Engine(name, threads)
        added[name] = engine.ask(work=work.name, share=None).get("call_mb")
        engine.stop()
    return {name: mb for name, mb in added.items() if mb is not None}


def show(work: Work, result: dict, peak: float) -> None:
    medians = result["medians"]
    ours = medians["maskseq"]
    peers = {name: seconds for name, seconds in medians.items() if name != "maskseq"}
    line = f"{work.name:34} {1e3 * ours:9.3f} ms"
    if peers:
        best = min(peers, key=peers.get)
        result["ratio"] = peers[best] / ours
        line += f"  {result['ratio']:6.2f}x (aim {work.target:g}) against {best}"
    flops = work.flops(make_data(work)["lengths"])
    if flops:
        result["share_of_peak"] = flops / ours / peak
        line += f", {result['share_of_peak']:.0%} of peak"
    others = ", ".join(f"{name} {1e3 * s:.3g}" for name, s in sorted(peers.items()))
    print(f"{line}   [{others}]", flush=True)
    if result.get("call_mb"):
        parts = [f"{name} {mb:.0f}" for name, mb in result["call_mb"].items()]
        print(f"{'':34} inputs, model, call, MB: {', '.join(parts)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="works whose name contains one of these: a,b")
    parser.add_argument("--memory", action="store_true", help="also the memory of each work")
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--json", help="write the results to this file")
    parser.add_argument("--plot", help="draw the table to this file (needs matplotlib)")
    parser.add_argument("--padding", help="draw time against the share of padding to this file")
    options = parser.parse_args()
    engines = [Engine(name, options.threads) for name in options.engines.split(",")]
    for engine in engines:
        print(f"{engine.name}: {engine.version or 'not installed: ' + engine.missing}")
    engines = [engine for engine in engines if not engine.missing]
    peak = peak_flops(options.threads)
    print(f"peak: {peak / 1e9:.0f} GFLOP/s float32 on {options.threads} threads\n", flush=True)
    results = {}
    parts = options.only.lower().split(",")
    for work in [w for w in WORKS if any(part in w.name.lower() for part in parts)]:
        if work.kind == "cold":
            results[work.name] = cold_start([e.name for e in engines], options.rounds)
        else:
            results[work.name] = run_work(work, engines, options.rounds)
            if options.memory:
                names = list(fastest_forms(results[work.name]["medians"]))
                results[work.name]["call_mb"] = call_memory(work, names, options.threads)
        show(work, results[work.name], peak)
    curve = {}
    if options.padding:
        work = WORKS[0]
        for share in SHARES:
            curve[share] = fastest_forms(run_work(work, engines, options.rounds, share)["medians"])
            print(f"{share:.0%} padding", {k: f"{1e3 * s:.2f} ms" for k, s in curve[share].items()})
    for engine in engines:
        engine.stop()
    if options.json:
        versions = {engine.name: engine.version for engine in engines}
        with open(options.json, "w") as file:
            json.dump({"versions": versions, "peak": peak, "works": results}, file, indent=1)
    if options.plot or options.padding:
        from .plot import draw_curve, draw_table

        if options.plot:
            medians = {name: fastest_forms(result["medians"]) for name, result in results.items()}
            draw_table(medians, options.plot)
        if options.padding:
            draw_curve(curve, options.padding)


if __name__ == "__main__":
    main()
