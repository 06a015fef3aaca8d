"""ProgbarLogger: how far an epoch is, and its numbers so far."""

import math
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

from ..given.progress import EVERY, Line, can_redraw
from ..storage.text import printable
from .base import Callback, Logs

WIDTH = 20  # characters of the bar


class ProgbarLogger(Callback):
    """Show progress on standard output; `fit` makes one for verbose=1 and 2.

    Parameters
    ----------
    verbose : int, optional
        1: a bar, redrawn where the output can be (elsewhere a line for each epoch); 2: a line for
        each epoch; None: as the params say.
    clock : callable, optional
        What gives the time, in seconds.

    See Also
    --------
    CSVLogger, History

    Notes
    -----
    Source: keras.callbacks.ProgbarLogger.

    Examples
    --------
    >>> import maskseq
    >>> dense = maskseq.layers.Dense(1, kernel_initializer="zeros")
    >>> model = maskseq.Sequential([maskseq.Input((1,)), dense])
    >>> model.compile("sgd", "mse")
    >>> log = maskseq.callbacks.ProgbarLogger(verbose=2)
    >>> history = model.fit([[1.0], [2.0]], [1.0, 2.0], verbose=0, callbacks=[log])
    Epoch 1/1
    1 batch in ... - loss: 2.5000
    """

    def __init__(self, verbose: int | None = None, clock: Callable[[], float] = time.monotonic):
        super().__init__()
        self._given, self._clock = verbose, clock
        self._tests_within = False
        self._begin(None)

    @property
    def _stream(self) -> TextIO | None:  # None: the process was started without it
        return sys.stdout

    def _begin(self, steps: int | None) -> None:
        self._steps, self._done = steps, 0
        self._started = self._due = self._clock()
        self._redraws = self._verbose == 1 and can_redraw(self._stream)
        self._bar = Line(self._stream)

    @property
    def _verbose(self) -> int:
        return self.params.get("verbose", 1) if self._given is None else self._given

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._tests_within = True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._begin(self.params.get("steps"))
        if self._verbose:
            self._write(f"Epoch {epoch + 1}/{self.params.get('epochs', '?')}\n")

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._step(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._finish(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self._tests_within:
            self._begin(self.params.get("steps"))

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not self._tests_within:
            self._step(batch, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._tests_within:
            self._finish(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._begin(self.params.get("steps"))

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._step(batch, None)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._finish(None)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._tests_within = False

    def _step(self, batch: int, logs: Logs | None) -> None:
        self._done = batch + 1
        now = self._clock()
        if self._redraws and now >= self._due:
            self._due = now + EVERY
            self._bar.draw(self._line(logs, now))

    def _line(self, logs: Logs | None, now: float) -> str:
        taken = now - self._started
        if not self._steps:
            return f"{self._done} batches, {taken:.0f} s{_numbers(logs)}"
        share = min(self._done / self._steps, 1.0)
        bar = "#" * round(WIDTH * share)
        left = taken * (1 / share - 1) if share else math.inf
        return f"{self._done}/{self._steps} [{bar:{WIDTH}}] {left:.0f} s left{_numbers(logs)}"

    def _finish(self, logs: Logs | None) -> None:
        if not self._verbose:
            return
        taken = self._clock() - self._started
        each = f" ({_time(taken / self._done)} a batch)" if self._done else ""
        batches = "batch" if self._done == 1 else "batches"
        line = f"{self._done} {batches} in {_time(taken)}{each}{_numbers(logs)}"
        if self._redraws:
            self._bar.draw(line)
        else:
            self._write(line)
        self._write("\n")

    def _write(self, text: str) -> None:
        if self._stream is not None:
            self._stream.write(text)
            self._stream.flush()


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def _numbers(logs: Logs | None) -> str:
    """The numbers of the logs, " - name: 0.1234" for each."""
    found = "".join(f" - {name}: {_number(value)}" for name, value in (logs or {}).items())
    return printable(found)  # names may be out of a file


def _number(value: Any) -> str:
    if isinstance(value, (int, float)):
        return f"{value:.4f}" if abs(value) > 1e-3 or value == 0 else f"{value:.4e}"
    return str(value)
