"""What optimizers with running means of the gradient and of its square share."""

from typing import Any, Unpack

import numpy as np

from .. import _kernels
from ..tape import value_of
from .fused import Fused
from .optimizer import OptimizerOptions, Rate


def power(base: float, exponent: Any) -> Any:
    """base ** exponent of float32 numbers, as Keras has the powers of its betas."""
    pair = np.float32(base), np.float32(exponent)
    return np.float32(_kernels.elementary_pair(*pair, "power"))


class Moments(Fused):
    """Base: beta_1, beta_2, epsilon, and two slots for each weight."""

    slots = ("momentum", "velocity")
    ranges = {"beta_1": "[0, 1)", "beta_2": "[0, 1)", "epsilon": "[0, inf)"}

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
        self._slots = self.add_optimizer_variables(variables, self.slots)

    def step_number(self) -> Any:
        """The number of this update, from 1; float32."""
        return np.float32(value_of(self.iterations)) + np.float32(1)
