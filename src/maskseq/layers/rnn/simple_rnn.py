"""SimpleRNN: h' = activation(x kernel + h recurrent_kernel + bias)."""

from typing import Any

import numpy as np

from ... import _kernels
from .cell import Cell
from .rnn import RNN


class SimpleRNNCell(Cell):
    """The weights of a SimpleRNN.

    Weights: kernel float32 (features, units), recurrent_kernel (units, units), bias (units,).
    Source: keras.layers.SimpleRNNCell; Elman 1990.
    """

    kind = "simple_rnn"

    def step(self, x: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, ...]:
        of_input, of_state = self.packed()
        return (self.activation(_kernels.dense(x, of_input) + _kernels.dense(h, of_state)),)


class SimpleRNN(RNN):
    """A recurrent layer without gates that computes real steps only.

    Arguments: units: width of the state.  activation: a name or function.  use_bias, initializers:
        for new weights.  The others are those of `RNN`.
    Call arguments and results: as `RNN`; the states are [h].
    Source: keras.layers.SimpleRNN.
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ):
        cell = SimpleRNNCell(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            name="simple_rnn_cell",
        )
        super().__init__(cell, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return {**super(RNN, self).get_config(), **self.cell.arguments(), **self.flags()}
