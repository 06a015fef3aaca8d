"""BackupAndRestore: goes on where a training was interrupted."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np

from ..storage import atomic
from .base import Callback, Logs

FILE = "training.npz"


class BackupAndRestore(Callback):
    """Keep weights, optimizer and epoch in a folder; the next `fit` begins with them.

    Arguments: backup_dir: the folder, for this training alone.  save_freq: "epoch", or a number of
        batches, after which the weights are kept too; a new `fit` then begins that epoch again
        with them.  delete_checkpoint: leave nothing behind when the training has ended.
    A training that goes on after an epoch ends with the bits of one that was not interrupted.
    Source: keras.callbacks.BackupAndRestore.
    """

    def __init__(
        self,
        backup_dir: Any,
        save_freq: Any = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ):
        super().__init__()
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(
                f"BackupAndRestore: save_freq must be 'epoch' or a number of batches, "
                f"got {save_freq!r}"
            )
        self.backup_dir, self.save_freq = Path(backup_dir), save_freq
        self.double_checkpoint = double_checkpoint  # accepted: files are replaced whole
        self.delete_checkpoint = delete_checkpoint
        self._epoch = self._batches = 0

    @property
    def _path(self) -> Path:
        return self.backup_dir / FILE

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if not self._path.exists():
            return
        with np.load(self._path, allow_pickle=False) as file:
            state = {name: file[name] for name in file.files}
        self.model.trainer.restore(state)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._batches += 1
        if isinstance(self.save_freq, int) and self._batches % self.save_freq == 0:
            self._keep(self._epoch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._keep(epoch + 1)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.delete_checkpoint:
            self._path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # it holds other files, or is not there
                self.backup_dir.rmdir()

    def _keep(self, epoch: int) -> None:
        self.backup_dir.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        np.savez(buffer, **self.model.trainer.state(epoch))
        with atomic.replacing(self._path) as file:
            file.write(buffer.getvalue())
