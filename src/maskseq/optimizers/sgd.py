"""Stochastic gradient descent."""

from typing import Any, Unpack

from .fused import Fused
from .optimizer import OptimizerOptions, Rate


class SGD(Fused):
    """w -= rate * g; with momentum v = momentum * v - rate * g; w += v.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.01
        Size of a step: a number, a schedule, or a function without arguments.
    momentum : float, default 0.0
        Share of the last step that the next one goes on with.
    nesterov : bool, default False
        W += momentum * v - rate * g. Without momentum a SparseRows changes its rows only.
    **options
        Options of every optimizer, such as `clipnorm` and `use_ema`: see `Optimizer`.

    Raises
    ------
    ValueError
        Unless `momentum` is between 0 and 1.

    See Also
    --------
    Adam, RMSprop, Optimizer

    Notes
    -----
    Source: keras.optimizers.SGD.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(optimizer=maskseq.optimizers.SGD(0.05), loss="mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
    >>> history.history["loss"][1] < history.history["loss"][0]
    True
    """

    ranges = {"momentum": "[0, 1]"}

    def __init__(
        self,
        learning_rate: Rate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[OptimizerOptions],
    ):
        super().__init__(learning_rate, **options)
        self.momentum, self.nesterov = momentum, nesterov

    def build(self, variables: Any) -> None:
        super().build(variables)
        if self.momentum:
            self._slots = [self.add_optimizer_variables(variables, "momentum")]

    def rule(self, rate: Any) -> tuple[str, tuple]:
        if not self.momentum:
            return "sgd", (rate,)
        return "nesterov" if self.nesterov else "momentum", (rate, self.momentum)
