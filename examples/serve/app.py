"""An ASGI application: POST /predict a JSON list of steps, get the answer as JSON.

uvicorn app:app --app-dir examples/serve              one process; MODEL names a model file
python examples/serve/serve.py model.keras --workers 2    preloaded, then forked
"""

import json
import os
from pathlib import Path
from typing import Any

from batcher import Batcher

import maskseq

DEMO = Path(maskseq.__file__).parent / "demo" / "japanese_vowels.keras"
LIMIT = 4 << 20  # bytes of a request


class App:
    """The application for one model."""

    def __init__(self, model: Any):
        self.batcher = Batcher(model)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            status, answer = await self._answer(scope, receive)
            body = json.dumps(answer).encode()
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: dict[str, Any], receive: Any) -> tuple[int, Any]:
        if scope["path"] == "/health":
            return 200, {
                "batches": len(self.batcher.sizes),
                "largest": max(self.batcher.sizes, default=0),
            }
        if scope["path"] != "/predict" or scope["method"] != "POST":
            return 404, {"error": "POST /predict a JSON list of steps, or GET /health"}
        body = b""
        while True:
            part = await receive()
            if part["type"] == "http.disconnect":
                return 499, None
            body += part.get("body", b"")
            if len(body) > LIMIT:
                return 413, {"error": f"a request has at most {LIMIT} bytes"}
            if not part.get("more_body"):
                break
        try:
            sequence = json.loads(body)
            if not isinstance(sequence, list):
                raise TypeError(f"expected a list of steps, got {type(sequence).__name__}")
            answer = await self.batcher.predict(sequence)
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            return 400, {"error": str(error)}
        return 200, answer.tolist()


async def _live(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def __getattr__(name: str) -> Any:
    """`app`, made when a server asks for it."""
    if name != "app":
        raise AttributeError(name)
    return App(maskseq.load_model(os.environ.get("MODEL", DEMO)))
