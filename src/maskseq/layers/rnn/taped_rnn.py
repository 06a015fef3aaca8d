"""RNN under a tape: what masked cells show, and how their gradients find their way back."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...nest import flatten
from ...rows import Layout, Rows
from ...tape import Traced, packed, padded, value_of
from ...tape.of_rows import gradient_of_padded, rows_shown
from ...tensor import Tensor, as_numpy
from ..base.errors import naming_errors
from .cell import pair_on_tape
from .taped_run import run_on_tape


def real_steps_on_tape(layer: Any, inputs: Traced, mask: Any) -> Traced:
    """`real_steps` of a Traced array; Rows as they are."""
    if type(inputs.value) is Rows:
        return inputs
    rows = layer.real_steps(inputs.value, mask)
    return packed(inputs, None if rows.layout.full else rows.layout.mask)


def start_on_tape(layer: Any, initial_state: Any, batch: int) -> list[Any] | None:
    """`start` where the given states may be Traced."""
    if initial_state is None:
        return layer.start(None, batch)
    given = flatten(initial_state)
    layer.start([np.asarray(value_of(x)) for x in given], batch)  # checks them
    return given


def rnn_on_tape(layer: Any, inputs: Traced, initial_state: Any, mask: Any) -> Any:
    """What `layer` gives for Traced inputs, recorded."""
    is_rows = type(inputs.value) is Rows
    if is_rows and inputs.value.ndim < 3:
        return NotImplemented
    rows = real_steps_on_tape(layer, inputs, mask)
    layout = rows.value.layout
    layer._tell_padding(layout)
    start = start_on_tape(layer, initial_state, layout.batch)
    with layer.naming_cell():
        outputs, last, states = run_on_tape(layer.cell, rows, start, layer.go_backwards)
    if layer.stateful:
        layer.states = [np.array(value_of(x)) for x in states]
    if layer.return_sequences:
        output = outputs_on_tape(layer, outputs, start)
        if not is_rows:
            output = without_mask(output)
    else:
        output = last_on_tape(layer, last, layout, start)
    return [output, *layer.grouped(states)] if layer.return_state else output


def last_on_tape(layer: Any, last: Any, layout: Layout, start: Any) -> Any:
    """`last_output` of a Traced value: that of sequences which show zeros takes no gradient."""
    held = value_of(last)
    shown = np.asarray(layer.last_output(held, layout, start))
    if shown is held:
        return last
    zeroed = np.zeros(layout.batch, bool)
    ones = layer.last_output(np.ones_like(shown), layout, start)
    zeroed |= ~ones.reshape(layout.batch, -1).any(axis=1)

    def backward(gradient: np.ndarray, wanted: Any) -> list[Any]:
        gradient = np.array(gradient)
        gradient[zeroed] = 0
        return [gradient]

    return last.tape.record(shown, [last], backward)


def outputs_on_tape(layer: Any, outputs: Traced, start: Sequence[Any] | None) -> Any:
    """The outputs of all steps as `layer` shows them: Rows, or padded with its input's mask."""
    layout, carry = outputs.value.layout, not layer.zero_output_for_mask
    if layer.go_backwards:
        outputs = _turned(outputs, carry)
    elif carry:
        outputs = _showing(outputs, layout, None, True)
    first = layer._before_first_step(None if start is None else [value_of(x) for x in start])
    shows_first = not layout.full and not outputs.value.layout.mask[:, 0].all()
    if shows_first and (first is not None or _is_needed(layer, start)):
        state = (start or [])[getattr(layer.cell, "output_state", 0)]
        outputs = _padded_from(outputs, outputs.tape.hold(state))
    elif not layer.go_backwards:
        return outputs
    return _with_mask(padded(outputs), layout)


def _is_needed(layer: Any, start: Sequence[Any] | None) -> bool:
    """True if masked cells before the first step show states that want a gradient."""
    if start is None or not any(type(x) is Traced and x.needed for x in start):
        return False
    ones = [np.ones(np.shape(value_of(x)), np.float32) for x in start]
    return layer._before_first_step(ones) is not None


def _turned(outputs: Traced, carry: bool) -> Traced:
    """Rows in the order of a run from the last step to the first, over the padded time reversed."""
    layout = outputs.value.layout
    whose = np.repeat(np.arange(layout.batch), layout.lengths)
    order = (layout.offsets[:-1] + layout.offsets[1:] - 1)[whose] - np.arange(layout.steps)
    turned = Layout.from_mask(np.ascontiguousarray(layout.mask[:, ::-1]))
    return _showing(outputs, turned, np.append(order, layout.steps), carry)


def _showing(outputs: Traced, layout: Layout, order: np.ndarray | None, carry: bool) -> Traced:
    """The rows in this order, in the cells of `layout`."""
    values = outputs.value.values
    rows = Rows(values if order is None else values[order], layout, carry)

    def backward(gradient: np.ndarray, wanted: Any) -> list[Any]:
        return [gradient if order is None else gradient[order[: layout.steps]]]

    return outputs.tape.record(rows, [outputs], backward)


def _padded_from(outputs: Traced, first: Traced) -> Traced:
    """The padded outputs, where masked cells before the first step show `first`, (batch, ...)."""
    rows = outputs.value
    layout, steps = rows.layout, rows.layout.steps
    shown = Rows(np.concatenate([rows.values[:steps], value_of(first)]), layout, True)
    array = shown.values[rows_shown(shown)].reshape(shown.shape)

    def backward(gradient: np.ndarray, wanted: Any) -> list[Any]:
        found = gradient_of_padded(shown, gradient)
        return [found[:steps], found[steps:]]

    return outputs.tape.record(array, [outputs, first], backward)


def _with_mask(x: Traced, layout: Layout) -> Traced:
    """A padded array with the mask of these cells."""
    tensor = as_numpy(x.value).view(Tensor)
    tensor._keras_mask = layout.mask
    return x.tape.record(tensor, [x], lambda gradient, wanted: [gradient])


def without_mask(x: Traced) -> Traced:
    """Rows or an array as an array without a mask."""
    x = padded(x)
    return x.tape.record(as_numpy(x.value), [x], lambda gradient, wanted: [gradient])


def both_on_tape(layer: Any, inputs: Traced, initial_states: list[Any], mask: Any) -> Any:
    """What a Bidirectional gives for Traced inputs: (both outputs, all states)."""
    is_rows = type(inputs.value) is Rows
    directions = layer.forward_layer, layer.backward_layer
    with naming_errors(directions[0]):
        rows = real_steps_on_tape(directions[0], inputs, mask)
    layout = rows.value.layout
    starts = []
    for direction, initial_state in zip(directions, initial_states, strict=True):
        with naming_errors(direction):
            starts.append(start_on_tape(direction, initial_state, layout.batch))
    joined = layer.merge_mode == "concat" and layer.return_sequences
    runs = pair_on_tape(directions, rows, starts, directions[0].go_backwards, joined)
    found, all_states = [], []
    for direction, start, run in zip(directions, starts, runs, strict=True):
        outputs, last, states = run
        if direction.stateful:
            direction.states = [np.array(value_of(x)) for x in states]
        all_states += direction.grouped(states) if direction.return_state else []
        if not direction.return_sequences:
            found.append(last_on_tape(direction, last, layout, start))
        elif direction.zero_output_for_mask or layout.full:
            found.append(outputs if is_rows else without_mask(outputs))
        else:
            shown = without_mask(outputs_on_tape(direction, outputs, start))
            found.append(shown[:, ::-1] if direction.go_backwards else shown)
    return found, all_states
