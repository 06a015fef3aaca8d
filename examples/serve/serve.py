"""Load a model once, fork workers that share its memory, and serve it: see app.py.

    python examples/serve/serve.py [MODEL] [--port 8000] [--workers 2]

Needs uvicorn. A worker that ends is started again; SIGTERM and Ctrl-C end all.
"""

import argparse
import os
import signal
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from app import DEMO, App  # noqa: E402

import maskseq  # noqa: E402


def work(model: maskseq.Model, listening: socket.socket) -> None:
    """Serve in this process until it is told to end."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(App(model), log_level="warning"))
    server.run(sockets=[listening])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default=str(DEMO))
    parser.add_argument("--port", type=int, default=8000, help="0: any that is free")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    model = maskseq.load_model(given.model)
    model.predict([[[0.0] * x for x in model.inputs[0].shape[2:]] or [1]])  # weights are packed now
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", given.port))
    listening.listen(1024)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/predict", flush=True)

    children: set[int] = set()
    ending = False

    def end(*_: object) -> None:
        nonlocal ending
        ending = True
        for child in children:
            os.kill(child, signal.SIGTERM)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    while children or not ending:
        while not ending and len(children) < given.workers:
            child = os.fork()
            if child == 0:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                work(model, listening)
                os._exit(0)
            children.add(child)
        try:
            children.discard(os.wait()[0])
        except ChildProcessError:
            return


if __name__ == "__main__":
    main()
