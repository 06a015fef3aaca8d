"""Gradients over the root of the sum of their squares."""

from typing import Any, Unpack

import numpy as np

from ..tape import SparseRows
from ..variable import Variable
from .optimizer import Optimizer, OptimizerOptions, Rate


class Adagrad(Optimizer):
    """w -= rate * g / sqrt(a + epsilon), a the sum of all g * g and initial_accumulator_value.

    A SparseRows changes its rows only. Source: keras.optimizers.Adagrad.
    """

    takes_sparse = True

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
        self._accumulators = self.add_optimizer_variables(variables, "accumulator", first)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        slot = self._accumulators[self._get_variable_index(variable)]
        rate, epsilon = np.float32(learning_rate), np.float32(self.epsilon)
        a, w = slot.value, variable.value
        if type(gradient) is not SparseRows:
            a = a + np.square(gradient)
            self.assign(slot, a)
            self.assign(variable, w - rate * gradient / np.sqrt(a + epsilon))
            return
        a, w, rows, ids = a.copy(), w.copy(), gradient.values, gradient.ids
        a[ids] += np.square(rows)
        w[ids] -= rate * rows / np.sqrt(a[ids] + epsilon)
        self.assign(slot, a)
        self.assign(variable, w)
