"""How far a job is, on stderr: by tqdm where it is installed, else on a line; quiet in a pipe."""

import importlib
import importlib.util
import sys
import time
from typing import Any

AFTER, EVERY = 0.5, 0.1  # seconds: shorter work shows nothing; how often the line is drawn again


class Bar:
    """Sequences done, their rate, and the time left. `close` leaves nothing on the terminal.

    Arguments: total: sequences in all; None: unknown, as long as a share says nothing.
        done: those of an earlier run.
    """

    def __init__(self, total: int | None, done: int = 0):
        self._total, self._before, self._width = total, done, 0
        self._started = time.monotonic()
        self._shown = sys.stderr.isatty()
        self._due = self._started + AFTER
        self._tqdm: Any = None
        if self._shown and importlib.util.find_spec("tqdm"):
            make = importlib.import_module("tqdm").tqdm
            self._tqdm = make(
                total=total, initial=done, unit=" seq", unit_scale=True, leave=False, delay=AFTER
            )

    def update(self, done: int, share: float | None = None) -> None:
        """`done` sequences are answered, `share` of the source read, 0 to 1."""
        if not self._shown:
            return
        total = self._total or (int(done / share) if share else None)
        if self._tqdm is not None:
            self._tqdm.total = total
            self._tqdm.update(done - self._tqdm.n)
        elif (now := time.monotonic()) >= self._due:
            self._due = now + EVERY
            self._draw(self._line(done, total, now - self._started))

    def _line(self, done: int, total: int | None, seconds: float) -> str:
        rate = (done - self._before) / seconds if seconds else 0.0
        text = f"{done:,} sequences, {rate:,.0f}/s"
        if total and rate:
            text = f"{done / total:4.0%}  {text}, {max(total - done, 0) / rate:.0f} s left"
        return text

    def _draw(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self._width))
        sys.stderr.flush()
        self._width = len(text)

    def close(self) -> None:
        """Take it off the terminal."""
        if self._tqdm is not None:
            self._tqdm.close()
        elif self._width:
            self._draw("")
            sys.stderr.write("\r")
            sys.stderr.flush()
