"""Adam with Nesterov's momentum."""

from typing import Any

import numpy as np

from .moments import Moments, power

_DECAY = 0.96


class Nadam(Moments):
    """Adam whose mean of gradients looks one step ahead, with momentum that grows to beta_1.

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
    Source: keras.optimizers.Nadam.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(optimizer=maskseq.optimizers.Nadam(0.05), loss="mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
    >>> history.history["loss"][1] < history.history["loss"][0]
    True
    """

    def build(self, variables: Any) -> None:
        super().build(variables)
        self._product = self.add_variable((), "ones")

    def update_all(self, gradients: Any, variables: Any, rate: Any) -> None:
        one, half, beta = np.float32(1), np.float32(0.5), np.float32(self.beta_1)
        growth = one - half * power(_DECAY, self.step_number())
        self.assign(self._product, self._product.value * beta * growth)
        super().update_all(gradients, variables, rate)

    def rule(self, rate: Any) -> tuple[str, tuple]:
        one, half, t = np.float32(1), np.float32(0.5), self.step_number()
        first, second = np.float32(self.beta_1), np.float32(self.beta_2)
        now, ahead = (first * (one - half * power(_DECAY, s)) for s in (t, t + one))
        product = self._product.value
        of_mean = ahead, one - product * ahead
        of_gradient = one - now, one - product
        shares = one - first, one - second  # Keras rounds these betas before it subtracts
        unbias = one - power(self.beta_2, t)
        return "nadam", (*shares, *of_mean, *of_gradient, unbias, rate, self.epsilon)
