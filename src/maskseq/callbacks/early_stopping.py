"""EarlyStopping: ends the training when a number gets no better."""

from typing import Any

from ..given.notices import warn
from .base import Logs
from .monitor import Monitor


class EarlyStopping(Monitor):
    """Stop after `patience` epochs in which `monitor` was not better than its best.

    Parameters
    ----------
    monitor : str, default "val_loss"
        Name in the logs.
    min_delta : float, default 0
        What counts as better.
    patience : int, default 0
        Epochs.
    verbose : int, default 0
        1 says when it stops.
    mode : str, default "auto"
        "auto", "min" or "max".
    baseline : float, optional
        A number that must be beaten.
    restore_best_weights : bool, default False
        End with the weights of the best epoch.
    start_from_epoch : int, default 0
        Epochs before it do not count.

    Raises
    ------
    ValueError
        For an unknown `mode`.

    Warns
    -----
    UserWarning
        If `monitor` is not in the logs: it then does nothing.

    See Also
    --------
    ReduceLROnPlateau, ModelCheckpoint, TerminateOnNaN

    Notes
    -----
    Attributes: best, best_epoch, stopped_epoch, wait.

    Source: keras.callbacks.EarlyStopping.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1)])
    >>> model.compile(optimizer="sgd", loss="mse")
    >>> stop = maskseq.callbacks.EarlyStopping("loss", min_delta=1e9, patience=1)
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> history = model.fit(x, y, epochs=3, callbacks=[stop], verbose=0)
    >>> history.epoch
    [0, 1]
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        super().__init__(monitor, mode, min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._start()

    def _start(self) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best: float | None = None
        self.best_weights: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._start()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self.monitored(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self.is_better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.is_better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if not self.restore_best_weights:
            return
        if self.best_weights is None:
            warn("EarlyStopping: no weights to restore, as no epoch counted")
            return
        if self.verbose:
            print(f"Restoring the weights of epoch {self.best_epoch + 1}, the best")
        self.model.set_weights(self.best_weights)
