"""The finished parts of a result, in a folder beside it, from which a job goes on after its end."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ..storage import atomic
from ..storage.text import printable

_JOB = "job.json"


class Position(NamedTuple):
    """How far a job is: the next row is number `row` of file number `file`.

    sequences: answered so far, but for `skipped` of them.
    """

    sequences: int = 0
    file: int = 0
    row: int = 0
    skipped: int = 0


class Parts:
    """The parts of the result `target`, in `target`.parts.

    Arguments: job: all that answers depend on, as JSON has it.  resume: keep what is there.
    Raises: ValueError if what is there is of another job; OSError.
    """

    def __init__(self, target: str, job: dict[str, Any], resume: bool):
        self._folder = Path(f"{target}.parts")
        self.files: list[Path] = []
        self.position = Position()
        if resume and self._folder.is_dir():
            self._check(target, job)
            self._find()
        else:
            self.remove()
        self._folder.mkdir(exist_ok=True)
        for path in self._folder.glob(".maskseq-*.tmp"):  # of a process that was killed
            path.unlink()
        with atomic.replacing(self._folder / _JOB) as file:
            file.write(json.dumps(job).encode())

    def _check(self, target: str, job: dict[str, Any]) -> None:
        try:
            before = json.loads((self._folder / _JOB).read_bytes())
        except (OSError, ValueError):
            before = None
        job = json.loads(json.dumps(job))
        if before is None:
            if list(self._folder.glob("*.part")):
                raise ValueError(f"{printable(self._folder)}: it does not say what it is parts of")
            return
        other = [key for key in job if before.get(key) != job[key]]
        if other:
            raise ValueError(
                f"{printable(target)}: another {', '.join(other)} than in the job that was begun: "
                "start anew without resume"
            )

    def _find(self) -> None:
        for path in sorted(self._folder.glob("*.part")):
            number, *position = (int(x) for x in path.stem.split("-"))
            if number != len(self.files):
                raise ValueError(f"{printable(self._folder)}: part {len(self.files)} is missing")
            self.files.append(path)
            self.position = Position(*position)

    def write(self, position: Position, write: Callable[[BinaryIO], None]) -> None:
        """Finish a part, which ends at `position`."""
        numbers = "-".join(str(n) for n in position)
        path = self._folder / f"{len(self.files):08d}-{numbers}.part"
        with atomic.replacing(path) as file:
            write(file)
        self.files.append(path)
        self.position = position

    def remove(self) -> None:
        """Remove the folder, if it holds nothing else."""
        for path in [*self._folder.glob("*.part"), *self._folder.glob(".maskseq-*.tmp")]:
            path.unlink()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._folder / _JOB)
        with contextlib.suppress(OSError):
            self._folder.rmdir()
