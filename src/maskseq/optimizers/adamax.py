"""Adam with the largest gradient in the place of the mean square."""

from typing import Any

import numpy as np

from ..numerics import extremes
from ..variable import Variable
from .moments import Moments, power


class Adamax(Moments):
    """w -= rate * m / ((1 - beta_1^t) * (u + epsilon)), u = max(beta_2 * u, |g|).

    Source: keras.optimizers.Adamax.
    """

    slots = ("momentum", "norm")

    def update_all(self, gradients: Any, variables: Any, rate: Any) -> None:
        self._unbias = np.float32(1) - power(self.beta_1, self.step_number())
        super().update_all(gradients, variables, rate)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        place = self._get_variable_index(variable)
        first, norm = self._first[place], self._second[place]
        m = first.value + (gradient - first.value) * np.float32(1 - self.beta_1)
        u = extremes.maximum(np.float32(self.beta_2) * norm.value, np.abs(gradient))
        self.assign(first, m)
        self.assign(norm, u)
        change = np.float32(learning_rate) * m / (self._unbias * (u + np.float32(self.epsilon)))
        self.assign(variable, variable.value - change)
