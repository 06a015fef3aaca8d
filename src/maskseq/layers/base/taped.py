"""What `on_tape` methods are made of: functions of each number or step, and of padded arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...activations import activate, gradient_of
from ...rows import Rows
from ...tape import Traced, packed, padded
from ...tensor import as_numpy
from .masks import check_mask


def map_steps(
    inputs: Traced,
    function: Callable[[np.ndarray], np.ndarray],
    gradient: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
) -> Any:
    """function(x) of each number, or each step, recorded.

    gradient: (d, y, x) -> the gradient of x from that d of y = function(x), for as many steps as d
    has. Returns: NotImplemented for Rows whose steps have no features.
    """
    held = inputs.value
    rows = held if type(held) is Rows else None
    if rows is not None and rows.ndim < 3:
        return NotImplemented
    x = np.asarray(as_numpy(held if rows is None else rows.values), np.float32)
    y = function(x)

    def backward(d: np.ndarray, wanted: Any) -> list[np.ndarray]:
        count = len(d) if d.ndim else None
        return [gradient(d, y[:count], x[:count])]

    return inputs.tape.record(y if rows is None else rows.with_values(y), [inputs], backward)


def map_values(
    inputs: Traced,
    function: Callable[[np.ndarray], np.ndarray],
    gradient: Callable[[np.ndarray], np.ndarray],
) -> Traced:
    """function(x) of all values of an array or of Rows, pads and all, recorded.

    gradient: d, of all rows or of the real ones -> the gradient of as many rows of x.
    """
    held = inputs.value
    rows = held if type(held) is Rows else None
    y = function(np.asarray(as_numpy(held if rows is None else rows.values), np.float32))
    made = y if rows is None else rows.with_values(y)
    return inputs.tape.record(made, [inputs], lambda d, wanted: [gradient(d)])


def activation_on_tape(activation: Callable, inputs: Traced, *options: Any) -> Any:
    """An activation of an array or Rows; NotImplemented if it must run on a Traced array."""
    gradient = gradient_of(activation)
    if gradient is None:
        return NotImplemented
    return map_steps(
        inputs, lambda x: activation(x, *options), lambda d, y, x: gradient(d, y, x, *options)
    )


def activated(activation: Callable, x: Any) -> Any:
    """activation(x) of an array that may be Traced."""
    return activate(activation, x) if type(x) is Traced else activation(x)


def packed_by(inputs: Traced, mask: Any) -> Traced:
    """Rows, or the real steps of a padded array as Rows, for layers that read no others."""
    if type(inputs.value) is Rows:
        return inputs
    return packed(inputs, None if mask is None else check_mask(mask, inputs.shape[:2]))


def as_floats(x: Any) -> Any:
    """An array as float32; a Traced one padded, as it is."""
    return padded(x) if type(x) is Traced else np.asarray(x, np.float32)
