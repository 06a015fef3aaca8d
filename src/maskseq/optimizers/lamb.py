"""Adam whose steps are as long as the weights."""

from typing import Any

import numpy as np

from ..numerics import reductions
from ..variable import Variable
from .moments import Moments, power


class Lamb(Moments):
    """`w -= |w| / |u| * rate * u`, with Adam's unbiased u; the ratio is 1 where a length is 0.

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
    **options
        Options of every optimizer, such as `clipnorm` and `use_ema`: see `Optimizer`.

    See Also
    --------
    Adam, Optimizer

    Notes
    -----
    Source: keras.optimizers.Lamb.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> model = maskseq.Sequential([layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(optimizer=maskseq.optimizers.Lamb(0.05), loss="mse")
    >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
    >>> history.history["loss"][1] < history.history["loss"][0]
    True
    """

    takes_sparse = False

    def update_all(self, gradients: Any, variables: Any, rate: Any) -> None:
        one, t = np.float32(1), self.step_number()
        self._unbias = one - power(self.beta_1, t), one - power(self.beta_2, t)
        super().update_all(gradients, variables, rate)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        place = self._get_variable_index(variable)
        mean, square = (slots[place] for slots in self._slots)
        m = mean.value + (gradient - mean.value) * np.float32(1 - self.beta_1)
        v = square.value + (np.square(gradient) - square.value) * np.float32(1 - self.beta_2)
        self.assign(mean, m)
        self.assign(square, v)
        of_mean, of_square = self._unbias
        update = m / of_mean / (np.sqrt(v / of_square) + np.float32(self.epsilon))
        w = variable.value
        lengths = [np.sqrt(reductions.reduce(np.square(x), "sum")) for x in (w, update)]
        ratio = lengths[0] / lengths[1] if lengths[0] > 0 and lengths[1] > 0 else np.float32(1)
        self.assign(variable, w - np.float32(ratio) * np.float32(learning_rate) * update)
