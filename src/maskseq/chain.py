"""The short way through a model that is a chain of layers, for a plain padded array.

Where no mask is carried there is nothing to hand from layer to layer but arrays: the calls of the
chain follow one another without conversions. Small inputs live on it: one step of a small LSTM
takes less time than the bookkeeping of a graph.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .graph import KerasTensor, Plan
from .layers.base import Layer

_LARGEST = 1 << 22
"""Floats of an input, 16 MB: larger ones go in batches, so that memory is bounded."""


class Chain:
    """The calls of a graph from one float32 input to one output, one after the other."""

    def __init__(self, ndim: int, calls: list[Callable[[np.ndarray], np.ndarray]]):
        self._ndim, self._calls = ndim, calls

    def takes(self, x: Any) -> bool:
        """True if `x` needs no conversion and no check but those of the layers."""
        return (
            type(x) is np.ndarray
            and x.dtype == np.float32
            and x.ndim == self._ndim
            and 0 < x.size <= _LARGEST
        )

    def run(self, x: np.ndarray) -> np.ndarray:
        """The output for `x`. Errors lack the layer's name."""
        for call in self._calls:
            x = call(x)
        return x


def chain_of(plan: Plan, outputs: Any) -> Chain | None:
    """The chain that `plan` is, or None if it is none or a layer in it makes or reads masks."""
    if len(plan.inputs) != 1 or not isinstance(outputs, KerasTensor):
        return None
    tensor = plan.inputs[0]
    if tensor.dtype != "float32" or any(n is not None for n in tensor.shape[:-1]):
        return None
    calls, ndim = [], tensor.ndim
    for node in plan.nodes:
        alone = len(node.args) == 1 and node.args[0] is tensor and not node.kwargs
        if not (alone and _is_plain(node.operation) and isinstance(node.outputs, KerasTensor)):
            return None
        calls.append(node.operation.call)
        tensor = node.outputs
    return Chain(ndim, calls) if tensor is outputs else None


def _is_plain(layer: Any) -> bool:
    """True for a layer of ours that takes and gives plain arrays where no mask is carried."""
    ours = isinstance(layer, Layer) and type(layer).__module__.startswith("maskseq.layers.")
    return ours and (layer.stepwise or layer.reads_masked != "all")
