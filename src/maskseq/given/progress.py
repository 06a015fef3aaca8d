"""How far work is, on a line that is drawn again: bars of jobs, of `predict`, of training.

A line is written over on a terminal and in a notebook; a pipe or a file gets nothing. Bars of jobs
are tqdm's where it is installed.
"""

import importlib
import importlib.util
import sys
import time
from collections.abc import Callable
from typing import Any

from .options import function, verbosity

AFTER, EVERY = 0.5, 0.1  # seconds: shorter work shows nothing; how often the line is drawn again


def can_redraw(stream: Any) -> bool:
    """True for a terminal and for a notebook, where a line may be written over."""
    return (
        bool(getattr(stream, "isatty", bool)()) or type(stream).__module__ == "ipykernel.iostream"
    )


class Line:
    """One line of a stream, which is written over. Arguments: stream: has `write` and `flush`."""

    def __init__(self, stream: Any):
        self._stream, self.width = stream, 0

    def draw(self, text: str) -> None:
        """Write `text` in place of what stands on the line."""
        self._stream.write("\r" + text.ljust(self.width))
        self._stream.flush()
        self.width = len(text)

    def clear(self) -> None:
        """Leave the line empty."""
        if self.width:
            self.draw("")
            self._stream.write("\r")
            self._stream.flush()


class Bar:
    """What is done, its rate, and the time left. `close` leaves nothing on the screen.

    Arguments: total: of the work; None: unknown, as long as a share says nothing.
        done: what an earlier run did.  unit: what is counted, in the plural.
        stream: sys.stderr if None.
    """

    def __init__(
        self,
        total: int | None,
        done: int = 0,
        unit: str = "sequences",
        stream: Any = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        stream = sys.stderr if stream is None else stream
        self._total, self._before, self._unit, self._clock = total, done, unit, clock
        self._line, self._shown = Line(stream), can_redraw(stream)
        self._started = clock()
        self._due = self._started + AFTER
        self._tqdm: Any = None
        if self._shown and importlib.util.find_spec("tqdm"):
            self._tqdm = importlib.import_module("tqdm").tqdm(
                total=total,
                initial=done,
                unit=f" {unit}",
                unit_scale=True,
                leave=False,
                delay=AFTER,
                file=stream,
            )

    def update(self, done: int, share: float | None = None) -> None:
        """`done` is done, `share` of the whole work, 0 to 1."""
        if not self._shown:
            return
        total = self._total or (int(done / share) if share else None)
        if self._tqdm is not None:
            self._tqdm.total = total
            self._tqdm.update(done - self._tqdm.n)
        elif (now := self._clock()) >= self._due:
            self._due = now + EVERY
            self._line.draw(self._text(done, total, now - self._started))

    def _text(self, done: int, total: int | None, seconds: float) -> str:
        rate = (done - self._before) / seconds if seconds else 0.0
        text = f"{done:,} {self._unit}, {rate:,.0f}/s"
        if total and rate:
            text = f"{done / total:4.0%}  {text}, {max(total - done, 0) / rate:.0f} s left"
        return text

    def close(self) -> None:
        """Take it off the screen."""
        if self._tqdm is not None:
            self._tqdm.close()
        self._line.clear()


class Progress:
    """Of `predict`: a function is called after each batch, a bar drawn, at the end a line printed.

    Arguments: verbose: 0: no bar and no line; 2: the line alone; else both, on sys.stdout, the bar
        where a line may be written over.  progress: called with what is done, and all or None.
    """

    def __init__(self, verbose: Any, progress: Callable[[int, int | None], Any] | None = None):
        self._verbose = verbosity(verbose)
        self._progress = None if progress is None else function(progress, "progress")
        self._bar: Bar | None = None
        self._done, self._started = 0, time.monotonic()

    def __call__(self, done: int, total: int | None) -> None:
        self._done = done
        if self._verbose and self._verbose != 2:
            if self._bar is None:
                self._bar = Bar(total, stream=sys.stdout)
            self._bar.update(done)
        if self._progress is not None:
            self._progress(done, total)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, kind: Any, *error: Any) -> None:
        if self._bar is not None:
            self._bar.close()
        if self._verbose and kind is None:
            taken = time.monotonic() - self._started
            rate = self._done / taken if taken else 0.0
            print(f"{self._done:,} sequences in {taken:.1f} s ({rate:,.0f}/s)")
