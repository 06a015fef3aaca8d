"""examples/serve: answers of many who ask at once, their waiting times, and forked workers."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

import maskseq
from maskseq import layers

SERVE = Path(__file__).parents[2] / "examples" / "serve"


@pytest.fixture(scope="module")
def serve():
    """The modules of the example."""
    sys.path.insert(0, str(SERVE))
    try:
        import app
        import batcher

        yield app, batcher
    finally:
        sys.path.remove(str(SERVE))
        for name in ("app", "batcher"):
            sys.modules.pop(name, None)


def classifier(units=48):
    model = maskseq.Sequential(
        [
            layers.Embedding(500, units, mask_zero=True),
            layers.GRU(units, return_sequences=True),
            layers.GRU(units),
            layers.Dense(3),
        ]
    )
    model.predict([[1, 2]])
    return model


def requests(count, longest=120):
    rng = np.random.default_rng(0)
    return [rng.integers(1, 500, n).tolist() for n in rng.integers(1, longest, count)]


async def ask(application, body, path="/predict", method="POST"):
    """The status and the answer of one request."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    await application({"type": "http", "path": path, "method": method}, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_everybody_gets_the_answer_that_they_get_alone(serve):
    app, _ = serve
    model, sequences = classifier(), requests(60)
    application = app.App(model)

    async def everybody():
        return await asyncio.gather(*[ask(application, json.dumps(x).encode()) for x in sequences])

    for sequence, (status, answer) in zip(sequences, asyncio.run(everybody()), strict=True):
        assert status == 200
        np.testing.assert_array_equal(np.float32(answer), model.predict([sequence])[0])
    assert max(application.batcher.sizes) > 10  # they ran together


def test_a_wrong_request_is_told_and_hurts_nobody(serve):
    app, _ = serve
    application = app.App(classifier())
    good = json.dumps([3, 1]).encode()
    bodies = [good, b"{", b"[1, [2]]", b'"text"', b"[501]", good, b"[" * 100_000]

    async def everybody():
        return await asyncio.gather(*[ask(application, body) for body in bodies])

    found = asyncio.run(everybody())
    assert [status for status, _ in found] == [200, 400, 400, 400, 400, 200, 400]
    assert found[0] == found[5]
    assert asyncio.run(ask(application, b"", "/elsewhere"))[0] == 404
    assert asyncio.run(ask(application, b"1" * (app.LIMIT + 1)))[0] == 413


def test_steps_of_a_batch_are_bounded(serve):
    _, batcher = serve
    waiting = batcher.Batcher(None, steps=10)
    waiting._waiting = [([0] * n, None) for n in (4, 6, 1, 30, 2)]
    sizes = []
    while waiting._waiting:
        sizes.append([len(sequence) for sequence, _ in waiting._next()])
    assert sizes == [[4, 6], [1], [30], [2]]


@pytest.mark.slow
def test_waiting_times_under_load(serve):
    """The 99th percentile with batches, and with one request at a time."""
    _, batcher = serve
    model, sequences = classifier(64), requests(300, 60)

    async def times(one):
        async def asked(sequence):
            started = time.perf_counter()
            await one.predict(sequence)
            return time.perf_counter() - started

        return await asyncio.gather(*map(asked, sequences))

    p99 = {
        steps: min(
            np.quantile(asyncio.run(times(batcher.Batcher(model, steps))), 0.99) for _ in range(3)
        )
        for steps in (1, 20_000)
    }
    print(f"p99 of 300 requests at once: {p99[20_000] * 1e3:.1f} ms; one by one {p99[1] * 1e3:.1f}")
    assert p99[20_000] < p99[1] / 1.5


@pytest.mark.slow
def test_workers_are_forked_from_a_loaded_model():
    pytest.importorskip("uvicorn")
    command = [sys.executable, str(SERVE / "serve.py"), "--port", "0", "--workers", "2"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = running.stdout.readline().strip()
        steps = np.random.default_rng(0).random((9, 12)).round(3).tolist()
        model = maskseq.load_model(Path(maskseq.__file__).parent / "demo" / "japanese_vowels.keras")
        expected = model.predict([steps])[0]
        for _ in range(10):
            request = urllib.request.Request(url, json.dumps(steps).encode())
            with urllib.request.urlopen(request, timeout=60) as answer:
                np.testing.assert_array_equal(np.float32(json.load(answer)), expected)
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(urllib.request.Request(url, b"[[1]]"), timeout=60)
    finally:
        os.kill(running.pid, signal.SIGTERM)
        assert running.wait(30) == 0
