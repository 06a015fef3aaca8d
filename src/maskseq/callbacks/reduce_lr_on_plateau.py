"""ReduceLROnPlateau: a smaller learning rate when a number gets no better."""

import numpy as np

from .base import Logs
from .monitor import Monitor


class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate by `factor` after `patience` epochs without a better `monitor`.

    Parameters
    ----------
    monitor : str, default "val_loss"
        Name in the logs.
    factor : float, default 0.1
        What the learning rate is multiplied by.
    patience : int, default 10
        Epochs without a better `monitor`.
    verbose : int, default 0
        1 says each reduction.
    mode : str, default "auto"
        "auto", "min" or "max".
    min_delta : float, default 0.0001
        What counts as better.
    cooldown : int, default 0
        Epochs after a reduction in which none is counted.
    min_lr : float, default 0.0
        The least learning rate.

    Raises
    ------
    ValueError
        For an unknown `mode`, or a `factor` of 1 or more.
    TypeError
        If the learning rate of the optimizer is a schedule.

    Warns
    -----
    UserWarning
        If `monitor` is not in the logs: it then does nothing.

    See Also
    --------
    EarlyStopping, LearningRateScheduler

    Notes
    -----
    Source: keras.callbacks.ReduceLROnPlateau.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1)])
    >>> model.compile(optimizer="sgd", loss="mse")
    >>> from maskseq.callbacks import ReduceLROnPlateau
    >>> slow = ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=1e9)
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> history = model.fit(x, y, epochs=3, callbacks=[slow], verbose=0)
    >>> float(model.optimizer.learning_rate) < 0.01
    True
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ):
        super().__init__(monitor, mode, min_delta)
        if factor >= 1:
            raise ValueError(f"ReduceLROnPlateau: factor must be less than 1, got {factor}")
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr
        self._start()

    def _start(self) -> None:
        self.best: float | None = None
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._start()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        rate = float(self.model.optimizer.learning_rate)
        if logs is not None:
            logs["learning_rate"] = rate
        value = self.monitored(logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_better(value, self.best):
            self.best, self.wait = value, 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience and rate > np.float32(self.min_lr):
                self._reduce(epoch, max(rate * self.factor, self.min_lr))

    def _reduce(self, epoch: int, rate: float) -> None:
        self.model.optimizer.learning_rate = rate
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate reduced to {rate:g}")
        self.cooldown_counter, self.wait = self.cooldown, 0
