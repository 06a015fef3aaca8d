"""Steps as long as the steps before, by the gradient's size against that of those before."""

from typing import Any, Unpack

from .fused import Fused
from .optimizer import OptimizerOptions, Rate


class Adadelta(Fused):
    """w += rate * d, d = -sqrt(s + epsilon) * g / sqrt(v + epsilon).

    v and s: running means, by rho, of g * g and of d * d.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
        Size of a step: a number, a schedule, or a function without arguments.
    rho : float, default 0.95
        Share of the running mean that stays.
    epsilon : float, default 1e-07
        Small number that keeps divisions from dividing by 0.
    **options
        Options of every optimizer, such as `clipnorm` and `use_ema`: see `Optimizer`.

    See Also
    --------
    Adagrad, RMSprop, Optimizer

    Notes
    -----
    Source: keras.optimizers.Adadelta.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(optimizer=maskseq.optimizers.Adadelta(1.0), loss="mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
    >>> history.history["loss"][1] < history.history["loss"][0]
    True
    """

    ranges = {"rho": "[0, 1]", "epsilon": "[0, inf)"}

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ):
        super().__init__(learning_rate, **options)
        self.rho, self.epsilon = rho, epsilon

    def build(self, variables: Any) -> None:
        super().build(variables)
        names = ("accumulated_grad", "accumulated_delta_var")
        self._slots = self.add_optimizer_variables(variables, names)

    def rule(self, rate: Any) -> tuple[str, tuple]:
        return "adadelta", (rate, self.epsilon, self.rho, 1 - self.rho)
