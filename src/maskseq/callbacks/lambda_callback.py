"""LambdaCallback: functions in place of methods."""

from collections.abc import Callable
from typing import Any

from .base import EVENTS, Callback


class LambdaCallback(Callback):
    """Call the functions given, each under the name of a method of Callback.

    Parameters
    ----------
    **functions : callable
        Names of methods of `Callback`, such as `on_epoch_end`, each with a function.

    Raises
    ------
    TypeError
        For another name.

    See Also
    --------
    Callback

    Notes
    -----
    Source: keras.callbacks.LambdaCallback.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1)])
    >>> model.compile(optimizer="sgd", loss="mse")
    >>> epochs = []
    >>> add = lambda epoch, logs: epochs.append(epoch)
    >>> write = maskseq.callbacks.LambdaCallback(on_epoch_end=add)
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> history = model.fit(x, y, epochs=3, callbacks=[write], verbose=0)
    >>> epochs
    [0, 1, 2]
    """

    def __init__(self, **functions: Callable[..., Any] | None):
        super().__init__()
        for name, function in functions.items():
            if name not in EVENTS:
                raise TypeError(f"LambdaCallback: {name!r} is none of {', '.join(EVENTS)}")
            if function is not None:
                setattr(self, name, function)
