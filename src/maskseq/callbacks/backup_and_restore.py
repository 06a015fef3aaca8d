"""BackupAndRestore: goes on where a training was interrupted."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np

from ..storage import atomic, npy
from ..storage.text import printable
from ..storage.zip import Zip
from .base import Logs
from .periodic import Periodic

FILE = "training.npz"


class BackupAndRestore(Periodic):
    """Keep weights, optimizer and epoch in a folder; the next `fit` begins with them.

    A training that goes on after an epoch ends with the bits of one that was not interrupted.

    Parameters
    ----------
    backup_dir : str or os.PathLike
        The folder, for this training alone.
    save_freq : str or int, default "epoch"
        "epoch", or a number of batches, after which the weights are kept too; a new `fit` then
        begins that epoch again with them.
    double_checkpoint : bool, default False
        Accepted, without effect: files are written whole or not at all.
    delete_checkpoint : bool, default True
        Leave nothing behind when the training has ended.

    Raises
    ------
    ValueError
        Naming the file, if it is damaged or of another model or optimizer; for a `save_freq` that
        is neither.
    OSError
        If the folder cannot be made or written.

    See Also
    --------
    ModelCheckpoint

    Notes
    -----
    Source: keras.callbacks.BackupAndRestore.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1)])
    >>> model.compile(optimizer="sgd", loss="mse")
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> back = maskseq.callbacks.BackupAndRestore(folder.name + "/backup")
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> history = model.fit(x, y, epochs=3, callbacks=[back], verbose=0)
    >>> history.epoch
    [0, 1, 2]
    """

    def __init__(
        self,
        backup_dir: Any,
        save_freq: Any = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ):
        super().__init__(save_freq)
        self.backup_dir = Path(backup_dir)
        self.double_checkpoint = double_checkpoint  # accepted: files are replaced whole
        self.delete_checkpoint = delete_checkpoint

    @property
    def _path(self) -> Path:
        return self.backup_dir / FILE

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if not self._path.exists():
            return
        try:
            with self._path.open("rb") as file:
                archive = Zip(file, 0)
                arrays = {name: npy.from_bytes(archive.read(name)) for name in archive.names}
            state = {name.removesuffix(".npy"): array for name, array in arrays.items()}
            self.model.trainer.restore(state)
        except (ValueError, TypeError, LookupError, ArithmeticError) as error:
            said = printable(error)
            raise ValueError(
                f"{printable(self._path)}: {said}; for a training from the start, remove the file"
            ) from error

    def due(self, epoch: int, batch: int | None, logs: Logs) -> None:
        begun = epoch + 1 if batch is None else epoch  # where the next `fit` begins
        self.backup_dir.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        np.savez(buffer, **self.model.trainer.state(begun))
        with atomic.replacing(self._path) as file:
            file.write(buffer.getvalue())

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.delete_checkpoint:
            self._path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # it holds other files, or is not there
                self.backup_dir.rmdir()
