"""Steps as long as the steps before, by the gradient's size against that of those before."""

from typing import Any, Unpack

from .fused import Fused
from .optimizer import OptimizerOptions, Rate


class Adadelta(Fused):
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
        self._slots = self.add_optimizer_variables(variables, names)

    def rule(self, rate: Any) -> tuple[str, tuple]:
        return "adadelta", (rate, self.epsilon, self.rho, 1 - self.rho)
