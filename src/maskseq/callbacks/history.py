"""History: the logs of all epochs."""

from ..pictures.curves import curves
from ..pictures.html import block, note, table
from .base import Callback, Logs

SHOWN = 20  # epochs in the table of a notebook


class History(Callback):
    """What `fit` returns.

    Attributes
    ----------
    history
        Name -> list with a number for each epoch.
    epoch
        The epochs' numbers, from 0.

    See Also
    --------
    CSVLogger, maskseq.plot.learning_curves

    Notes
    -----
    Source: keras.callbacks.History.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1)])
    >>> model.compile(optimizer="sgd", loss="mse")
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> history = model.fit(x, y, epochs=3, callbacks=[], verbose=0)
    >>> sorted(history.history), len(history.history["loss"])
    (['loss'], 3)
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

    def _repr_html_(self) -> str:
        """What a notebook shows: a picture for each log, beside that of the validation data."""
        names = list(dict.fromkeys(name.removeprefix("val_") for name in self.history))
        pictures = [
            curves(
                {key: self.history[key] for key in (name, f"val_{name}") if key in self.history},
                name,
            )
            for name in names
        ]
        header = ["epoch", *self.history]
        rows = zip(self.epoch, *self.history.values(), strict=False)
        shown = [[epoch, *(f"{v:.5g}" for v in values)] for epoch, *values in rows][-SHOWN:]
        hidden = note(f"the last {SHOWN} of {len(self.epoch)} epochs") * (len(self.epoch) > SHOWN)
        return block("History", *pictures, table(header, shown, range(len(header))), hidden)
