"""Stochastic gradient descent."""

from typing import Any, Unpack

from .fused import Fused
from .optimizer import OptimizerOptions, Rate


class SGD(Fused):
    """w -= rate * g; with momentum v = momentum * v - rate * g; w += v.

    nesterov: w += momentum * v - rate * g. Without momentum a SparseRows changes its rows only.
    Source: keras.optimizers.SGD.
    """

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
            self._slots = [self.add_optimizer_variables(variables, "momentum")]

    def rule(self, rate: Any) -> tuple[str, tuple]:
        if not self.momentum:
            return "sgd", (rate,)
        return "nesterov" if self.nesterov else "momentum", (rate, self.momentum)
