"""Gradients over the root of their running mean square."""

from typing import Any, Unpack

from .fused import Fused
from .optimizer import OptimizerOptions, Rate


class RMSprop(Fused):
    """w -= rate * g / sqrt(v + epsilon), v the running mean of g * g by rho.

    `momentum` times what came before.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
        Size of a step: a number, a schedule, or a function without arguments.
    rho : float, default 0.9
        Share of the running mean that stays.
    momentum : float, default 0.0
        Share of the last step that the next one goes on with.
    epsilon : float, default 1e-07
        Small number that keeps divisions from dividing by 0.
    centered : bool, default False
        V less the square of the running mean of g.
    **options
        Options of every optimizer, such as `clipnorm` and `use_ema`: see `Optimizer`.

    See Also
    --------
    Adadelta, Adam, Optimizer

    Notes
    -----
    Source: keras.optimizers.RMSprop.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(optimizer=maskseq.optimizers.RMSprop(0.05), loss="mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
    >>> history.history["loss"][1] < history.history["loss"][0]
    True
    """

    ranges = {"rho": "[0, 1]", "momentum": "[0, 1]", "epsilon": "[0, inf)"}

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[OptimizerOptions],
    ):
        super().__init__(learning_rate, **options)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered

    def build(self, variables: Any) -> None:
        super().build(variables)
        names = ["velocity"]
        names += ["momentum"] if self.momentum > 0 else []
        names += ["average_gradient"] if self.centered else []
        self._slots = [self.add_optimizer_variables(variables, name) for name in names]

    def rule(self, rate: Any) -> tuple[str, tuple]:
        numbers = rate, self.epsilon, self.rho, 1 - self.rho
        if self.momentum > 0:
            name = "rmsprop_both" if self.centered else "rmsprop_momentum"
            return name, (*numbers, self.momentum)
        return "rmsprop_centered" if self.centered else "rmsprop", numbers
