"""Gradients over the root of their running mean square."""

from typing import Any, Unpack

from .fused import Fused
from .optimizer import OptimizerOptions, Rate


class RMSprop(Fused):
    """w -= rate * g / sqrt(v + epsilon), v the running mean of g * g by rho.

    centered: v less the square of the running mean of g.  momentum: steps add up, each
    `momentum` times what came before. Source: keras.optimizers.RMSprop.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[OptimizerOptions],
    ):
        super().__init__(learning_rate, **options)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered

    def build(self, variables: Any) -> None:
        super().build(variables)
        names = ["velocity"]
        names += ["momentum"] if self.momentum > 0 else []
        names += ["average_gradient"] if self.centered else []
        self._slots = [self.add_optimizer_variables(variables, name) for name in names]

    def rule(self, rate: Any) -> tuple[str, tuple]:
        numbers = rate, self.epsilon, self.rho, 1 - self.rho
        if self.momentum > 0:
            name = "rmsprop_both" if self.centered else "rmsprop_momentum"
            return name, (*numbers, self.momentum)
        return "rmsprop_centered" if self.centered else "rmsprop", numbers
