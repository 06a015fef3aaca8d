"""RNN: a cell run over the real steps of each sequence. The one place of Keras's RNN mask rules.

At a masked step the states stay as they are; the output is the previous output (before the first
real step: the initial state), or zero with `zero_output_for_mask`. Masked steps are never computed.
"""

import operator
from typing import Any

import numpy as np

from .. import _kernels, activations, initializers
from ..nest import flatten
from ..rows import Layout, Rows
from .base import Layer
from .calling import check_mask


class RNN(Layer):
    """Run `cell` over time.

    Arguments: cell: a layer whose `packed()` gives the weights in the kernels' form.
        return_sequences: every step's output, not the last one.  return_state: also the last
        states.  go_backwards: from the last step to the first; outputs come in that order.
        stateful: a call starts from the last states of the call before.  unroll: accepted; the
        result is the same.  zero_output_for_mask: masked steps put out zeros.  dropout,
        recurrent_dropout, seed, use_cudnn, implementation: accepted, without effect on a result.
    Call arguments: sequences: float32 (batch, time, features).  initial_state: list of float32
        (batch, units); passed without `mask`, the mask that the sequences carry is not used, as in
        Keras.  mask: bool (batch, time), True = real.
    Returns: (batch, units), with return_sequences (batch, time, units); with return_state a list
        of the output and the states.
    Source: keras.layers.RNN. Before the first real step as on its JAX backend.
    """

    supports_masking = True
    reads_masked = "none"

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        *,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        use_cudnn: Any = "auto",
        implementation: int = 2,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.dropout, self.recurrent_dropout, self.seed = dropout, recurrent_dropout, seed
        self.cell = cell
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.stateful, self.unroll = go_backwards, stateful, unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.states: list[np.ndarray] | None = None

    @property
    def units(self) -> int:
        return self.cell.units

    def build(self, sequences_shape: Any) -> None:
        if len(sequences_shape) != 3 or sequences_shape[-1] is None:
            raise ValueError(
                f"sequences must be (batch, time, features) with known features, got shape "
                f"{tuple(sequences_shape)}"
            )
        if not self.cell.built:
            self.cell.build((sequences_shape[0], sequences_shape[-1]))
            self.cell.built = True

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        x = self._checked(sequences)
        mask = None if mask is None else _step_mask(mask, x.shape[:2])
        rows = Rows.view(x, mask)
        start = self._start(initial_state, x.shape[0])
        output, states = self._forward(rows, start)
        if type(output) is Rows:
            first = None if start is None or self.zero_output_for_mask else start[0]
            output = _padded(output, first)
        return [output, *states] if self.return_state else output

    def call_rows(self, rows: Rows) -> Any:
        if rows.ndim != 3:
            return NotImplemented
        start = self._start(None, rows.layout.batch)
        output, states = self._forward(rows, start)
        if type(output) is Rows and (self.go_backwards or start is not None):
            first = None if start is None or self.zero_output_for_mask else start[0]
            mask = rows.layout.mask
            output = _padded(output, first)
            output._keras_mask = mask
        return [output, *states] if self.return_state else output

    def steps(
        self, rows: Rows, initial_state: Any = None, out: np.ndarray | None = None
    ) -> tuple[np.ndarray | None, tuple[np.ndarray, ...]]:
        """(output of each real step at its own row, last states), whichever way time runs."""
        source, index = rows.in_place()
        return _kernels.rnn(
            source,
            self.cell.packed(),
            rows.layout.offsets,
            index=index,
            initial_state=initial_state,
            return_sequences=self.return_sequences,
            reverse=self.go_backwards,
            out=out,
        )

    def _forward(self, rows: Rows, start: Any) -> tuple[Any, tuple[np.ndarray, ...]]:
        layout = rows.layout
        values = None
        if self.return_sequences:
            values = np.empty((layout.steps + 1, self.units), np.float32)
            values[-1] = 0
        _, states = self.steps(rows, start, None if values is None else values[:-1])
        if self.stateful:
            self.states = [state.copy() for state in states]
        if values is None:
            return self._last_output(states[0], layout), states
        carry = not self.zero_output_for_mask
        if self.go_backwards:
            layout, order = layout.reverse()
            values = values[np.append(order, len(order))]
        return Rows(values, layout, carry), states

    def _last_output(self, output: np.ndarray, layout: Layout) -> np.ndarray:
        if self.zero_output_for_mask and layout.time and layout.steps < layout.batch * layout.time:
            last = layout.mask[:, 0 if self.go_backwards else -1]
            return np.where(last[:, None], output, np.float32(0))
        return output

    def _checked(self, sequences: Any) -> np.ndarray:
        x = np.asarray(sequences)
        features = self.cell.kernel.value.shape[0]
        if x.ndim != 3 or x.shape[-1] != features:
            raise ValueError(f"sequences must be (batch, time, {features}), got shape {x.shape}")
        return x

    def _start(self, initial_state: Any, batch: int) -> tuple[np.ndarray, ...] | None:
        """The states to start from, checked; None = zeros."""
        given = flatten(initial_state) if initial_state is not None else self.states
        if given is None:
            return None
        sizes = self.cell.state_size
        if initial_state is None and given[0].shape[0] != batch:
            raise ValueError(
                f"stateful: every call must have the batch size of the first, expected "
                f"{given[0].shape[0]}, got {batch}; reset_state() starts anew"
            )
        states = tuple(np.asarray(state, np.float32) for state in given)
        shapes, wanted = [s.shape for s in states], [(batch, size) for size in sizes]
        if shapes != wanted:
            raise ValueError(f"initial_state must have shapes {wanted}, got {shapes}")
        return states

    def reset_state(self) -> None:
        """Start the next call of a stateful layer from zeros."""
        self.states = None

    @property
    def mask_role(self) -> str:
        return "uses, passes" if self.return_sequences else "uses"

    def compute_mask(self, sequences: Any, mask: Any) -> Any:
        mask = flatten(mask)[0] if isinstance(mask, (list, tuple)) else mask
        output_mask = mask if self.return_sequences else None
        if self.return_state:
            return [output_mask] + [None] * len(self.cell.state_size)
        return output_mask

    def compute_output_shape(self, sequences_shape: Any) -> Any:
        batch, time = sequences_shape[:2]
        output = (batch, time, self.units) if self.return_sequences else (batch, self.units)
        if self.return_state:
            return [output] + [(batch, size) for size in self.cell.state_size]
        return output

    def flags(self) -> dict[str, Any]:
        """The arguments about sequences and states, for get_config."""
        return {
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
            "zero_output_for_mask": self.zero_output_for_mask,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
        }


