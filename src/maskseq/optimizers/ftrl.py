"""Follow the regularized leader."""

from typing import Any, Unpack

import numpy as np

from .. import _kernels
from ..numerics import extremes
from ..variable import Variable
from .optimizer import Optimizer, OptimizerOptions, Rate

_NOT_BELOW_0 = (
    "initial_accumulator_value",
    "l1_regularization_strength",
    "l2_regularization_strength",
    "l2_shrinkage_regularization_strength",
)


class Ftrl(Optimizer):
    """Follow The Regularized Leader, with penalties on the values, l1, and their squares, l2.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
        Size of a step: a number, a schedule, or a function without arguments.
    learning_rate_power : float, default -0.5
        Power of the accumulated squares; at most 0.
    initial_accumulator_value : float, default 0.1
        What accumulators begin with.
    l1_regularization_strength : float, default 0.0
        Factor of the penalty on absolute values.
    l2_regularization_strength : float, default 0.0
        Factor of the penalty on squares.
    l2_shrinkage_regularization_strength : float, default 0.0
        Factor of a penalty on squares that counts in gradients alone.
    beta : float, default 0.0
        Over twice the learning rate, it is added to `l2_regularization_strength`.
    **options
        Options of every optimizer, such as `clipnorm` and `use_ema`: see `Optimizer`.

    Raises
    ------
    ValueError
        For a factor below 0, or a power above 0.

    See Also
    --------
    Adagrad, Optimizer

    Notes
    -----
    Source: keras.optimizers.Ftrl, and McMahan et al., 2013, "Ad click prediction".

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(optimizer=maskseq.optimizers.Ftrl(0.05), loss="mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
    >>> history.history["loss"][1] < history.history["loss"][0]
    True
    """

    ranges = {"learning_rate_power": "(-inf, 0]", **dict.fromkeys(_NOT_BELOW_0, "[0, inf)")}

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **options: Unpack[OptimizerOptions],
    ):
        super().__init__(learning_rate, **options)
        self.learning_rate_power, self.beta = learning_rate_power, beta
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength

    def build(self, variables: Any) -> None:
        super().build(variables)
        first = {"class_name": "Constant", "config": {"value": self.initial_accumulator_value}}
        names, firsts = ("accumulator", "linear"), (first, "zeros")
        self._accumulators, self._linears = self.add_optimizer_variables(variables, names, firsts)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        place, rate, w = self._get_variable_index(variable), np.float32(learning_rate), None
        accumulator, linear, w = self._accumulators[place], self._linears[place], variable.value
        l1 = np.float32(self.l1_regularization_strength)
        l2 = np.float32(self.l2_regularization_strength) + np.float32(self.beta) / (2 * rate)
        a = accumulator.value + np.square(gradient)
        before, after = self._root(accumulator.value), self._root(a)
        shrunk = gradient + np.float32(2 * self.l2_shrinkage_regularization_strength) * w
        z = linear.value + (shrunk - (after - before) / rate * w)
        self.assign(linear, z)
        self.assign(variable, (extremes.clip(z, -l1, l1) - z) / (after / rate + 2 * l2))
        self.assign(accumulator, a)

    def _root(self, x: np.ndarray) -> np.ndarray:
        return _kernels.elementary_pair(x, np.float32(-self.learning_rate_power), "power")
