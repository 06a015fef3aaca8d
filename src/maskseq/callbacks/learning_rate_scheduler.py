"""LearningRateScheduler: a learning rate for each epoch."""

from collections.abc import Callable
from typing import Any

from .base import Callback, Logs


class LearningRateScheduler(Callback):
    """Set the learning rate to `schedule(epoch, learning_rate)` before each epoch.

    Parameters
    ----------
    schedule : callable
        A function of (epoch from 0, rate so far), or of the epoch alone.
    verbose : int, default 0
        1 says what is done; 0 is silent.

    Raises
    ------
    ValueError
        If it returns no number.
    TypeError
        If the learning rate of the optimizer is a schedule.

    See Also
    --------
    ReduceLROnPlateau, maskseq.optimizers.schedules.LearningRateSchedule

    Notes
    -----
    Source: keras.callbacks.LearningRateScheduler.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1)])
    >>> model.compile(optimizer="sgd", loss="mse")
    >>> halve = maskseq.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> history = model.fit(x, y, epochs=3, callbacks=[halve], verbose=0)
    >>> round(float(model.optimizer.learning_rate), 6)
    0.00125
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0):
        super().__init__()
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        so_far = float(self.model.optimizer.learning_rate)
        try:
            rate: Any = self.schedule(epoch, so_far)
        except TypeError:  # a function of one argument, as old code has
            rate = self.schedule(epoch)
        try:
            rate = float(rate)
        except (TypeError, ValueError):
            raise ValueError(
                f"LearningRateScheduler: schedule must return a number, got {rate!r}"
            ) from None
        self.model.optimizer.learning_rate = rate
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)
