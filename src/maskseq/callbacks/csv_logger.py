"""CSVLogger: a line of a file for each epoch."""

import csv
from pathlib import Path
from typing import Any

from .base import Callback, Logs


class CSVLogger(Callback):
    """Write the logs of each epoch to a CSV file, with a line of names on top.

    Arguments: filename: the file.  separator: between values.  append: keep what is there, and
        write no names if there is anything.
    Each line is on the disk before the next epoch begins. Source: keras.callbacks.CSVLogger.
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False):
        super().__init__()
        self.filename, self.separator, self.append = Path(filename), separator, append
        self._file: Any = None
        self._writer: Any = None
        self._names: list[str] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        goes_on = self.append and self.filename.exists() and self.filename.stat().st_size > 0
        self._with_names = not goes_on
        self._file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115
        self._writer, self._names = None, []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        if self._writer is None:
            self._names = [*logs]
            self._writer = csv.writer(self._file, delimiter=self.separator)
            if self._with_names:
                self._writer.writerow(["epoch", *self._names])
        self._writer.writerow([epoch, *(logs.get(name, "NA") for name in self._names)])
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._file is not None:
            self._file.close()
        self._file = self._writer = None
