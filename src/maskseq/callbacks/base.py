"""Callback: methods that `fit`, `evaluate` and `predict` call; CallbackList calls those of many."""

from collections.abc import Callable
from typing import Any

from ..given.checking import Checked

Logs = dict[str, Any]

EVENTS = (
    *(f"on_{verb}_{end}" for verb in ("train", "test", "predict") for end in ("begin", "end")),
    *(
        f"on_{verb}_batch_{end}"
        for verb in ("train", "test", "predict")
        for end in ("begin", "end")
    ),
    "on_epoch_begin",
    "on_epoch_end",
)


class Callback(Checked):
    """Base of callbacks: override what is wanted.

    `logs` are the means since the epoch began: "loss", metrics, ``"val_"`` and their names;
    numbers. A callback stops the training by `self.model.stop_training = True`.

    Attributes
    ----------
    model
        The model that runs.
    params
        dict with "verbose", "epochs" and "steps" (None: unknown).

    See Also
    --------
    LambdaCallback, CallbackList

    Notes
    -----
    Source: keras.callbacks.Callback.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> class Counter(maskseq.callbacks.Callback):
    ...     batches = 0
    ...
    ...     def on_train_batch_end(self, batch, logs=None):
    ...         self.batches += 1
    >>> model = maskseq.Sequential([layers.Dense(1)])
    >>> model.compile(optimizer="sgd", loss="mse")
    >>> counter = Counter()
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> history = model.fit(x, y, batch_size=2, callbacks=[counter], verbose=0)
    >>> counter.batches
    2
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self._model: Any = None

    @property
    def model(self) -> Any:
        return self._model

    def set_params(self, params: dict[str, Any]) -> None:
        """Take what is known about the run."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take the model that runs."""
        self._model = model

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch; logs are those of its end."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of `fit`."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of `fit`."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before an evaluation, that of an epoch too."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of an evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of a prediction."""


class CallbackList:
    """Calls the same method of many callbacks, in order; `logs` that are not given are {}.

    Parameters
    ----------
    callbacks : Callback, list of Callback or None
        One, a list of them, or None.
    model : Model, optional
        Of the run, if known.
    params : dict, optional
        Of the run, if known.

    Raises
    ------
    TypeError
        For what is no callback.

    See Also
    --------
    Callback

    Examples
    --------
    >>> import maskseq
    >>> told = maskseq.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))
    >>> maskseq.callbacks.CallbackList([told]).on_epoch_end(0)
    0 {}
    """

    def __init__(self, callbacks: Any, model: Any = None, params: dict[str, Any] | None = None):
        try:
            given = (
                [callbacks]
                if isinstance(callbacks, Callback)
                else list(() if callbacks is None else callbacks)
            )
        except TypeError:
            raise TypeError(f"callbacks must be callbacks, got {callbacks!r}") from None
        for callback in given:
            if not hasattr(callback, "set_model"):
                raise TypeError(f"callbacks must be callbacks, got {callback!r}")
        self.callbacks: list[Any] = given
        if model is not None:
            self.set_model(model)
        if params is not None:
            self.set_params(params)

    def set_model(self, model: Any) -> None:
        """Tell all callbacks the model that runs."""
        for callback in self.callbacks:
            callback.set_model(model)

    def set_params(self, params: dict[str, Any]) -> None:
        """Tell all callbacks what is known about the run."""
        for callback in self.callbacks:
            callback.set_params(params)

    def listens(self, event: str) -> bool:
        """True if a callback, or the class of this list, has a method of its own for an event."""
        if hasattr(type(self), event):
            return True
        nothing = getattr(Callback, event)
        methods = (getattr(x, event, nothing) for x in self.callbacks)
        return any(getattr(method, "__func__", method) is not nothing for method in methods)

    def __getattr__(self, event: str) -> Callable[..., None]:
        if event not in EVENTS:
            raise AttributeError(event)
        methods = [
            method for x in self.callbacks if (method := getattr(x, event, None)) is not None
        ]

        count = 2 if "batch" in event or "epoch" in event else 1

        def call(*arguments: Any) -> None:
            if len(arguments) < count:
                arguments = (*arguments, {})
            for method in methods:
                method(*arguments)

        setattr(self, event, call)
        return call
