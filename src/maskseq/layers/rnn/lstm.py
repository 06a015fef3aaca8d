"""LSTM. Gates i, f, c, o: c' = f * c + i * activation(z_c), h' = o * activation(c')."""

from typing import Any, Unpack

import numpy as np

from ... import _kernels, activations, ops
from ..base.arguments import CommonOptions
from .cell import Cell, CellOptions
from .cell_rnn import CellRNN, checked_cudnn, of_cell


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
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Unpack[CellOptions],
    ):
        initial = kernel_initializer, recurrent_initializer, bias_initializer
        regular = kernel_regularizer, recurrent_regularizer, bias_regularizer
        limits = kernel_constraint, recurrent_constraint, bias_constraint
        drops = dropout, recurrent_dropout, seed
        super().__init__(units, activation, use_bias, *initial, *regular, *limits, *drops, **kwargs)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias

    def first_bias(self, shape: tuple[int, ...]) -> np.ndarray:
        bias = np.array(super().first_bias(shape))
        if self.unit_forget_bias:
            bias[self.units : 2 * self.units] = 1
        return bias

    def advance(self, x: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
        from_input, from_state = self.packed()
        z = _kernels.dense(x, from_input) + _kernels.dense(h, from_state)
        i, f, new, o = np.split(z, 4, axis=1)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(new)
        return gate(o) * self.activation(c), c

    def formula(self, of_input: Any, of_state: Any, h: Any, c: Any) -> tuple[Any, ...]:
        z = of_input + of_state(h, 0, 4)
        i, f, new, o = ops.split(z if self.bias is None else z + self.bias, 4, axis=1)
        gate, activation = self.traced_functions()
        c = gate(f) * c + gate(i) * activation(new)
        return gate(o) * activation(c), c

    def functions(self) -> dict[str, Any]:
        return {"activation": self.activation, "recurrent_activation": self.recurrent_activation}


class LSTM(CellRNN):
    """An LSTM that computes real steps only.

    Arguments: units: width of the states.  activation, recurrent_activation: names or functions.
        use_bias, initializers, unit_forget_bias: for new weights.  regularizers, constraints: kept
        for training.  dropout, recurrent_dropout: shares of the input and of the state that
        training drops, the same ones at each step of a sequence.  seed: of what is drawn for that.
        use_cudnn, implementation: accepted, without effect on a result.  The others are those of
        `RNN`.
    Call arguments and results: as `RNN`; the states are [h, c].
    Source: keras.layers.LSTM.
    """

    recurrent_activation = of_cell("recurrent_activation")
    unit_forget_bias = of_cell("unit_forget_bias")

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
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: bool | str = "auto",
        *,
        zero_output_for_mask: bool = False,
        implementation: int = 2,
        **kwargs: Unpack[CommonOptions],
    ):
        initial = kernel_initializer, recurrent_initializer, bias_initializer
        regular = kernel_regularizer, recurrent_regularizer, bias_regularizer
        limits = kernel_constraint, recurrent_constraint, bias_constraint
        drops = dropout, recurrent_dropout
        cell = LSTMCell(
            *(units, activation, recurrent_activation, use_bias, *initial, unit_forget_bias),
            *(*regular, *limits, *drops, seed),
            name="lstm_cell",
        )
        run = return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask
        super().__init__(cell, *run, activity_regularizer=activity_regularizer, **kwargs)
        self.use_cudnn = checked_cudnn(use_cudnn)
