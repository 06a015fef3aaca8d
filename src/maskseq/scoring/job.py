"""A model over data of any size: read, answered and written piece by piece, on after a kill."""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import runtime
from ..data.ragged import Ragged
from ..given.progress import Bar
from ..storage import atomic
from .answering import Model
from .block import Answers, Block, Reading
from .parts import Parts, Position
from .pipe import Pipe
from .sink import format_of, replace
from .source import Source, kind_of
from .workers import answered

STEPS = 1 << 18
"""Steps a block, unless `batch_steps` says otherwise."""
PART_SEQUENCES, PART_BYTES = 1 << 17, 8 << 20
"""A part is finished when it has so many sequences, or so many bytes of answers."""


class Report(NamedTuple):
    """What a job did. sequences: answered, by earlier runs too. skipped: those without an answer.

    Parameters
    ----------
    sequences : int
        Sequences answered, by earlier runs too.
    skipped : int
        Sequences without an answer.
    errors : list of str
        What is wrong with the first 100 that this run skipped.
    seconds : float
        This run's.

    See Also
    --------
    score

    Examples
    --------
    >>> from maskseq import scoring
    >>> report = scoring.Report(sequences=1000, skipped=2, errors=["row 7: ..."], seconds=0.5)
    >>> report.sequences / report.seconds
    2000.0
    """

    sequences: int
    skipped: int
    errors: list[str]
    seconds: float


def score(
    model: Any,
    source: Any,
    sink: str | os.PathLike,
    *,
    columns: Any = None,
    by: Any = None,
    sort: Any = None,
    nulls: float | None = None,
    keep: Sequence[str] | None = None,
    name: str = "score",
    batch_size: int | None = None,
    batch_steps: int | None = None,
    threads: int | None = None,
    workers: int = 1,
    on_error: str = "stop",
    resume: bool = False,
    format: str | None = None,
    progress: bool | Callable[[int, int | None], Any] = False,
) -> Report:
    r"""Answer every sequence of `source` and write the answers, in order, to `sink`.

    Memory does not grow with the data. The answers are those of `model.predict`, bit for bit.

    Parameters
    ----------
    model : Model
        A model, or the path of its file.
    source : str, os.PathLike or list
        A file, a directory, a glob, or a list of these; "-" is standard input. Parquet, Arrow IPC,
        CSV and JSON lines (.gz too); .npz, .npy and .json, which are read whole.
    sink : str or os.PathLike
        A file of one of these formats but .json; "-" is standard output.
    columns, by, sort : optional
        As for `predict`. Rows of one key must follow each other.
    nulls : float, optional
        As for `predict`. Rows of one key must follow each other.
    keep : sequence of str, optional
        Columns that go along with the answers; by default all but inputs and lists, with `by` the
        keys.
    name : str, default "score"
        Of a single output's column; several have the names of their layers.
    batch_size, batch_steps : int, optional
        Sequences a call, and steps a block that is read.
    threads : int, optional
        Of the job; by default as `get_num_threads`.
    workers : int, default 1
        Processes that share them.
    on_error : str, default "stop"
        "stop" at the first sequence that is wrong, or "skip": its answer is null.
    resume : bool, default False
        Go on where a job of the same arguments was ended. Its parts are in the folder `sink`.parts,
        which must hold nothing else. Of two jobs with one `sink` the first one ends with an error.
    format : str, optional
        Of standard input and output: "jsonl", "csv" or "arrow".
    progress : bool or callable, default False
        True shows a bar on a terminal; a function is called with the sequences done, and all (None:
        unknown).

    Returns
    -------
    Report
        A Report. `sink` is written whole or not at all.

    Raises
    ------
    ValueError
        Naming the file and the place in it.
    OSError
        If a file cannot be read or written.
    ImportError
        Naming what is not installed.
    RuntimeError
        If a worker was ended.

    See Also
    --------
    Report, maskseq.Model.predict

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> import json, os, tempfile
    >>> ids = maskseq.Input((None,), dtype="int32")
    >>> x = layers.Embedding(1000, 16, mask_zero=True)(ids)
    >>> model = maskseq.Model(ids, layers.LSTM(1)(x))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     source, sink = os.path.join(folder, "in.jsonl"), os.path.join(folder, "out.jsonl")
    ...     with open(source, "w") as file:
    ...         written = file.write("[711, 632, 71]\n[73, 8]\n")
    ...     report = maskseq.scoring.score(model, source, sink)
    ...     answers = [json.loads(line) for line in open(sink)]
    >>> report.sequences, len(answers)
    (2, 2)
    """
    started = time.monotonic()
    _check(on_error, workers, threads, batch_size, batch_steps)
    target = os.fspath(sink)
    kind = kind_of(target, format)
    loaded = _loaded(model)
    names = tuple(x.name for x in loaded.inputs) if loaded._plan is not None else ()
    reading = Reading(
        columns,
        by,
        sort,
        nulls,
        names if len(names) > 1 and columns is None else (),
        None if keep is None else tuple(keep),
        batch_steps or STEPS,
        on_error == "skip",
        loaded.stateful,
    )
    files = Source(source, reading, format)
    if loaded.stateful:
        _check_stateful(loaded, files, workers, reading.skip, resume)
    answerer = Model(loaded, name, batch_size, reading.skip)
    settings = Settings(workers, threads or runtime.get_num_threads(), progress)
    if target == "-":
        if resume:
            raise ValueError("resume needs a file for the answers, got standard output")
        pipe = Pipe(kind, keep is None or not keep)
        report = _run(answerer, files, settings, lambda found, _: pipe.write(found), Position())
        pipe.close()
    else:
        atomic.check(target)
        made = format_of(kind, target, plain=True)
        job = {
            "model": _digest(loaded),
            "source": files.facts(),
            "arguments": [*reading, name, kind],
        }
        if resume and "-" in files.paths:
            raise ValueError("resume needs files to read, got standard input")
        parts = Parts(target, job, resume)

        def finish(answers: list[Answers], position: Position) -> None:
            parts.write(position, lambda file: made.part(answers, file))

        try:
            report = _run(answerer, files, settings, finish, parts.position)
        except BaseException:
            if not parts.files:  # nothing to go on from
                parts.remove()
            raise
        try:
            replace(target, made, parts.files)
        except FileNotFoundError:  # another job has the folder now?
            parts.check()
            raise
        parts.remove()
    return report._replace(seconds=time.monotonic() - started)


