"""LSTM. Gates i, f, c, o: c' = f * c + i * activation(z_c), h' = o * activation(c')."""

from typing import Any, Unpack

import numpy as np

from ... import _kernels, activations, ops
from ..base.arguments import CommonOptions
from .cell import Cell, CellOptions
from .cell_rnn import CellRNN, checked_cudnn, of_cell

_OF_ROWS = {id(activations.ACTIVATIONS[name]): name for name in _kernels.OF_ROWS}
"""Activations of all units at once that C computes in a step, under what `id` they have."""


class LSTMCell(Cell):
    """The weights of an LSTM.

    Parameters
    ----------
    units : int
        Width of the output.
    activation : str, callable or None, default "tanh"
        Name of an activation, or a function; None is the identity.
    recurrent_activation : str, callable or None, default "sigmoid"
        Activation of the gates.
    use_bias : bool, default True
        Whether there is a bias.
    kernel_initializer : str, dict or Initializer, default "glorot_uniform"
        First values of `kernel`.
    recurrent_initializer : str, dict or Initializer, default "orthogonal"
        First values of `recurrent_kernel`.
    bias_initializer : str, dict or Initializer, default "zeros"
        First values of `bias`.
    unit_forget_bias : bool, default True
        Begin with a bias of 1 for the forget gate.
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
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `units` is not a positive int. For other features than the first ones, or states of
        another number or shape.

    See Also
    --------
    LSTM, RNN, GRUCell

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, features).
    states
        A list of two float32 (batch, units).
    returns
        (output, new states): float32 (batch, units), and a list as `states`.

    Weights: kernel float32 (features, 4 units), recurrent_kernel (units, 4 units), bias (4 units,).

    Source: keras.layers.LSTMCell; Hochreiter and Schmidhuber 1997.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> cell = layers.LSTMCell(8)
    >>> layers.RNN(cell)(np.ones((2, 3, 4))).shape
    (2, 8)
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

    def after(self, of_input: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
        packed, units, gates = self.packed()[1], self.units, self.recurrent_activation
        gate, of_rows = activations.kernel_name(gates), _OF_ROWS.get(id(self.activation))
        if gate and of_rows:
            return _kernels.lstm_of_rows(h, packed, of_input, c, gate, of_rows)
        z = _kernels.dense(h, packed)
        z += of_input
        parts = [z[:, k * units : (k + 1) * units] for k in range(4)]
        candidate = self.activation(parts[2])
        if gate:  # all at once, without copies
            z = gates(z)
            i, f, _, o = (z[:, k * units : (k + 1) * units] for k in range(4))
        else:
            i, f, o = map(gates, (parts[0], parts[1], parts[3]))
        c = f * c
        c += i * candidate
        return o * self.activation(c), c

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

    Parameters
    ----------
    units : int
        Width of the states.
    activation : str, callable or None, default "tanh"
        Name of an activation, or a function; None is the identity.
    recurrent_activation : str, callable or None, default "sigmoid"
        Activation of the gates.
    use_bias : bool, default True
        Whether there is a bias.
    kernel_initializer : str, dict or Initializer, default "glorot_uniform"
        First values of `kernel`.
    recurrent_initializer : str, dict or Initializer, default "orthogonal"
        First values of `recurrent_kernel`.
    bias_initializer : str, dict or Initializer, default "zeros"
        First values of `bias`.
    unit_forget_bias : bool, default True
        Begin with a bias of 1 for the forget gate.
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
    seed : int, optional
        Of what is drawn for that.
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
    use_cudnn : bool or str, default "auto"
        Accepted, without effect on a result.
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
    GRU, SimpleRNN, Bidirectional, LSTMCell, ConvLSTM1D

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

    The states are [h, c].

    Source: keras.layers.LSTM.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layer = layers.LSTM(8, return_sequences=True, return_state=True)
    >>> x = np.ones((2, 5, 4))
    >>> mask = np.array([[True] * 5, [True, True, False, False, False]])
    >>> output, h, c = layer(x, mask=mask)
    >>> output.shape, h.shape, c.shape
    ((2, 5, 8), (2, 8), (2, 8))
    >>> bool((h[1] == output[1, 1]).all())
    True
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
