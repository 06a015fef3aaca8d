"""Gradients over the root of their running mean square."""

from typing import Any, Unpack

import numpy as np

from ..variable import Variable
from .optimizer import Optimizer, OptimizerOptions, Rate


class RMSprop(Optimizer):
    """w -= rate * g / sqrt(v + epsilon), v the running mean of g * g by rho.

    centered: v less the square of the running mean of g.  momentum: steps add up, each
    `momentum` times what came before. Source: keras.optimizers.RMSprop.
    """

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
        self._velocities = self.add_optimizer_variables(variables, "velocity")
        if self.momentum > 0:
            self._momentums = self.add_optimizer_variables(variables, "momentum")
        if self.centered:
            self._means = self.add_optimizer_variables(variables, "average_gradient")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        place = self._get_variable_index(variable)
        old, new = np.float32(self.rho), np.float32(1 - self.rho)
        v = old * self._velocities[place].value + new * np.square(gradient)
        self.assign(self._velocities[place], v)
        if self.centered:
            mean = old * self._means[place].value + new * gradient
            self.assign(self._means[place], mean)
            v = v - np.square(mean)
        step = np.float32(learning_rate) * gradient / np.sqrt(v + np.float32(self.epsilon))
        if self.momentum > 0:
            step = np.float32(self.momentum) * self._momentums[place].value + step
            self.assign(self._momentums[place], step)
        self.assign(variable, variable.value - step)
