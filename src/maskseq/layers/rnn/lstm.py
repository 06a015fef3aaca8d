"""LSTM. Gates i, f, c, o: c' = f * c + i * activation(z_c), h' = o * activation(c')."""

from typing import Any

import numpy as np

from ... import _kernels, activations
from .cell import Cell
from .rnn import RNN


class LSTMCell(Cell):
    """The weights of an LSTM.

    Weights: kernel float32 (features, 4 units), recurrent_kernel (units, 4 units), bias (4 units,).
    Source: keras.layers.LSTMCell; Hochreiter and Schmidhuber 1997.
    """

    kind = "lstm"
    gates = 4
    state_count = 2

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        **kwargs: Any,
    ):
        super().__init__(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            **kwargs,
        )
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias

    def first_bias(self, shape: tuple[int, ...]) -> np.ndarray:
        bias = np.array(super().first_bias(shape))
        if self.unit_forget_bias:
            bias[self.units : 2 * self.units] = 1
        return bias

    def step(self, x: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
        from_input, from_state = self.packed()
        z = _kernels.dense(x, from_input) + _kernels.dense(h, from_state)
        i, f, new, o = np.split(z, 4, axis=1)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(new)
        return gate(o) * self.activation(c), c

    def functions(self) -> dict[str, Any]:
        return {"activation": self.activation, "recurrent_activation": self.recurrent_activation}

    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), "unit_forget_bias": self.unit_forget_bias}


class LSTM(RNN):
    """An LSTM that computes real steps only.

    Arguments: units: width of the states.  activation, recurrent_activation: names.  use_bias,
        initializers, unit_forget_bias: for new weights.  The others are those of `RNN`.
    Call arguments and results: as `RNN`; the states are [h, c].
    Source: keras.layers.LSTM.
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        **kwargs: Any,
    ):
        cell = LSTMCell(
            units,
            activation,
            recurrent_activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            unit_forget_bias,
            name="lstm_cell",
        )
        super().__init__(cell, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return {**super(RNN, self).get_config(), **self.cell.arguments(), **self.flags()}
