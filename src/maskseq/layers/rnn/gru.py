"""GRU. Gates z, r, h: h' = z * h + (1 - z) * activation(candidate, which r keeps h out of)."""

from typing import Any, Unpack

import numpy as np

from ... import _kernels, activations
from ..base.arguments import CommonOptions
from .cell import Cell, CellOptions
from .cell_rnn import CellRNN, checked_cudnn, of_cell


class GRUCell(Cell):
    """The weights of a GRU.

    With reset_after the reset gate scales the state's product, without it the state itself.

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
    reset_after : bool, default True
        Apply the reset gate after the product with the state, not before.
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
    GRU, RNN, LSTMCell

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, features).
    states
        A list of one float32 (batch, units).
    returns
        (output, new states): float32 (batch, units), and a list as `states`.

    Weights: kernel float32 (features, 3 units), recurrent_kernel (units, 3 units), bias (2, 3
    units): for the input, for the state; without reset_after (3 units,).

    Source: keras.layers.GRUCell; Cho et al. 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> cell = layers.GRUCell(8)
    >>> layers.RNN(cell)(np.ones((2, 3, 4))).shape
    (2, 8)
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Unpack[CellOptions],
    ):
        initial = kernel_initializer, recurrent_initializer, bias_initializer
        regular = kernel_regularizer, recurrent_regularizer, bias_regularizer
        limits = kernel_constraint, recurrent_constraint, bias_constraint
        drops = dropout, recurrent_dropout, seed
        super().__init__(units, activation, use_bias, *initial, *regular, *limits, *drops, **kwargs)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.reset_after = reset_after

    @property
    def kind(self) -> str:
        return "gru" if self.reset_after else "gru_reset_before"

    def bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def pack_products(
        self, kernel: np.ndarray, recurrent_kernel: np.ndarray, bias: np.ndarray | None
    ) -> tuple[Any, ...]:
        dense, gates = _kernels.PackedDense, 2 * self.units
        of_input, of_state = bias if self.reset_after and bias is not None else (bias, None)
        if self.reset_after:
            return dense(kernel, of_input), dense(recurrent_kernel, of_state)
        parts = recurrent_kernel[:, :gates], recurrent_kernel[:, gates:]
        return dense(kernel, of_input), *map(dense, parts)

    def after(self, of_input: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, ...]:
        _, of_state, *of_reset_state = self.packed()
        units, gate = self.units, self.recurrent_activation
        from_state = _kernels.dense(h, of_state)
        both = of_input[:, : 2 * units] + from_state[:, : 2 * units]
        if activations.kernel_name(gate):  # of each number by itself: all at once
            both = gate(both)
            z, r = both[:, :units], both[:, units:]
        else:
            z, r = gate(both[:, :units]), gate(both[:, units:])
        if self.reset_after:
            kept = r * from_state[:, 2 * units :]
        else:
            kept = _kernels.dense(r * h, *of_reset_state)
        return (z * h + (1 - z) * self.activation(of_input[:, 2 * units :] + kept),)

    def formula(self, of_input: Any, of_state: Any, h: Any) -> tuple[Any, ...]:
        units, (gate, activation) = self.units, self.traced_functions()
        from_state = of_state(h, 0, 3 if self.reset_after else 2)
        if self.bias is not None:
            of_input = of_input + (self.bias[0] if self.reset_after else self.bias)
            from_state = from_state + self.bias[1] if self.reset_after else from_state
        both = of_input[:, : 2 * units] + from_state[:, : 2 * units]
        z, r = gate(both[:, :units]), gate(both[:, units:])
        kept = r * from_state[:, 2 * units :] if self.reset_after else of_state(r * h, 2, 3)
        return (z * h + (1 - z) * activation(of_input[:, 2 * units :] + kept),)

    def functions(self) -> dict[str, Any]:
        return {"activation": self.activation, "recurrent_activation": self.recurrent_activation}


class GRU(CellRNN):
    """A GRU that computes real steps only.

    Parameters
    ----------
    units : int
        Width of the state.
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
    reset_after : bool, default True
        See `GRUCell`; models of Keras 2.0 to 2.2 have it False.
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
    LSTM, SimpleRNN, Bidirectional, GRUCell

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

    Source: keras.layers.GRU.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.GRU(8)(np.ones((2, 3, 4))).shape
    (2, 8)
    """

    recurrent_activation = of_cell("recurrent_activation")
    reset_after = of_cell("reset_after")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
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
        cell = GRUCell(
            *(units, activation, recurrent_activation, use_bias, *initial),
            *(*regular, *limits, *drops, reset_after, seed),
            name="gru_cell",
        )
        run = return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask
        super().__init__(cell, *run, activity_regularizer=activity_regularizer, **kwargs)
        self.use_cudnn = checked_cudnn(use_cudnn)
