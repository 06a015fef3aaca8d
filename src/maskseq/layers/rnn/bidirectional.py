"""Bidirectional: one recurrent layer forwards, one backwards, their outputs merged."""

from typing import Any, Unpack

import numpy as np

from ..._kernels import fill_masked
from ...context import current
from ...nest import map_structure
from ...rows import Rows
from ...tape import Traced, rows_like, values
from ..base.arguments import LayerOptions
from ..base.binding import training_option
from ..base.errors import naming_errors
from ..base.layer import Layer
from ..base.one_tensor import CarriesStates
from ..base.registry import copy_layer
from ..base.rules import DIRECTIONS_CARRY
from .cell import run_pair
from .rnn import RNN
from .run_cell import Outputs, state_shapes

_MERGES = {
    "sum": np.add,
    "mul": np.multiply,
    "ave": lambda a, b: (a + b) / np.float32(2),
    "concat": lambda a, b: np.concatenate([a, b], axis=-1),
    None: lambda a, b: [a, b],
}


class Bidirectional(CarriesStates):
    """Run a recurrent layer over the sequence in both directions.

    As in Keras, zero_output_for_mask of both is set to return_sequences: with return_sequences
    masked steps put out zeros, without it the last output is the last real step's. Under a
    mask_rule of a Keras before TensorFlow's they go on with the output before, as of any layer.

    Parameters
    ----------
    layer : Layer
        The layer to copy, with fresh weights, for the forward direction.
    merge_mode : str or None, default "concat"
        "concat", "sum", "mul", "ave" or None (a list of both outputs).
    weights : list of array_like, optional
        Weights to begin with.
    backward_layer : Layer, optional
        The layer for the other direction; by default another copy.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    TypeError
        If `layer` is not a recurrent layer.
    ValueError
        For an unknown `merge_mode`, and a `backward_layer` of the same direction or another
        `return_sequences`. From a call, as of the layer.

    See Also
    --------
    LSTM, GRU, RNN

    Notes
    -----
    A call takes and gives:

    sequences, mask
        As the layer's.
    initial_state
        The forward states, then the backward ones.
    returns
        The merged output, with return_state a list of output(s), forward and backward states.

    Source: keras.layers.Bidirectional.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Bidirectional(layers.LSTM(8, return_sequences=True))(np.ones((2, 3, 4))).shape
    (2, 3, 16)
    """

    input_axes = "(batch, time, ...)"
    supports_masking = True
    reads_masked = "none"
    not_in_config = frozenset({"weights"})

    def __init__(
        self,
        layer: Layer,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Layer | None = None,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        for name, given in (("layer", layer), ("backward_layer", backward_layer)):
            if not isinstance(given, Layer) and (name == "layer" or given is not None):
                raise ValueError(f"Bidirectional: {name} must be a Layer, got {given!r}")
        if weights is not None and not isinstance(weights, (list, tuple)):
            raise ValueError(f"Bidirectional: weights must be a list of arrays, got {weights!r}")
        if merge_mode not in _MERGES:
            raise ValueError(
                f"Bidirectional: merge_mode must be one of {list(_MERGES)}, got {merge_mode!r}"
            )
        if not hasattr(layer, "go_backwards"):
            raise TypeError(f"Bidirectional: layer must be recurrent, got {layer!r}")
        self.merge_mode = merge_mode
        name = layer.name.removeprefix("forward_")
        recurrent: Any = layer
        self.forward_layer: Any = copy_layer(layer, name=f"forward_{name}")
        if backward_layer is None:
            backward_layer = copy_layer(layer, name=f"backward_{name}", go_backwards=True)
        self.backward_layer: Any = backward_layer
        self._check_pair()
        self.return_sequences = recurrent.return_sequences
        self.return_state, self.stateful = recurrent.return_state, recurrent.stateful
        carries = self.mask_rule in DIRECTIONS_CARRY
        self._carries_on = carries and self.return_sequences
        for direction in (self.forward_layer, self.backward_layer):
            direction.zero_output_for_mask = self.return_sequences and not carries
            if hasattr(layer, "use_cudnn"):
                direction.use_cudnn = recurrent.use_cudnn  # no config has it
        self._both_ours = all(  # side by side, as columns of one array
            type(x).call is RNN.call and len(x.step_shape) == 1 for x in self._directions
        )
        self._both_taped = all(type(x).on_tape is RNN.on_tape for x in self._directions)
        self._first_weights = weights

    def _check_pair(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                "Bidirectional: the two layers must have different go_backwards, got "
                f"{forward.go_backwards} for both"
            )
        for flag in ("stateful", "return_sequences", "return_state"):
            values = getattr(forward, flag), getattr(backward, flag)
            if values[0] != values[1]:
                raise ValueError(f"Bidirectional: both layers must have one {flag}, got {values}")

    def build(self, sequences_shape: Any) -> None:
        for layer in self._directions:
            if not layer.built:
                layer.build(sequences_shape)
        if self._first_weights is not None:
            self.set_weights(self._first_weights)

    @property
    def fixed_features(self) -> bool:
        return self.forward_layer.fixed_features

    @property
    def layer(self) -> Any:
        """The layer of the forward direction."""
        return self.forward_layer

    @property
    def _directions(self) -> tuple[Any, Any]:
        return self.forward_layer, self.backward_layer

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        aside = self._carries_on and mask is not None
        if self._both_ours and not self.stateful and not aside:
            with naming_errors(self.forward_layer):
                rows = self.forward_layer.real_steps(sequences, mask)
            return self._side_by_side(rows, initial_state)
        starts = _halves(initial_state)
        outputs, states = [], []
        for layer, start in zip(self._directions, starts, strict=True):
            options = training_option(layer)
            with naming_errors(layer):
                result = layer.call(sequences, initial_state=start, mask=mask, **options)
            output, *last = result if isinstance(result, list) else [result]
            if self.return_sequences and layer.go_backwards:
                output = output[:, ::-1]
            outputs.append(output)
            states += last
        return self._with_states(_MERGES[self.merge_mode](*outputs), states)

    def _side_by_side(self, rows: Rows, initial_state: Any) -> Any:
        """What a call gives, as arrays."""
        merged, states = self._run(rows, initial_state, padded=self.merge_mode == "concat")
        merged = map_structure(lambda y: y.to_padded() if type(y) is Rows else y, merged)
        return self._with_states(merged, states)

    @property
    def takes_table(self) -> bool:
        """True if its calls are those of this class, which can read a table as it is."""
        cls = type(self)
        return cls.call is Bidirectional.call and cls.__call__ is Layer.__call__

    def in_table(self, rows: Rows, initial_state: Any) -> Any:
        if self.stateful or not self._both_ours:
            return None
        return self._side_by_side(rows, initial_state)

    def on_rows(self, rows: Rows, initial_state: Any = None) -> Any:
        if self.stateful or not self._both_ours or self._carries_on or rows.ndim < 3:
            return NotImplemented
        padded = current().padded_output and self.merge_mode == "concat"
        merged, states = self._run(rows, initial_state, padded)
        if self.return_sequences and padded:
            merged = rows.tensor_of(merged)
        return self._with_states(merged, states) if states else merged

    def on_tape(
        self, tape: Any, inputs: Traced, initial_state: Any = None, mask: Any = None
    ) -> Any:
        from .taped_rnn import both_on_tape

        is_rows = type(inputs.value) is Rows
        if not self._both_taped or (is_rows and (self._carries_on or inputs.value.ndim < 3)):
            return NotImplemented
        outputs, states = both_on_tape(self, inputs, _halves(initial_state), mask)
        merge = _MERGES[self.merge_mode]
        if self.merge_mode == "concat":
            return self._with_states(self._joined(tape, outputs), states)
        if self.merge_mode is None or type(outputs[0].value) is not Rows:
            return self._with_states(merge(*outputs), states)
        merged = merge(*map(values, outputs))
        return self._with_states(rows_like(outputs[0].value, tape.hold(merged)), states)

    def _joined(self, tape: Any, outputs: list[Traced]) -> Traced:
        """Arrays, or Rows of one layout, side by side."""
        held = [x.value for x in outputs]
        arrays = [x.values if type(x) is Rows else x for x in held]
        width = arrays[0].shape[-1]
        joined = _whole(*arrays)
        if joined is None:
            joined = np.concatenate(arrays, axis=-1)
        made = held[0].with_values(joined) if type(held[0]) is Rows else joined
        return tape.record(made, outputs, lambda d, wanted: [d[..., :width], d[..., width:]])

    def _run(self, rows: Rows, initial_state: Any, padded: bool) -> tuple[Any, list[Any]]:
        """The merged outputs, with return_sequences as Rows, or joined and padded; the states."""
        forward, backward, layout = self.forward_layer, self.backward_layer, rows.layout
        starts: list[Any] = [None, None]
        if initial_state is not None:
            starts.clear()
            for layer, given in zip(self._directions, _halves(initial_state), strict=True):
                with naming_errors(layer):
                    starts.append(layer.start(given, layout.batch))
        width = forward.units
        total = width + backward.units
        outputs, parts = (None, None), ()
        joined = np.empty((0, total), np.float32)
        if self.return_sequences:
            count = layout.batch * layout.time if padded else layout.steps + 1
            joined = np.empty((count, total), np.float32)
            if not padded:
                joined[-1] = 0  # the pad row
            parts = joined[:, :width], joined[:, width:]
            cells = layout.cells if padded and not layout.full else None
            outputs = Outputs(parts[0], cells), Outputs(parts[1], cells)
        runs = run_pair(
            (forward, backward),
            rows,
            starts,
            outputs,
            reverse=forward.go_backwards,
        )
        states = []
        if self.return_state:
            states = [*forward.grouped(runs[0][1]), *backward.grouped(runs[1][1])]
        merge = _MERGES[self.merge_mode]
        if not self.return_sequences:
            pairs = zip(self._directions, runs, starts, strict=True)
            return merge(*(x.last_output(run[0], layout, start) for x, run, start in pairs)), states
        if padded:
            if not layout.full:
                fill_masked(joined, layout.mask)
            return joined.reshape(layout.batch, layout.time, total), states
        if self.merge_mode == "concat":
            return Rows(joined, layout), states
        return map_structure(lambda x: Rows(x, layout), merge(*parts)), states

    def _with_states(self, merged: Any, states: list[Any]) -> Any:
        if not states:
            return merged
        outputs = merged if isinstance(merged, list) else [merged]
        return [*outputs, *states]

    def reset_state(self) -> None:
        """Start the next call of stateful layers from their first states.

        Raises
        ------
        AttributeError
            If the layers are not stateful.
        """
        if not self.stateful:
            raise AttributeError(f"Bidirectional '{self.name}' must be stateful to reset its state")
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    @property
    def states(self) -> tuple[Any, ...] | None:
        """The last states of both layers, forward ones first; None before the first call."""
        forward, backward = self.forward_layer.states, self.backward_layer.states
        return (*forward, *backward) if forward and backward else None

    @property
    def mask_role(self) -> str:
        return "uses, passes" if self.return_sequences else "uses"

    def compute_mask(self, sequences: Any, mask: Any) -> Any:
        mask = mask[0] if isinstance(mask, list) else mask
        output_mask = mask if self.return_sequences else None
        masks = [output_mask] * (2 if self.merge_mode is None else 1)
        if self.return_state:
            masks += [None] * sum(len(state_shapes(x.cell)) for x in self._directions)
        return masks if len(masks) > 1 else masks[0]

    def compute_output_shape(self, sequences_shape: Any) -> Any:
        outputs, states = [], []
        for layer in self._directions:
            shape = layer.compute_output_shape(sequences_shape)
            output, *last = shape if self.return_state else [shape]
            outputs.append(output)
            states += last
        if self.merge_mode == "concat":
            merged: Any = (*outputs[0][:-1], outputs[0][-1] + outputs[1][-1])
        else:
            merged = outputs if self.merge_mode is None else outputs[0]
        return self._with_states(merged, states)


def _whole(left: np.ndarray, right: np.ndarray) -> np.ndarray | None:
    """The array whose first columns are `left`, and whose others are `right`, if there is one."""
    whole = left.base
    if whole is None or whole is not right.base or left.ndim != 2 or whole.ndim != 2:
        return None
    width = left.shape[1]
    halves = (left, whole[:, :width]), (right, whole[:, width:])
    return whole if all(_is_same(*pair) for pair in halves) else None


def _is_same(x: np.ndarray, y: np.ndarray) -> bool:
    """True if two views of one array show the same of it."""
    a, b = x.__array_interface__, y.__array_interface__
    return a["data"][0] == b["data"][0] and x.shape == y.shape and x.strides == y.strides


def _halves(initial_state: Any) -> list[Any]:
    """The initial states of the two directions; None = each one's own."""
    if initial_state is None:
        return [None, None]
    half = len(initial_state) // 2
    return [list(initial_state[:half]), list(initial_state[half:])]
