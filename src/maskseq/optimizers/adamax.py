"""Adam with the largest gradient in the place of the mean square."""

from typing import Any

import numpy as np

from .moments import Moments, power


class Adamax(Moments):
    """w -= rate * m / ((1 - beta_1^t) * (u + epsilon)), u = max(beta_2 * u, ``|g|)``.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
        Size of a step: a number, a schedule, or a function without arguments.
    beta_1 : float, default 0.9
        Share of the running mean of gradients that stays.
    beta_2 : float, default 0.999
        Share of the running mean of squared gradients that stays.
    epsilon : float, default 1e-07
        Small number that keeps divisions from dividing by 0.
    **options
        Options of every optimizer, such as `clipnorm` and `use_ema`: see `Optimizer`.

    See Also
    --------
    Adam, Optimizer

    Notes
    -----
    Source: keras.optimizers.Adamax.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(optimizer=maskseq.optimizers.Adamax(0.05), loss="mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
    >>> history.history["loss"][1] < history.history["loss"][0]
    True
    """

    slots = ("momentum", "norm")

    def rule(self, rate: Any) -> tuple[str, tuple]:
        unbias = np.float32(1) - power(self.beta_1, self.step_number())
        return "adamax", (1 - self.beta_1, self.beta_2, rate, unbias, self.epsilon)
