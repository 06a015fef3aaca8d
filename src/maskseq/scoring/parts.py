"""The finished parts of a result, in a folder beside it, from which a job goes on after its end.

The folder says which run of a job its parts are of, and their names say so too: of two runs that
write one result at the same time, the one that began last has the folder, and the other is told.
"""

import contextlib
import json
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ..storage import atomic
from ..storage.text import printable

_JOB = "job.json"
_RUN = "run"  # the key in it of the run's name, beside those of the job
_PART = re.compile(r"([0-9a-f]{16})-\d{8}(-\d+){4}\.part")
_LEFT = re.compile(r"\.maskseq-[0-9a-f]{16}\.tmp")  # by a process that was killed


class Position(NamedTuple):
    """How far a job is: the next row is number `row` of file number `file`.

    sequences: answered so far, but for `skipped` of them.
    """

    sequences: int = 0
    file: int = 0
    row: int = 0
    skipped: int = 0


class Parts:
    """The parts of the result `target`, in `target`.parts, which only its owner can read.

    Arguments: job: all that answers depend on, as JSON has it.  resume: keep what is there.
    Raises: ValueError if what is there is of another job; FileExistsError if it is of no job;
        OSError.
    """

    def __init__(self, target: str, job: dict[str, Any], resume: bool):
        self._target, self._folder = target, Path(f"{target}.parts")
        self._run = secrets.token_hex(8)
        self.files: list[Path] = []
        self.position = Position()
        before = self._found(job, resume)
        if resume and before is not None:
            self._run = self._checked(before, job)
            self._find()
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with atomic.replacing(self._folder / _JOB) as file:
            file.write(json.dumps({**job, _RUN: self._run}).encode())
        for path in set(self._all()) - set(self.files):
            path.unlink(missing_ok=True)

    def _found(self, job: dict[str, Any], resume: bool) -> dict[str, Any] | None:
        """What is there says of its job; None if nothing is there."""
        if self._folder.is_symlink():
            raise FileExistsError(f"{printable(self._folder)}: it is a link, expected a folder")
        if not self._folder.exists():
            return None
        about = self._about()
        if isinstance(about, dict) and about.keys() == {*job, _RUN}:
            return about
        if others := sorted(
            {x.name for x in self._folder.iterdir()} - {x.name for x in self._all()}
        ):
            raise FileExistsError(
                f"{printable(self._folder)}: parts of the result go there, but {others[:3]} in it "
                f"are of no such job: move the folder"
            )
        if resume and any(path.suffix == ".part" for path in self._all()):
            raise ValueError(f"{printable(self._folder)}: it does not say what it is parts of")
        return None

    def _about(self) -> Any:
        """What job.json says; None if there is none, or none of ours. Raises: OSError."""
        try:
            return json.loads((self._folder / _JOB).read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
            return None

    def _all(self) -> list[Path]:
        """The files in the folder that runs of jobs have left, but for job.json."""
        known = (_PART, _LEFT)
        return [x for x in self._folder.iterdir() if any(p.fullmatch(x.name) for p in known)]

    def _checked(self, before: dict[str, Any], job: dict[str, Any]) -> str:
        """The run of what is there, if it is of the same job."""
        job = json.loads(json.dumps(job))
        if other := [key for key in job if before[key] != job[key]]:
            raise ValueError(
                f"{printable(self._target)}: another {', '.join(other)} than in the job that was "
                "begun: start anew without resume"
            )
        return before[_RUN]

    def _find(self) -> None:
        for path in sorted(self._folder.glob(f"{self._run}-*.part")):
            number, *position = (int(x) for x in path.stem.split("-")[1:])
            if number != len(self.files):
                raise ValueError(f"{printable(self._folder)}: part {len(self.files)} is missing")
            self.files.append(path)
            self.position = Position(*position)

    def write(self, position: Position, write: Callable[[BinaryIO], None]) -> None:
        """Finish a part, which ends at `position`. Raises: OSError, as `check` too."""
        self.check()
        numbers = "-".join(str(n) for n in position)
        path = self._folder / f"{self._run}-{len(self.files):08d}-{numbers}.part"
        with atomic.replacing(path) as file:
            write(file)
        self.files.append(path)
        self.position = position

    def check(self) -> None:
        """Raises: OSError if another run has begun to write the same result."""
        if not self._is_mine():
            self.remove()
            raise OSError(
                f"{printable(self._target)}: another job has begun to write it; this one has ended"
            )

    def _is_mine(self) -> bool:
        about = self._about()
        return isinstance(about, dict) and about.get(_RUN) == self._run

    def remove(self) -> None:
        """Remove the parts of this run and, if it is the last, the folder; it may hold no other."""
        for path in self._folder.glob(f"{self._run}-*.part"):
            path.unlink(missing_ok=True)
        try:
            mine = self._is_mine()
        except OSError:  # most likely; another's run would end, and say why
            mine = True
        with contextlib.suppress(OSError):
            if mine:
                (self._folder / _JOB).unlink(missing_ok=True)
            self._folder.rmdir()
