"""SimpleRNN: h' = activation(x kernel + h recurrent_kernel + bias)."""

from typing import Any, Unpack

import numpy as np

from ... import _kernels
from ..base.arguments import CommonOptions
from .cell import Cell
from .cell_rnn import CellRNN


class SimpleRNNCell(Cell):
    """The weights of a SimpleRNN.

    Parameters
    ----------
    units : int
        Width of the output.
    activation : str, callable or None, default "tanh"
        Name of an activation, or a function; None is the identity.
    use_bias : bool, default True
        Whether there is a bias.
    kernel_initializer : str, dict or Initializer, default "glorot_uniform"
        First values of `kernel`.
    recurrent_initializer : str, dict or Initializer, default "orthogonal"
        First values of `recurrent_kernel`.
    bias_initializer : str, dict or Initializer, default "zeros"
        First values of `bias`.
    kernel_regularizer : str, dict, Regularizer or None, default None
        Penalty on `kernel`, in training.
    recurrent_regularizer : str, dict, Regularizer or None, default None
        Penalty on `recurrent_kernel`, in training.
    bias_regularizer : str, dict, Regularizer or None, default None
        Penalty on `bias`, in training.
    kernel_constraint : str, dict, Constraint or None, default None
        What training holds `kernel` to.
    recurrent_constraint : str, dict, Constraint or None, default None
        What training holds `recurrent_kernel` to.
    bias_constraint : str, dict, Constraint or None, default None
        What training holds `bias` to.
    dropout : float, default 0.0
        Share of the inputs that training sets to 0.
    recurrent_dropout : float, default 0.0
        Share of the states that training sets to 0.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.
    implementation : int, default 2
        Accepted, without effect on a result.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `units` is not a positive int. For other features than the first ones, or states of
        another number or shape.

    See Also
    --------
    SimpleRNN, RNN, LSTMCell

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, features).
    states
        A list of one float32 (batch, units).
    returns
        (output, new states): float32 (batch, units), and a list as `states`.

    Weights: kernel float32 (features, units), recurrent_kernel (units, units), bias (units,).

    Source: keras.layers.SimpleRNNCell; Elman 1990.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> cell = layers.SimpleRNNCell(8)
    >>> layers.RNN(cell)(np.ones((2, 3, 4))).shape
    (2, 8)
    """

    kind = "simple_rnn"

    def after(self, of_input: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, ...]:
        return (self.activation(of_input + _kernels.dense(h, self.packed()[1])),)

    def formula(self, of_input: Any, of_state: Any, h: Any) -> tuple[Any, ...]:
        (activation,) = self.traced_functions()
        z = of_input + of_state(h, 0, 1)
        return (activation(z if self.bias is None else z + self.bias),)


class SimpleRNN(CellRNN):
    """A recurrent layer without gates that computes real steps only.

    Parameters
    ----------
    units : int
        Width of the state.
    activation : str, callable or None, default "tanh"
        Name of an activation, or a function; None is the identity.
    use_bias : bool, default True
        Whether there is a bias.
    kernel_initializer : str, dict or Initializer, default "glorot_uniform"
        First values of `kernel`.
    recurrent_initializer : str, dict or Initializer, default "orthogonal"
        First values of `recurrent_kernel`.
    bias_initializer : str, dict or Initializer, default "zeros"
        First values of `bias`.
    kernel_regularizer : str, dict, Regularizer or None, default None
        Penalty on `kernel`, in training.
    recurrent_regularizer : str, dict, Regularizer or None, default None
        Penalty on `recurrent_kernel`, in training.
    bias_regularizer : str, dict, Regularizer or None, default None
        Penalty on `bias`, in training.
    activity_regularizer : str, dict, Regularizer or None, default None
        Penalty on the outputs, in training.
    kernel_constraint : str, dict, Constraint or None, default None
        What training holds `kernel` to.
    recurrent_constraint : str, dict, Constraint or None, default None
        What training holds `recurrent_kernel` to.
    bias_constraint : str, dict, Constraint or None, default None
        What training holds `bias` to.
    dropout, recurrent_dropout : float, default 0.0
        Shares of the input and of the state that training drops, the same ones at each step of a
        sequence.
    return_sequences : bool, default False
        Give the output of every step, not that of the last one alone.
    return_state : bool, default False
        Give the last states too.
    go_backwards : bool, default False
        Run from the last step to the first; outputs come in that order.
    stateful : bool, default False
        Start each call from the last states of the call before.
    unroll : bool, default False
        Accepted, without effect on a result.
    seed : int, optional
        Of what is drawn for that.
    zero_output_for_mask : bool, default False
        Put out zeros at masked steps.
    implementation : int, default 2
        Accepted, without effect on a result.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `units` is not a positive int or a rate not between 0 and 1. From a call on sequences
        that are not (batch, time, features) or have other features than the first ones, and for an
        `initial_state` or `mask` of another shape.

    See Also
    --------
    LSTM, GRU, SimpleRNNCell

    Notes
    -----
    A call takes and gives:

    sequences
        float32 (batch, time, features).
    initial_state
        List of float32 (batch, units); passed without `mask`, the mask that the sequences carry is
        not used, as in Keras, which is told once.
    mask
        bool (batch, time), True = real.
    returns
        (batch, units), with return_sequences (batch, time, units); with return_state a list of the
        output and the states.

    The states are [h].

    Source: keras.layers.SimpleRNN.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.SimpleRNN(8)(np.ones((2, 3, 4))).shape
    (2, 8)
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
