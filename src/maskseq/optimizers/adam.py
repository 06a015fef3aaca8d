"""Adam, and the same with decoupled weight decay."""

from typing import Any, Unpack

import numpy as np

from .moments import Moments, power
from .optimizer import OptimizerOptions, Rate


class Adam(Moments):
    """w -= rate * sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + epsilon).

    m and v: running means of g and of g * g, by beta_1 (b1) and beta_2 (b2); t: this step, from 1.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
        Size of a step: a number, a schedule, or a function without arguments.
    beta_1 : float, default 0.9
        Share of the running mean of gradients that stays.
    beta_2 : float, default 0.999
        Share of the running mean of squared gradients that stays.
    epsilon : float, default 1e-07
        Small number that keeps divisions from dividing by 0.
    amsgrad : bool, default False
        The largest v so far in the place of v.
    **options
        Options of every optimizer, such as `clipnorm` and `use_ema`: see `Optimizer`.

    See Also
    --------
    AdamW, Adamax, Nadam, Optimizer

    Notes
    -----
    Source: keras.optimizers.Adam.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(optimizer=maskseq.optimizers.Adam(0.05), loss="mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
    >>> history.history["loss"][1] < history.history["loss"][0]
    True
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[OptimizerOptions],
    ):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **options)
        self.amsgrad = amsgrad

    def build(self, variables: Any) -> None:
        super().build(variables)
        if self.amsgrad:
            self._slots = [*self._slots, self.add_optimizer_variables(variables, "velocity_hat")]

    def rule(self, rate: Any) -> tuple[str, tuple]:
        one, t = np.float32(1), self.step_number()
        root = np.sqrt(one - power(self.beta_2, t))
        unbiased = np.float32(rate) * root / (one - power(self.beta_1, t))
        shares = 1 - self.beta_1, 1 - self.beta_2
        return "adam_largest" if self.amsgrad else "adam", (*shares, unbiased, self.epsilon)


class AdamW(Adam):
    """Adam with `weight_decay`.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable, default 0.001
        Size of a step: a number, a schedule, or a function without arguments.
    weight_decay : float, default 0.004
        Share of a weight, times the learning rate, that each step takes away.
    beta_1 : float, default 0.9
        Share of the running mean of gradients that stays.
    beta_2 : float, default 0.999
        Share of the running mean of squared gradients that stays.
    epsilon : float, default 1e-07
        Small number that keeps divisions from dividing by 0.
    amsgrad : bool, default False
        Divide by the largest running mean so far.
    **options
        Options of every optimizer, such as `clipnorm` and `use_ema`: see `Optimizer`.

    Raises
    ------
    ValueError
        For `weight_decay=None`.

    See Also
    --------
    Adam, Optimizer

    Notes
    -----
    Source: keras.optimizers.AdamW.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(optimizer=maskseq.optimizers.AdamW(0.05), loss="mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
    >>> history.history["loss"][1] < history.history["loss"][0]
    True
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Any,
    ):
        if weight_decay is None:
            raise ValueError("AdamW: weight_decay must be a number, got None")
        options["weight_decay"] = weight_decay
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, **options)
