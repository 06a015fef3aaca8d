"""What layers of several families record on a tape."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import _kernels
from ...activations import activate, gradient_of, kernel_name
from ...numerics.products import column_sums, outer, turned
from ...tape import Traced
from ...variable import Variable


def product_on_tape(
    x: Traced,
    packed: _kernels.PackedDense,
    kernel: Variable,
    bias: Variable | None,
    outputs: Sequence[int],
    activation: Any = None,
) -> Traced:
    """activation(x kernel + bias) of x (n, ...), as an array (n, *outputs).

    packed: the kernel, its inputs flat and its outputs flat, and the bias, packed.
    """
    values = np.asarray(x.value, np.float32)
    flat = values.reshape(len(values), math.prod(values.shape[1:]))
    fused: Any = None if activation is None else kernel_name(activation)
    act: Any = activation
    slope = gradient_of(act) if fused and fused != "linear" else None
    z = y = _kernels.dense(flat, packed)
    if slope is not None:
        y = _kernels.activation(z, fused)

    def backward(d: np.ndarray, wanted: Sequence[bool]) -> list[Any]:
        d = np.ascontiguousarray(d).reshape(len(d), math.prod(outputs))
        dz = d if slope is None else slope(d, y, z)
        matrix = kernel_value.reshape(flat.shape[1], -1)
        return [
            turned(dz, matrix).reshape(values.shape) if wanted[0] else None,
            outer(flat, dz).reshape(kernel.shape) if wanted[1] else None,
            column_sums(dz).reshape(bias.shape) if bias is not None and wanted[2] else None,
        ]

    kernel_value = kernel.value
    made = x.tape.record(y.reshape(len(flat), *outputs), [x, kernel, bias], backward)
    return (
        made
        if slope is not None or activation is None or fused == "linear"
        else activate(activation, made)
    )


def parted(gradient: Any, out: np.ndarray, with_scores: bool) -> tuple[np.ndarray, Any]:
    """The gradient of an output, and that of the scores recorded with it; None for none."""
    if not with_scores:
        return gradient, None
    d_out, d_scores = gradient
    return np.zeros(out.shape, np.float32) if d_out is None else d_out, d_scores
