"""A callback that does something after each epoch, or after so many batches."""

from typing import Any

from .base import Callback, Logs


class Periodic(Callback):
    """Base: `due` is called as `save_freq` says, "epoch" or a number of batches.

    Parameters
    ----------
    save_freq : str or int
        "epoch", or a number of batches.
    *others
        The arguments of the other base of a subclass, if it has one.
    """

    def __init__(self, save_freq: Any, *others: Any) -> None:
        super().__init__(*others)
        by_epochs = isinstance(save_freq, str) and save_freq == "epoch"
        if not by_epochs and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(
                f"{type(self).__name__}: save_freq must be 'epoch' or a number of batches, "
                f"got {save_freq!r}"
            )
        self.save_freq: Any = save_freq
        self._epoch = self._batches = self._last = 0

    def due(self, epoch: int, batch: int | None, logs: Logs) -> None:
        """After a batch of an epoch, or after the epoch: then batch is None."""
        raise NotImplementedError(f"{type(self).__name__} has no due")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch, self._last = epoch, 0

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            return
        self._batches += batch + 1 - self._last  # several with steps_per_execution
        self._last = batch + 1
        if self._batches >= self.save_freq:
            self._batches = 0
            self.due(self._epoch, batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self.due(epoch, None, logs or {})
