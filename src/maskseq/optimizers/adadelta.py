"""Steps as long as the steps before, by the gradient's size against that of those before."""

from typing import Any, Unpack

import numpy as np

from ..variable import Variable
from .optimizer import Optimizer, OptimizerOptions, Rate


class Adadelta(Optimizer):
    """w += rate * d, d = -sqrt(s + epsilon) * g / sqrt(v + epsilon).

    v and s: running means, by rho, of g * g and of d * d. Source: keras.optimizers.Adadelta.
    """

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
        self._squares, self._changes = self.add_optimizer_variables(variables, names)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        place, epsilon = self._get_variable_index(variable), np.float32(self.epsilon)
        old, new = np.float32(self.rho), np.float32(1 - self.rho)
        squares, changes = self._squares[place], self._changes[place]
        v = old * squares.value + new * np.square(gradient)
        change = -(np.sqrt(changes.value + epsilon) * gradient / np.sqrt(v + epsilon))
        self.assign(squares, v)
        self.assign(changes, old * changes.value + new * np.square(change))
        self.assign(variable, variable.value + np.float32(learning_rate) * change)
