"""ConvLSTM1D: an LSTM whose steps are rows of features, and whose products are convolutions."""

import math
from typing import Any, Unpack

import numpy as np

from ... import _kernels, activations, constraints, initializers, ops, regularizers
from ...context import changed, current
from ...initializers import checked
from ...numerics.drawing import Drawing
from ...numerics.draws import mixed
from ...rows import Rows
from ...tape import Tape, Traced, value_of
from ..base.arguments import CommonOptions, LayerOptions
from ..base.checks import channels_first, share, whole
from ..base.layer import Layer
from ..base.packing import KeepsPack
from ..base.taped import activated
from ..base.windows import check_padding, convolve_on_tape, count_windows
from .cell_rnn import CellRNN, of_cell
from .conv_walk import Gates, Window, step, walk
from .run_cell import Outputs, Run, initial_state_of, step_by_step
from .taped_cell import by_formula
from .taped_dropout import drops, factors


class ConvLSTMCell(Drawing, KeepsPack, Layer):
    """The weights of a ConvLSTM1D, and its step: an LSTM's with convolutions for products.

    Weights: kernel float32 (kernel_size, features, 4 filters), recurrent_kernel (kernel_size,
        filters, 4 filters), bias (4 filters,); gates i, f, c, o.
    Call arguments: inputs: float32 (batch, rows, features).  states: h and c, float32 (batch, rows
        of the convolution, filters).
    Returns: (h', [h', c']).
    Source: keras.src.layers.rnn.conv_lstm.ConvLSTMCell; Shi et al. 2015, without peepholes.
    """

    packed_names = ("kernel", "recurrent_kernel", "bias")
    traceable = True

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
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
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        self.filters = whole(filters, "ConvLSTM1D: filters")
        self.kernel_size = whole(kernel_size, "ConvLSTM1D: kernel_size")
        self.strides = whole(strides, "ConvLSTM1D: strides")
        self.padding = check_padding(padding)
        self.data_format = data_format
        self.dilation_rate = whole(dilation_rate, "ConvLSTM1D: dilation_rate")
        self.activation = activations.get(activation)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.use_bias, self.unit_forget_bias = use_bias, unit_forget_bias
        self.kernel_initializer = checked(kernel_initializer, "kernel_initializer")
        self.recurrent_initializer = checked(recurrent_initializer, "recurrent_initializer")
        self.bias_initializer = checked(bias_initializer, "bias_initializer")
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = share(dropout, f"{type(self).__name__}: dropout")
        name = f"{type(self).__name__}: recurrent_dropout"
        self.recurrent_dropout = share(recurrent_dropout, name)
        self.seed = seed
        self.state_size: list[tuple[int, int]] = []  # the shapes of h and c, known when built
        self._first = channels_first(data_format)
        if self.strides > 1 and self.dilation_rate > 1:
            raise ValueError(
                f"ConvLSTM1D: strides and dilation_rate cannot both be above 1, got "
                f"{self.strides} and {self.dilation_rate}"
            )

    def step_shape(self, input_shape: Any) -> tuple[int, int]:
        """The shape of a state for steps (rows, features), with channels_first (features, rows)."""
        if len(input_shape) != 2 or None in input_shape:
            raise ValueError(
                f"sequences must be (batch, time, rows, features), the last two of known size, "
                f"got steps of shape {tuple(input_shape)}"
            )
        rows = count_windows(int(input_shape[1 if self._first else 0]), *self._window())
        return (self.filters, rows) if self._first else (rows, self.filters)

    def _window(self) -> tuple[int, int, str, int]:
        return self.kernel_size, self.strides, self.padding, self.dilation_rate

    def build(self, input_shape: Any) -> None:
        self.state_size = [self.step_shape(input_shape[1:])] * 2
        self._input_shape = tuple(input_shape[1:])
        features = input_shape[1 if self._first else 2]
        width = 4 * self.filters
        shape = (self.kernel_size, features, width)
        self.kernel = self.add_named_weight("kernel", shape)
        shape = (self.kernel_size, self.filters, width)
        self.recurrent_kernel = self.add_named_weight("recurrent_kernel", shape, "recurrent")
        self.bias = None
        if self.use_bias:
            self.bias = self.add_named_weight("bias", (width,), initializer=self._first_bias)

    def _first_bias(self, shape: tuple[int, ...]) -> np.ndarray:
        bias = np.array(initializers.get(self.bias_initializer)(shape))
        if self.unit_forget_bias:
            bias[self.filters : 2 * self.filters] = 1
        return bias

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        if training and not current().training:
            with changed(training=True):
                return self.call(inputs, states)
        if drops(self):
            return self._dropped_step(inputs, states)
        if type(inputs) is Traced:
            new = by_formula(self, inputs, states, self._formula)
            return new[0], new
        x, starts = np.asarray(inputs, np.float32), list(states)
        packed = self.packed()
        if type(packed) is not Gates:
            return self.over_rows(Rows.view(x[:, None], None), starts, None, False)
        x, h, c = (self._turned(np.asarray(value, np.float32)) for value in (x, *starts))
        window, first = Window(*self._window()), self._first
        new = [self._turned(y) for y in step(x, h, c, window, packed, first=first)]
        return new[0], new

    def _formula(self, x: Any, h: Any, c: Any) -> list[Any]:
        """h' and c' of Traced values."""
        return self._recorded(x, h, c, [None] * 4, [None] * 4)

    def _recorded(self, x: Any, h: Any, c: Any, of_input: Any, of_state: Any) -> list[Any]:
        """h' and c', where each gate has factors of x and of h, or None."""
        x, h, c = map(self._turned, (x, h, c))
        z = _convolved(x, of_input, self.kernel, Window(*self._window()))
        z = z + _convolved(h, of_state, self.recurrent_kernel, Window(self.kernel_size))
        z = z if self.bias is None else z + self.bias
        i, f, candidate, o = ops.split(z, 4, axis=2)
        i, f, o = (self._activated(self.recurrent_activation, gate) for gate in (i, f, o))
        c = f * c + i * self._activated(self.activation, candidate)
        return [self._turned(y) for y in (o * self._activated(self.activation, c), c)]

    def _activated(self, function: Any, x: Any) -> Any:
        """function(x); softmax and the like go along the last axis of what the cell puts out."""
        if activations.kernel_name(function):
            return activated(function, x)
        return self._turned(activated(function, self._turned(x)))

    def _dropped_step(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        """`call` where something is dropped, by all gates something else."""
        if type(inputs) is not Traced:
            tape = Tape()
            with changed(tape=tape):
                _, new = self._dropped_step(tape.hold(inputs), [tape.hold(s) for s in states])
            made = [np.asarray(value_of(y)) for y in new]
            return made[0], made
        tape, (draws, key) = inputs.tape, self.drawn()
        values = [inputs, *map(tape.hold, states)]
        owners = draws.owners(len(inputs))
        found = []
        for x, own, rate in zip(
            values, (key, mixed(key, 1)), (self.dropout, self.recurrent_dropout), strict=False
        ):
            shape = (len(owners), *np.shape(self._turned(value_of(x)))[1:])
            made = factors(owners, math.prod(shape[1:]), own, rate, 4)
            found.append([None] * 4 if made is None else [f.reshape(shape) for f in made])
        new = self._recorded(*values, *found)
        return new[0], new

    def over_rows(self, rows: Rows, states: Any, outputs: Outputs | None, reverse: bool) -> Run:
        """Run over the real steps of `rows`; see `run_cell`."""
        packed = self.packed()
        if drops(self) or type(packed) is Gates:
            return step_by_step(self, rows, states, outputs, reverse)
        if rows.shape[2:] != self._input_shape:
            raise ValueError(
                f"sequences must have steps of shape {self._input_shape}, got {rows.shape[2:]}"
            )
        if states is None:
            states = initial_state_of(self, rows.layout.batch)
        starts = [self._turned(np.asarray(state, np.float32)) for state in states]
        window, sides = Window(*self._window()), {"first": self._first, "reverse": reverse}
        last = walk(rows, starts, window, packed, outputs, **sides)
        h, c = map(self._turned, last)
        return h, [h, c]

    def _turned(self, x: Any) -> Any:
        """x with its rows first, or back."""
        return x.swapaxes(1, 2) if self._first else x

    def pack_weights(
        self, kernel: np.ndarray, recurrent_kernel: np.ndarray, bias: np.ndarray | None
    ) -> _kernels.PackedConvLSTM | Gates:
        """The weights as the kernel reads them; for functions that it does not know, matrices."""
        activation = activations.kernel_name(self.activation)
        gate = activations.kernel_name(self.recurrent_activation)
        if activation and gate:
            return _kernels.PackedConvLSTM(kernel, recurrent_kernel, bias, activation, gate)
        n = self.filters
        matrix = np.concatenate([x.reshape(-1, 4 * n) for x in (kernel, recurrent_kernel)])
        columns = np.r_[0 : 2 * n, 3 * n : 4 * n], np.r_[2 * n : 3 * n]
        bias = np.zeros(4 * n, np.float32) if bias is None else bias
        gates, candidate = (_kernels.PackedDense(matrix[:, k], bias[k]) for k in columns)
        return Gates(gates, candidate, self.recurrent_activation, self.activation)


def _convolved(x: Any, factors: Any, kernel: Any, window: Window) -> Any:
    """The products of all gates; those of a gate with x times its factors."""
    hold = current().tape.hold
    if factors[0] is None:
        return convolve_on_tape(hold(x), kernel, window)
    parts = zip(factors, ops.split(kernel, len(factors), axis=2), strict=True)
    return ops.concatenate(
        [convolve_on_tape(hold(x * f), hold(part), window) for f, part in parts], axis=2
    )


class ConvLSTM1D(CellRNN):
    """An LSTM over steps of rows, with convolutions for products; it computes real steps only.

    With a function of one's own for an activation, or dropout in training, the walk through time
    is in Python.

    Parameters
    ----------
    filters : int
        Features of the output.
    kernel_size : int
        Steps in a window.
    strides : int, default 1
        Steps from one window to the next.
    padding : str, default "valid"
        "valid": windows lie within the sequence. "same": as many steps come out as go in, for
        strides of 1.
    data_format : str, optional
        "channels_last", or "channels_first" for (batch, time, features, rows).
    dilation_rate : int, default 1
        That of the convolution of the inputs; that of the states is padded by "same".
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
    dropout : float, default 0.0
        Share of the inputs that training sets to 0.
    recurrent_dropout : float, default 0.0
        Share of the states that training sets to 0.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.
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
    zero_output_for_mask : bool, default False
        Put out zeros at masked steps.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If a size is not a positive int, or `padding` is neither "valid" nor "same". For sequences
        without four axes, steps of another shape than the first ones, fewer rows than a window,
        with padding "valid", and an `initial_state` of other shapes.

    See Also
    --------
    LSTM, Conv1D, TimeDistributed

    Notes
    -----
    A call takes and gives:

    sequences
        float32 (batch, time, rows, features).
    initial_state
        H and c.
    mask
        bool (batch, time).
    returns
        As `RNN`; a step's output is (rows of the convolution, filters), as are h and c.

    Source: keras.layers.ConvLSTM1D; with a mask as on its TensorFlow backend.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.ConvLSTM1D(8, 3)(np.ones((2, 3, 6, 4))).shape
    (2, 4, 8)
    """

    input_axes = "(batch, time, rows, features)"
    filters = of_cell("filters")
    kernel_size = of_cell("kernel_size")
    strides = of_cell("strides")
    padding = of_cell("padding")
    data_format = of_cell("data_format")
    dilation_rate = of_cell("dilation_rate")
    recurrent_activation = of_cell("recurrent_activation")
    unit_forget_bias = of_cell("unit_forget_bias")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
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
        *,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Unpack[CommonOptions],
    ):
        initial = kernel_initializer, recurrent_initializer, bias_initializer
        regular = kernel_regularizer, recurrent_regularizer, bias_regularizer
        limits = kernel_constraint, recurrent_constraint, bias_constraint
        drops = dropout, recurrent_dropout, seed
        window = filters, kernel_size, strides, padding, data_format, dilation_rate
        cell = ConvLSTMCell(
            *(*window, activation, recurrent_activation, use_bias, *initial, unit_forget_bias),
            *(*regular, *limits, *drops),
            name="conv_lstm_cell",
        )
        run = return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask
        super().__init__(cell, *run, activity_regularizer=activity_regularizer, **kwargs)

    def compute_output_shape(self, sequences_shape: Any) -> Any:
        batch, time, *step = sequences_shape
        shape = self.cell.step_shape(step)
        output = (batch, time, *shape) if self.return_sequences else (batch, *shape)
        return [output, (batch, *shape), (batch, *shape)] if self.return_state else output
