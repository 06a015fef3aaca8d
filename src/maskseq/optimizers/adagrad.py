"""Gradients over the root of the sum of their squares."""

from typing import Any, Unpack

from .fused import Fused
from .optimizer import OptimizerOptions, Rate


class Adagrad(Fused):
    """w -= rate * g / sqrt(a + epsilon), a the sum of all g * g and initial_accumulator_value.

    A SparseRows changes its rows only. Source: keras.optimizers.Adagrad.
    """

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
        self._slots = [self.add_optimizer_variables(variables, "accumulator", first)]

    def rule(self, rate: Any) -> tuple[str, tuple]:
        return "adagrad", (rate, self.epsilon)
