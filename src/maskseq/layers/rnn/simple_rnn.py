"""SimpleRNN: h' = activation(x kernel + h recurrent_kernel + bias)."""

from typing import Any, Unpack

import numpy as np

from ... import _kernels
from ..base.arguments import CommonOptions
from .cell import Cell
from .cell_rnn import CellRNN


class SimpleRNNCell(Cell):
    """The weights of a SimpleRNN.

    Weights: kernel float32 (features, units), recurrent_kernel (units, units), bias (units,).
    Source: keras.layers.SimpleRNNCell; Elman 1990.
    """

    kind = "simple_rnn"

    def advance(self, x: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, ...]:
        of_input, of_state = self.packed()
        return (self.activation(_kernels.dense(x, of_input) + _kernels.dense(h, of_state)),)

    def formula(self, of_input: Any, of_state: Any, h: Any) -> tuple[Any, ...]:
        (activation,) = self.traced_functions()
        z = of_input + of_state(h, 0, 1)
        return (activation(z if self.bias is None else z + self.bias),)


class SimpleRNN(CellRNN):
    """A recurrent layer without gates that computes real steps only.

    Arguments: units: width of the state.  activation: a name or function.  use_bias, initializers:
        for new weights.  regularizers, constraints: kept for training.  dropout,
        recurrent_dropout: shares of the input and of the state that training drops, the same ones
        at each step of a sequence.  seed: of what is drawn for that.  implementation: accepted,
        without effect on a result.  The others are those of `RNN`.
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
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        *,
        zero_output_for_mask: bool = False,
        implementation: int = 2,
        **kwargs: Unpack[CommonOptions],
    ):
        initial = kernel_initializer, recurrent_initializer, bias_initializer
        regular = kernel_regularizer, recurrent_regularizer, bias_regularizer
        limits = kernel_constraint, recurrent_constraint, bias_constraint
        drops = dropout, recurrent_dropout, seed
        weights = *initial, *regular, *limits
        cell = SimpleRNNCell(units, activation, use_bias, *weights, *drops, name="simple_rnn_cell")
        run = return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask
        super().__init__(cell, *run, activity_regularizer=activity_regularizer, **kwargs)
