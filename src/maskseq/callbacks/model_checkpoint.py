"""ModelCheckpoint: writes the model or its weights while it is trained."""

from typing import Any

from .base import Logs
from .monitor import Monitor
from .periodic import Periodic


class ModelCheckpoint(Periodic, Monitor):
    """Write the model after each epoch, or after so many batches.

    Files are written whole or not at all.

    Parameters
    ----------
    filepath : str or os.PathLike
        ".keras" or ".h5", or ".weights.h5" with save_weights_only; it may have {epoch} (from 1),
        {batch} and names of the logs, as "{epoch:02d}-{val_loss:.2f}.keras".
    monitor : str, default "val_loss"
        Name in the logs.
    verbose : int, default 0
        1 says each.
    save_best_only : bool, default False
        Only if `monitor` is better than before.
    save_weights_only : bool, default False
        Weights alone.
    mode : str, default "auto"
        "auto", "min" or "max".
    save_freq : str or int, default "epoch"
        "epoch", or a number of batches.
    initial_value_threshold : float, optional
        What the first file must be better than.

    Raises
    ------
    ValueError
        For another ending, an unknown `mode`, or a `save_freq` that is neither.
    KeyError
        If `filepath` names what is not in the logs.
    OSError
        If the file cannot be written: its folder must be there.

    Warns
    -----
    UserWarning
        With `save_best_only`, if `monitor` is not in the logs: every model is then written.

    See Also
    --------
    BackupAndRestore, EarlyStopping, maskseq.load_model

    Notes
    -----
    Source: keras.callbacks.ModelCheckpoint.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1)])
    >>> model.compile(optimizer="sgd", loss="mse")
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> keep = maskseq.callbacks.ModelCheckpoint(folder.name + "/{epoch}.keras")
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> history = model.fit(x, y, epochs=3, callbacks=[keep], verbose=0)
    >>> import os
    >>> sorted(os.listdir(folder.name))
    ['1.keras', '2.keras', '3.keras']
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
        initial_value_threshold: float | None = None,
    ):
        super().__init__(save_freq, monitor, mode)
        self.filepath, self.verbose = str(filepath), verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        endings = (".weights.h5",) if save_weights_only else (".keras", ".h5")
        if not self.filepath.endswith(endings):
            raise ValueError(
                f"ModelCheckpoint: filepath must end in {' or '.join(endings)}, "
                f"got {self.filepath!r}"
            )
        self.best = initial_value_threshold

    def due(self, epoch: int, batch: int | None, logs: Logs) -> None:
        path = self._path(epoch, batch, logs)
        if self.save_best_only:
            value = self.monitored(logs)
            if value is not None:
                if not self.is_better(value, self.best):
                    return
                self.best = value
        if self.verbose:
            print(f"Epoch {epoch + 1}: saving {path}")
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)

    def _path(self, epoch: int, batch: int | None, logs: Logs) -> str:
        numbers: dict[str, Any] = {**logs, "epoch": epoch + 1}
        if batch is not None:
            numbers["batch"] = batch + 1
        try:
            return self.filepath.format(**numbers)
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: filepath {self.filepath!r} has {error}, which is not in the "
                f"logs; there are {sorted(numbers)}"
            ) from error
