"""Gradients over the root of the sum of their squares."""

from typing import Any, Unpack

from .fused import Fused
from .optimizer import OptimizerOptions, Rate


class Adagrad(Fused):
    """w -= rate * g / sqrt(a + epsilon), a the sum of all g * g and initial_accumulator_value.

    A SparseRows changes its rows only.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
        Size of a step: a number, a schedule, or a function without arguments.
    initial_accumulator_value : float, default 0.1
        What accumulators begin with.
    epsilon : float, default 1e-07
        Small number that keeps divisions from dividing by 0.
    **options
        Options of every optimizer, such as `clipnorm` and `use_ema`: see `Optimizer`.

    See Also
    --------
    Adadelta, Ftrl, Optimizer

    Notes
    -----
    Source: keras.optimizers.Adagrad.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(optimizer=maskseq.optimizers.Adagrad(0.05), loss="mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
    >>> history.history["loss"][1] < history.history["loss"][0]
    True
    """

    ranges = {"initial_accumulator_value": "[0, inf)", "epsilon": "[0, inf)"}

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ):
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def build(self, variables: Any) -> None:
        super().build(variables)
        first = {"class_name": "Constant", "config": {"value": self.initial_accumulator_value}}
        self._slots = [self.add_optimizer_variables(variables, "accumulator", first)]

    def rule(self, rate: Any) -> tuple[str, tuple]:
        return "adagrad", (rate, self.epsilon)
