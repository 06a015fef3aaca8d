"""Steps of one size, by the sign of a running mean."""

from typing import Any, Unpack

import numpy as np

from .fused import Fused
from .optimizer import OptimizerOptions, Rate


class Lion(Fused):
    """w -= rate * sign(beta_1 * m + (1 - beta_1) * g); m = beta_2 * m + (1 - beta_2) * g.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
        Size of a step: a number, a schedule, or a function without arguments.
    beta_1 : float, default 0.9
        Share of the running mean of gradients in a step.
    beta_2 : float, default 0.99
        Share of the running mean of gradients that stays.
    **options
        Options of every optimizer, such as `clipnorm` and `use_ema`: see `Optimizer`.

    Raises
    ------
    ValueError
        Unless `beta_1` is above 0 and at most 1.

    See Also
    --------
    Adam, SGD, Optimizer

    Notes
    -----
    Source: keras.optimizers.Lion.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(optimizer=maskseq.optimizers.Lion(0.05), loss="mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
    >>> history.history["loss"][1] < history.history["loss"][0]
    True
    """

    ranges = {"beta_1": "(0, 1]", "beta_2": "[0, 1]"}

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **options: Unpack[OptimizerOptions],
    ):
        super().__init__(learning_rate, **options)
        self.beta_1, self.beta_2 = beta_1, beta_2

    def build(self, variables: Any) -> None:
        super().build(variables)
        self._slots = [self.add_optimizer_variables(variables, "momentum")]

    def rule(self, rate: Any) -> tuple[str, tuple]:
        one, now, later = np.float32(1), np.float32(self.beta_1), np.float32(self.beta_2)
        return "lion", (rate, now, one - now, later, one - later)
