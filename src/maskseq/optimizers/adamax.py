"""Adam with the largest gradient in the place of the mean square."""

from typing import Any

import numpy as np

from .moments import Moments, power


class Adamax(Moments):
    """w -= rate * m / ((1 - beta_1^t) * (u + epsilon)), u = max(beta_2 * u, |g|).

    Source: keras.optimizers.Adamax.
    """

    slots = ("momentum", "norm")

    def rule(self, rate: Any) -> tuple[str, tuple]:
        unbias = np.float32(1) - power(self.beta_1, self.step_number())
        return "adamax", (1 - self.beta_1, self.beta_2, rate, unbias, self.epsilon)
