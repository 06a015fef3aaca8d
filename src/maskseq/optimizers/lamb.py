"""Adam whose steps are as long as the weights."""

from typing import Any

import numpy as np

from ..numerics import reductions
from ..variable import Variable
from .moments import Moments, power


class Lamb(Moments):
    """w -= |w| / |u| * rate * u, with Adam's unbiased u; without |w| / |u| where one of them is 0.

    Source: keras.optimizers.Lamb.
    """

    def update_all(self, gradients: Any, variables: Any, rate: Any) -> None:
        one, t = np.float32(1), self.step_number()
        self._unbias = one - power(self.beta_1, t), one - power(self.beta_2, t)
        super().update_all(gradients, variables, rate)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        m, v = self.moments(gradient, variable)
        of_mean, of_square = self._unbias
        update = m / of_mean / (np.sqrt(v / of_square) + np.float32(self.epsilon))
        w = variable.value
        lengths = [np.sqrt(reductions.reduce(np.square(x), "sum")) for x in (w, update)]
        ratio = lengths[0] / lengths[1] if lengths[0] > 0 and lengths[1] > 0 else np.float32(1)
        self.assign(variable, w - np.float32(ratio) * np.float32(learning_rate) * update)
