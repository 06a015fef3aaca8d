"""SwapEMAWeights: evaluates with the averages of the weights that the optimizer keeps."""

from typing import Any

from .base import Callback, Logs


class SwapEMAWeights(Callback):
    """Put averages of the weights in their place while a model is evaluated or predicts.

    The averages are those that an optimizer with `use_ema=True` keeps; the weights come back
    afterwards.

    Parameters
    ----------
    swap_on_epoch : bool, default False
        From the end of each epoch to the beginning of the next, too: what callbacks after this one
        save at the end of an epoch are then the averages.

    Raises
    ------
    ValueError
        If the optimizer keeps none.

    See Also
    --------
    ModelCheckpoint, maskseq.optimizers.Optimizer

    Notes
    -----
    Source: keras.callbacks.SwapEMAWeights.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1)])
    >>> model.compile(optimizer=maskseq.optimizers.SGD(use_ema=True), loss="mse")
    >>> swap = maskseq.callbacks.SwapEMAWeights(swap_on_epoch=True)
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> history = model.fit(x, y, epochs=3, callbacks=[swap], verbose=0)
    >>> history.epoch
    [0, 1, 2]
    """

    def __init__(self, swap_on_epoch: bool = False):
        super().__init__()
        self.swap_on_epoch = swap_on_epoch

    @property
    def _optimizer(self) -> Any:
        optimizer = self.model.optimizer
        if not getattr(optimizer, "use_ema", False):
            name = "a model without one" if optimizer is None else optimizer.name
            raise ValueError(f"SwapEMAWeights: expected an optimizer with use_ema=True, got {name}")
        return optimizer

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._optimizer.use_averages(False)  # an evaluation may have been interrupted

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._optimizer.use_averages(False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._optimizer.use_averages(True)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._optimizer.use_averages(True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._optimizer.use_averages(False)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._optimizer.use_averages(True)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._optimizer.use_averages(False)
