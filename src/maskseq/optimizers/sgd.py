"""Stochastic gradient descent."""

from typing import Any, Unpack

import numpy as np

from ..tape import SparseRows
from ..variable import Variable
from .gradients import densified
from .optimizer import Optimizer, OptimizerOptions, Rate


class SGD(Optimizer):
    """w -= rate * g; with momentum v = momentum * v - rate * g; w += v.

    nesterov: w += momentum * v - rate * g. Without momentum a SparseRows changes its rows only.
    Source: keras.optimizers.SGD.
    """

    takes_sparse = True

    def __init__(
        self,
        learning_rate: Rate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[OptimizerOptions],
    ):
        super().__init__(learning_rate, **options)
        if not 0 <= momentum <= 1:
            raise ValueError(f"SGD: momentum must be between 0 and 1, got {momentum!r}")
        self.momentum, self.nesterov = momentum, nesterov

    def build(self, variables: Any) -> None:
        super().build(variables)
        if self.momentum:
            self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        rate, w = variable.dtype.type(learning_rate), variable.value
        if not self.momentum:
            if type(gradient) is not SparseRows:
                self.assign(variable, w - gradient * rate)
                return
            new = w.copy()
            new[gradient.ids] -= gradient.values * rate
            self.assign(variable, new)
            return
        slot = self._momentums[self._get_variable_index(variable)]
        momentum = np.float32(self.momentum)
        change = densified(gradient) * rate
        new = slot.value * momentum - change
        self.assign(slot, new)
        self.assign(variable, w + (new * momentum - change if self.nesterov else new))
