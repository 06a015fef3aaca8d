"""Time encoders of maskseq and of whatever peers are installed, side by side in one run.

    python -m benchmarks.encoders [--rounds 7] [--only d128] [--threads 2] [--cpu]

Each engine runs in a process of its own; rounds are interleaved, and the shortest call of each form
counts. Answers must agree to 1e-4 with float64 before anything is timed, those in int8 as far as 8
bits allow. The ratio is that of the fastest form of any peer; int8 is beside int8. "As written" is
maskseq on the model as Keras's users write it, whose real steps attend to padding: no peer does
that, so it is beside the time with the mask kept. With --cpu the processor's time counts, for one
thread on a busy machine.
"""

import argparse

from ..peers.__main__ import Engine
from ..peers.peak import peak_flops
from .works import ENCODERS, Encoder, make_data

ENGINES = ["maskseq", "torch", "onnxruntime", "ctranslate2"]
TOLERANCE, TOLERANCE_INT8 = 1e-4, 0.5


def run(encoder: Encoder, engines: list[Engine], rounds: int, clock: str) -> dict[str, dict]:
    """The shortest call in seconds by engine and form."""
    times: dict[str, dict[str, list[float]]] = {}
    for engine in engines:
        reply = engine.ask(encoder=encoder.name)
        for form, error in reply["errors"].items():
            if error > (TOLERANCE_INT8 if "int8" in form else TOLERANCE):
                raise AssertionError(f"{engine.name}, {form}: {error:.2g} from the answer")
        times[engine.name] = {form: [] for form in reply["forms"]}
    for _ in range(rounds):
        for engine in engines:
            for form, seconds in times[engine.name].items():
                seconds += engine.ask(form=form, time=0.1, clock=clock)["seconds"]
    return {
        name: {form: min(seconds) for form, seconds in forms.items()}
        for name, forms in times.items()
    }


def show(encoder: Encoder, shortest: dict[str, dict[str, float]], peak: float) -> None:
    ours = shortest["maskseq"]
    kept = ours["mask kept"]
    peers = {
        f"{name} {form}": seconds
        for name, forms in shortest.items()
        for form, seconds in forms.items()
        if name != "maskseq"
    }
    line = f"{encoder.name:32} {1e3 * kept:8.3f} ms{against(peers, kept, False)}"
    line += f" (aim {encoder.goal:g})" if peers else ""
    if peak:
        line += f", {encoder.flops(make_data(encoder)['lengths']) / kept / peak:.0%} of peak"
    print(f"{line}, as written {ours['as written'] / kept:.2f} of the time")
    byte = ours["mask kept int8"]
    print(f"{'in int8':>32} {1e3 * byte:8.3f} ms{against(peers, byte, True)}")
    print(" " * 33 + ", ".join(f"{name} {1e3 * s:.3g}" for name, s in sorted(peers.items())))


def against(peers: dict[str, float], ours: float, int8: bool) -> str:
    """How many times longer the fastest form of a peer takes, in int8 or not."""
    times = {name: seconds for name, seconds in peers.items() if ("int8" in name) == int8}
    if not times:
        return ""
    best = min(times, key=times.get)
    return f"  {times[best] / ours:5.2f}x against {best}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="encoders whose name contains this")
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--cpu", action="store_true", help="time of the processor, with 1 thread")
    options = parser.parse_args()
    if options.cpu and options.threads != 1:
        parser.error("--cpu needs --threads 1: threads add up")
    clock = "process_time" if options.cpu else "perf_counter"
    names = options.engines.split(",")
    engines = [Engine(name, options.threads, "benchmarks.encoders.worker") for name in names]
    for engine in engines:
        print(f"{engine.name}: {engine.version or 'not installed: ' + engine.missing}")
    engines = [engine for engine in engines if not engine.missing]
    peak = 0.0 if options.cpu else peak_flops(options.threads)
    print(f"peak: {peak / 1e9:.0f} GFLOP/s float32 on {options.threads} threads\n" if peak else "")
    for encoder in ENCODERS:
        if options.only in encoder.name:
            show(encoder, run(encoder, engines, options.rounds, clock), peak)
    for engine in engines:
        engine.stop()


if __name__ == "__main__":
    main()
