"""Adam with Nesterov's momentum."""

from typing import Any

import numpy as np

from .moments import Moments, power

_DECAY = 0.96


class Nadam(Moments):
    """Adam whose mean of gradients looks one step ahead, with momentum that grows to beta_1.

    Source: keras.optimizers.Nadam.
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
