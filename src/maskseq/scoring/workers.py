"""Blocks answered by several processes, in order. The threads of the job are shared among them."""

import multiprocessing
import pickle
import signal
from collections.abc import Iterator
from typing import Any

from .. import runtime
from ..data import frames
from ..data.ragged import as_batch
from .answering import BadSequence, Model
from .block import Answers, Block


def answered(
    model: Model, blocks: Iterator[tuple[int, Block]], workers: int, threads: int
) -> Iterator[tuple[int, Block, Answers, list[str]]]:
    """Each block with its answers, in order; `workers` processes have `threads` among them.

    Raises: as `Model.answers`; RuntimeError if a process ended.
    """
    if workers == 1:
        for file, block in blocks:
            with runtime.num_threads(threads):
                found, said = model.answers(block)
            yield file, block, found, said
        return
    context = multiprocessing.get_context("spawn")
    share = max(threads // workers, 1)
    payload = pickle.dumps((model, share))
    team: list[Any] = []
    try:
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            ours.send_bytes(payload)
            team.append((process, ours))
        yield from _in_turn(team, blocks)
    finally:
        for process, ours in team:
            ours.close()
            process.terminate()
            process.join()


def _in_turn(
    team: list[Any], blocks: Iterator[tuple[int, Block]]
) -> Iterator[tuple[int, Block, Answers, list[str]]]:
    """Block i goes to process i modulo their number, which has one at a time."""
    waiting: dict[int, tuple[int, Block]] = {}
    number = 0

    def give() -> None:
        found = next(blocks, None)
        if found is not None:
            waiting[number] = found
            x = _settled(found[1].x)
            team[number % len(team)][1].send(found[1]._replace(carried={}, x=x))

    for number in range(len(team)):  # noqa: B007
        give()
    taken = 0
    while taken in waiting:
        process, ours = team[taken % len(team)]
        try:
            kind, found = ours.recv()
        except (EOFError, ConnectionError) as error:
            process.join(10)
            raise RuntimeError(
                f"a worker ended with status {process.exitcode}: finished parts stay, resume"
            ) from error
        file, block = waiting.pop(taken)
        number = taken + len(team)
        give()
        taken += 1
        if kind == "bad":
            said, place = found
            bad = BadSequence(said)
            vars(bad).update(place)
            raise bad
        if kind == "error":
            raise found
        answers, said = found
        yield file, block, answers._replace(carried=block.carried), said


def _settled(x: Any) -> Any:
    """What a model is given, of NumPy and Python alone: what is sent is no more than it holds."""
    if isinstance(x, dict):
        return {key: _settled(part) for key, part in x.items()}
    if frames.library_of(x) is not None:
        return {name: _settled(x[name]) for name in x.column_names}
    if not hasattr(x, "to_pylist"):
        return x
    try:
        return as_batch(x)
    except (TypeError, ValueError):
        return x.to_pylist()


def _work(pipe: Any) -> None:
    """A worker: a model and its threads come first, then blocks, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the job says so to its workers
    model, threads = pickle.loads(pipe.recv_bytes())
    runtime.set_num_threads(threads)
    while True:
        try:
            block = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            found: Any = "done", model.answers(block)
        except BadSequence as error:
            found = "bad", (str(error), vars(error))
        except Exception as error:
            found = "error", error
        pipe.send(found)
