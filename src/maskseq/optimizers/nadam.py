"""Adam with Nesterov's momentum."""

from typing import Any

import numpy as np

from ..variable import Variable
from .moments import Moments, power


class Nadam(Moments):
    """Adam whose mean of gradients looks one step ahead, with momentum that grows to beta_1.

    Source: keras.optimizers.Nadam.
    """

    def build(self, variables: Any) -> None:
        super().build(variables)
        self._product = self.add_variable((), "ones")

    def _new_shares(self) -> tuple[Any, Any]:
        one = np.float32(1)  # Keras rounds these betas before it subtracts
        return one - np.float32(self.beta_1), one - np.float32(self.beta_2)

    def update_all(self, gradients: Any, variables: Any, rate: Any) -> None:
        one, t = np.float32(1), self.step_number()
        half, decay, beta = np.float32(0.5), 0.96, np.float32(self.beta_1)
        product = self._product.value * beta * (one - half * power(decay, t))
        self.assign(self._product, product)
        now, ahead = (beta * (one - half * power(decay, s)) for s in (t, t + one))
        self._of_mean = ahead, one - product * ahead
        self._of_gradient = one - now, one - product
        self._of_square = one - power(self.beta_2, t)
        super().update_all(gradients, variables, rate)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        m, v = self.moments(gradient, variable)
        (times, over), (g_times, g_over) = self._of_mean, self._of_gradient
        mean = times * m / over + g_times * gradient / g_over
        root = np.sqrt(v / self._of_square) + np.float32(self.epsilon)
        self.assign(variable, variable.value - mean * np.float32(learning_rate) / root)
