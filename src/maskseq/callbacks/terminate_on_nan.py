"""TerminateOnNaN: ends the training at a loss that is no number."""

import math

from .base import Callback, Logs


class TerminateOnNaN(Callback):
    """Stop after the first batch whose loss is NaN or infinite.

    Source: keras.callbacks.TerminateOnNaN.
    """

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            print(f"Batch {batch}: the loss is {loss}, so training stops")
            self.model.stop_training = True
