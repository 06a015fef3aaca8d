"""TerminateOnNaN: ends the training at a loss that is no number."""

import math

from .base import Callback, Logs


class TerminateOnNaN(Callback):
    """Stop after the first batch whose loss is NaN or infinite.

    See Also
    --------
    EarlyStopping

    Notes
    -----
    Source: keras.callbacks.TerminateOnNaN.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1)])
    >>> model.compile(optimizer="sgd", loss="mse")
    >>> stop = maskseq.callbacks.TerminateOnNaN()
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> history = model.fit(x, y, epochs=3, callbacks=[stop], verbose=0)
    >>> history.epoch
    [0, 1, 2]
    """

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            print(f"Batch {batch}: the loss is {loss}, so training stops")
            self.model.stop_training = True
