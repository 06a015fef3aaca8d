"""What optimizers with running means of the gradient and of its square share."""

from typing import Any, Unpack

import numpy as np

from .. import _kernels
from ..variable import Variable
from .optimizer import Optimizer, OptimizerOptions, Rate


def power(base: float, exponent: Any) -> Any:
    """base ** exponent of float32 numbers, as Keras has the powers of its betas."""
    pair = np.float32(base), np.float32(exponent)
    return np.float32(_kernels.elementary_pair(*pair, "power"))


class Moments(Optimizer):
    """Base: beta_1, beta_2, epsilon, and two slots for each weight."""

    slots = ("momentum", "velocity")

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ):
        super().__init__(learning_rate, **options)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, variables: Any) -> None:
        super().build(variables)
        self._first, self._second = self.add_optimizer_variables(variables, self.slots)

    def step_number(self) -> Any:
        """The number of this update, from 1; float32."""
        return np.float32(np.asarray(self.iterations)) + np.float32(1)

    def _new_shares(self) -> tuple[Any, Any]:
        """What the new gradient, and its square, count in the means."""
        return np.float32(1 - self.beta_1), np.float32(1 - self.beta_2)

    def moments(self, gradient: Any, variable: Variable) -> tuple[Any, Any]:
        """The two running means with this gradient, which the slots now hold."""
        place = self._get_variable_index(variable)
        first, second = self._first[place], self._second[place]
        m, v = first.value, second.value
        of_mean, of_square = self._new_shares()
        m = m + (gradient - m) * of_mean
        v = v + (np.square(gradient) - v) * of_square
        self.assign(first, m)
        self.assign(second, v)
        return m, v
