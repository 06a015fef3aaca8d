"""One engine in a process of its own. Speaks lines of JSON on stdin and stdout.

{"encoder": name} -> {"forms": [...], "errors": {form: largest difference from float64}};
{"form": name, "time": seconds, "clock": a function of `time`} -> {"seconds": [...]}.
"""

import json
import sys
import time
from collections.abc import Callable

import numpy as np

from ..peers.worker import start, time_call
from .works import ENCODERS, Encoder, answers, make_data


def prepare(engine: object, encoder: Encoder) -> tuple[dict[str, Callable], dict[str, float]]:
    """The calls by form, and how far each is from the answer."""
    data = make_data(encoder)
    calls = engine.forms(encoder, data)
    real, wanted = calls.pop("real"), answers(encoder, data)
    errors = {form: float(np.abs(real(call()) - wanted).max()) for form, call in calls.items()}
    if hasattr(engine, "as_written"):  # another answer, which no peer gives
        calls["as written"] = engine.as_written(encoder, data)
    return calls, errors


def serve(engine: object) -> None:
    calls: dict[str, Callable] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "encoder" in request:
            encoder = next(e for e in ENCODERS if e.name == request["encoder"])
            calls, errors = prepare(engine, encoder)
            reply: dict = {"forms": list(calls), "errors": errors}
        else:
            clock = getattr(time, request["clock"])
            reply = {"seconds": time_call(calls[request["form"]], request["time"], clock)}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    start(__package__, serve)