class Settings(NamedTuple):
    """How a job runs."""

    workers: int
    threads: int
    progress: Any


def _run(
    model: Model, files: Source, how: Settings, finish: Callable[..., None], position: Position
) -> Report:
    """Hand parts of answers to `finish(answers, position)`, at least one unless there are some."""
    errors: list[str] = []
    told = _teller(how.progress, files.total, position.sequences)
    held: list[Answers] = []
    size, begun = 0, position.sequences > 0
    blocks = files.blocks(position.file, position.row)
    try:
        for file, block, answers, said in answered(model, blocks, how.workers, how.threads):
            errors += said[: 100 - len(errors)]
            position = _after(position, file, block, len(said))
            held.append(answers)
            size += sum(_bytes_of(y) for y in answers.scores.values())
            if size >= PART_BYTES or sum(len(x.valid) for x in held) >= PART_SEQUENCES:
                finish(held, position)
                held, size, begun = [], 0, True
            told(position.sequences, block.share)
        if held or not begun:
            finish(held or [_nothing(model)], position)
    finally:
        told(-1, None)
    return Report(position.sequences, position.skipped, errors, 0.0)


def _after(position: Position, file: int, block: Block, skipped: int) -> Position:
    row = block.rows + (position.row if file == position.file else 0)
    return Position(position.sequences + block.size, file, row, position.skipped + skipped)


def _nothing(model: Model) -> Answers:
    return model.answers(Block([], {}, 0, 0, 0, {}))[0]


def _bytes_of(y: np.ndarray | Ragged) -> int:
    return y.values.nbytes + y.offsets.nbytes if isinstance(y, Ragged) else y.nbytes


def _teller(progress: Any, total: int | None, done: int) -> Callable[[int, float | None], Any]:
    """A function of the sequences done, -1 at the end, and the share of the source."""
    if callable(progress):
        return lambda count, share: progress(count, total) if count >= 0 else None
    if not progress:
        return lambda count, share: None
    bar = Bar(total, done)
    return lambda count, share: bar.close() if count < 0 else bar.update(count, share)


def _check(on_error: str, workers: int, threads: Any, batch_size: Any, batch_steps: Any) -> None:
    if on_error not in ("stop", "skip"):
        raise ValueError(f"on_error must be 'stop' or 'skip', got {on_error!r}")
    counts = {"workers": workers, "threads": threads, "batch_size": batch_size}
    for name, value in (counts | {"batch_steps": batch_steps}).items():
        if value is not None and (not isinstance(value, int | np.integer) or value < 1):
            raise ValueError(f"{name} must be at least 1, got {value!r}")


def _loaded(model: Any) -> Any:
    if isinstance(model, str | os.PathLike):
        from ..importers import load_model

        model = load_model(model)
    if not hasattr(model, "predict"):
        raise TypeError(f"score: model must be a model or the path of one, got {model!r}")
    return model


def _check_stateful(model: Any, files: Source, workers: int, skips: bool, resume: bool) -> None:
    """A model whose layers keep states answers a file whole, as `predict` would."""
    if workers > 1 or skips or resume or len(files.kinds) > 1:
        raise ValueError(
            f"model '{model.name}' is stateful: its answers depend on those before them: it takes "
            "one file and one worker, without skip and resume"
        )
    if files.kinds[0] not in ("arrays", "jsonl"):
        raise ValueError(
            f"model '{model.name}' is stateful and reads its data whole: give .npz, .npy, .json or "
            ".jsonl"
        )


def _digest(model: Any) -> str:
    """What tells a model from others: its weights, and its config if it has one."""
    found = hashlib.sha256(",".join(layer.precision for layer in model.layers).encode())
    for weight in model.weights:
        value = np.asarray(weight)
        found.update(f"{value.dtype} {value.shape} ".encode())
        found.update(np.ascontiguousarray(value).data)
    if model._plan is not None:
        found.update(model.to_json().encode())
    return found.hexdigest()
