"""History: the logs of all epochs."""

from .base import Callback, Logs


class History(Callback):
    """What `fit` returns.

    history: name -> list with a number for each epoch.  epoch: the epochs' numbers, from 0.
    Source: keras.callbacks.History.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        if self.model is not None:
            self.model.history = self
