"""CSVLogger: a line of a file for each epoch."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..storage import atomic
from .base import Callback, Logs


class CSVLogger(Callback):
    """Write the logs of each epoch to a CSV file, with a line of names on top.

    After each epoch the file is replaced by one with a line more, whole or not at all; what was
    there before stays until the first epoch has ended. A name that comes later, as that of a
    validation after some epochs, gets a column behind the others; "NA" stands where there was none.

    Parameters
    ----------
    filename : str or os.PathLike
        The file.
    separator : str, default ","
        Between values.
    append : bool, default False
        Keep what is there. If names stand on top of it, the values go below them.

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
        self._before = b""  # what was there, but for the names on top
        self._titled = True
        self._names: list[str] = []
        self._rows: list[Logs] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        atomic.check(self.filename)
        there = self.append and self.filename.exists()
        self._before = self.filename.read_bytes() if there else b""
        self._rows = []
        top, _, rest = self._before.partition(b"\n")
        names = next(csv.reader([top.decode(errors="replace")], delimiter=self.separator), [])
        self._titled = not self._before or names[:1] == ["epoch"]
        self._names = names[1:] if self._titled else []
        if self._titled:
            self._before = rest
        if self._before and not self._before.endswith(b"\n"):
            self._before += b"\n"

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        self._names += [name for name in logs if name not in self._names]
        self._rows.append({"epoch": epoch, **logs})
        with atomic.replacing(self.filename) as file:
            if self._titled:
                file.write(self._lines([["epoch", *self._names]]))
            file.write(self._before)
            names = ["epoch", *self._names]
            file.write(self._lines([x.get(name, "NA") for name in names] for x in self._rows))

    def _lines(self, rows: Iterable[list[Any]]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.separator).writerows(rows)
        return text.getvalue().encode()
