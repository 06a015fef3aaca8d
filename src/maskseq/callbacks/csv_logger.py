"""CSVLogger: a line of a file for each epoch."""

import csv
import io
from pathlib import Path
from typing import Any

from ..storage import atomic
from .base import Callback, Logs


class CSVLogger(Callback):
    """Write the logs of each epoch to a CSV file, with a line of names on top.

    After each epoch the file is replaced by one with a line more, whole or not at all; what was
    there before stays until the first epoch has ended.

    Parameters
    ----------
    filename : str or os.PathLike
        The file.
    separator : str, default ","
        Between values.
    append : bool, default False
        Keep what is there, and write no names if there is anything.

    Raises
    ------
    TypeError
        Unless `separator` is one character.
    OSError
        If the file cannot be written: its folder must be there.

    See Also
    --------
    History, ProgbarLogger

    Notes
    -----
    Source: keras.callbacks.CSVLogger.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1)])
    >>> model.compile(optimizer="sgd", loss="mse")
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> log = maskseq.callbacks.CSVLogger(folder.name + "/log.csv")
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> history = model.fit(x, y, epochs=3, callbacks=[log], verbose=0)
    >>> print(open(folder.name + "/log.csv").readline().strip())
    epoch,loss
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False):
        super().__init__()
        self.filename, self.separator, self.append = Path(filename), separator, append
        self._before = b""
        self._text = io.StringIO(newline="")
        self._names: list[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        atomic.check(self.filename)
        there = self.append and self.filename.exists()
        self._before = self.filename.read_bytes() if there else b""
        self._text, self._names = io.StringIO(newline=""), None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        writer = csv.writer(self._text, delimiter=self.separator)
        if self._names is None:
            self._names = [*logs]
            if not self._before:
                writer.writerow(["epoch", *self._names])
        writer.writerow([epoch, *(logs.get(name, "NA") for name in self._names)])
        with atomic.replacing(self.filename) as file:
            file.write(self._before + self._text.getvalue().encode())