class Cell(Layer):
    """The weights and sizes of one recurrent step, in the form the kernels take them.

    A subclass names its `kind`, its numbers of gates and of states.
    """

    kind = ""
    gates = 1
    state_count = 1

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
        super().__init__(**kwargs)
        if not isinstance(units, (int, np.integer)) or units <= 0:
            raise ValueError(f"{type(self).__name__}: units must be a positive int, got {units!r}")
        self.units, self.use_bias = int(units), use_bias
        self.activation = activations.get(activation)
        self.kernel_initializer = kernel_initializer
        self.recurrent_initializer = recurrent_initializer
        self.bias_initializer = bias_initializer
        self._packed: tuple = ((), None)

    @property
    def state_size(self) -> list[int]:
        """The width of each state."""
        return [self.units] * self.state_count

    def bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def first_bias(self, shape: tuple[int, ...]) -> np.ndarray:
        return initializers.get(self.bias_initializer)(shape)

    def build(self, input_shape: Any) -> None:
        width = self.gates * self.units
        features = input_shape[-1]
        self.kernel = self.add_weight((features, width), self.kernel_initializer, name="kernel")
        self.recurrent_kernel = self.add_weight(
            (self.units, width), self.recurrent_initializer, name="recurrent_kernel"
        )
        self.bias = (
            self.add_weight(self.bias_shape(), self.first_bias, name="bias")
            if self.use_bias
            else None
        )

    def packed(self) -> Any:
        """The weights in the kernels' form, made once for as long as they stay the same."""
        weights = [variable.value for variable in self._own_variables]
        known, packed = self._packed
        if len(known) != len(weights) or not all(map(operator.is_, known, weights)):
            packed = _kernels.PackedRNN(
                self.kind,
                weights[0],
                weights[1],
                weights[2] if self.use_bias else None,
                **{name: _kernel_name(name, value) for name, value in self.functions().items()},
            )
            self._packed = (weights, packed)
        return packed

    def functions(self) -> dict[str, Any]:
        """The activation functions by argument name."""
        return {"activation": self.activation}

    def arguments(self) -> dict[str, Any]:
        """The arguments that make this cell anew, but for its name."""
        return {
            "units": self.units,
            **{name: activations.serialize(value) for name, value in self.functions().items()},
            "use_bias": self.use_bias,
            "kernel_initializer": self.kernel_initializer,
            "recurrent_initializer": self.recurrent_initializer,
            "bias_initializer": self.bias_initializer,
        }

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.arguments()}

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_packed": ((), None)}


def _kernel_name(argument: str, activation: Any) -> str:
    name = activations.kernel_name(activation)
    if name is None:
        raise ValueError(
            f"{argument} must be one of {sorted(_kernels.ACTIVATIONS)}, got {activation!r}"
        )
    return name


def _step_mask(mask: Any, shape: tuple[int, int]) -> np.ndarray:
    """A mask as bool (batch, time); (batch, time, k) is masked where all k are, as in Keras."""
    mask = flatten(mask)[0] if isinstance(mask, (list, tuple)) else mask
    mask = np.asarray(mask)
    return check_mask(mask.any(axis=-1) if mask.ndim == 3 else mask, shape)


def _padded(rows: Rows, first: np.ndarray | None) -> Any:
    """The padded outputs; before the first real step they show `first` (batch, units), or zeros."""
    output = rows.to_tensor()
    if first is not None and rows.layout.steps < rows.layout.batch * rows.layout.time:
        before = np.cumsum(rows.layout.mask, axis=1) == 0
        output[before] = np.broadcast_to(first[:, None], output.shape)[before]
    del output._keras_mask
    return output
