"""One engine in a process of its own: makes its model, answers, and times itself when asked.

Speaks lines of JSON on stdin and stdout: {"work": name, "share": s} -> {"answers": {form: file},
"call_mb": what inputs, models and first calls added to the peak memory} or {"skip": reason};
{"form": name, "time": seconds} -> {"seconds": [...]}.
"""

import importlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .memory import peak_of
from .works import WORKS, Work, make_data


def time_call(call: Any, budget: float, clock: Any = time.perf_counter) -> list[float]:
    """Times of single calls for about `budget` seconds, at least three."""
    times, end = [], time.perf_counter() + budget
    while len(times) < 3 or time.perf_counter() < end:
        start = clock()
        call()
        times.append(clock() - start)
    return times


def first_calls(peer: Any, work: Work, request: dict[str, Any]) -> tuple[dict, dict]:
    """The calls that do the work, by form, and their answers."""
    calls = peer.forms(work, make_data(work, request.get("share")))
    return calls, {form: call() for form, call in calls.items()}


def serve(peer: Any, folder: Path) -> None:
    calls: dict[str, Callable] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "work" in request:
            work = next(w for w in WORKS if w.name == request["work"])
            try:
                (calls, answers), call_mb = peak_of(partial(first_calls, peer, work, request))
            except NotImplementedError as reason:
                reply: dict[str, Any] = {"skip": str(reason)}
            else:
                files = {form: str(folder / f"{form}.npy") for form in answers}
                for form, answer in answers.items():
                    np.save(files[form], np.asarray(answer, np.float32))
                reply = {"answers": files, "call_mb": call_mb}
        else:
            reply = {"seconds": time_call(calls[request["form"]], request["time"])}
        print(json.dumps(reply), flush=True)


def start(package: str, serve: Callable[[Any], None]) -> None:
    """Import the engine that the command line names, say its version, and serve."""
    try:
        module = importlib.import_module(f".engines.{sys.argv[1]}", package)
    except ImportError as missing:
        if (missing.name or "").startswith("benchmarks"):
            raise  # a fault of ours, not a peer that is not installed
        print(json.dumps({"missing": str(missing)}), flush=True)
        return
    print(json.dumps({"version": module.version()}), flush=True)
    serve(module)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        start(__package__, partial(serve, folder=Path(folder)))
