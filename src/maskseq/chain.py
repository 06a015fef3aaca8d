"""The short way through a model whose layers follow one another.

Where one value goes from layer to layer, Rows or an array that carries no mask, our own layers
hand it on as it is: nothing is looked up, wrapped or bound to names. Small inputs live on it: a
step of a small LSTM takes less time than the bookkeeping of a graph.
"""

from typing import Any

import numpy as np

from .graph.symbols import KerasTensor, Plan
from .layers.base.calling import PLAIN_ERRORS, mask_loss, put_name
from .layers.base.layer import Layer
from .rows import Rows
from .tensor import KEPT, Tensor


class Chain:
    """The layers of a graph from one input to one output, one after the other.

    shape: of the input, with the batch; None = any size.  strict: axis 1 must be of its size too.
    """

    def __init__(self, shape: tuple[int | None, ...], layers: list[Layer], strict: bool):
        self._ndim, first = len(shape), 1 if strict else 2
        self._sizes = [(i, n) for i, n in enumerate(shape) if i >= first and n is not None]
        self._layers = [(layer, is_ours(layer), layer.forward) for layer in layers]
        if layers:
            self._layers[-1] = (layers[-1], is_ours(layers[-1]), layers[-1].forward_padded)

    def takes(self, x: Any) -> bool:
        """True if `run` takes `x` as it is: an array that needs no conversion and fits."""
        if type(x) is not np.ndarray or x.ndim != self._ndim or x.dtype not in KEPT:
            return False
        for axis, n in self._sizes:
            if x.shape[axis] != n:
                return False
        return x.size > 0

    def run(self, x: Any, on_mask_loss: str) -> Any:
        """The output for `x`: Rows, or an array that may carry a mask."""
        for layer, ours, forward in self._layers:
            if type(x) is Tensor and getattr(x, "_keras_mask", None) is None:
                x = x.view(np.ndarray)
            if ours and (type(x) is np.ndarray or type(x) is Rows):
                try:
                    y = forward(x)
                except PLAIN_ERRORS as error:
                    put_name(layer, error)
                    raise
                if y is not NotImplemented:
                    x = y
                    continue
            with mask_loss(on_mask_loss):
                x = layer.run(x)
        return x


def is_ours(layer: Layer) -> bool:
    """True for a layer of this package, not derived from one."""
    return type(layer).__module__.startswith("maskseq.layers.")


def chain_of(plan: Plan, outputs: Any, strict: bool) -> Chain | None:
    """The chain that `plan` is, or None if it is none."""
    if len(plan.inputs) != 1 or not isinstance(outputs, KerasTensor):
        return None
    tensor, layers = plan.inputs[0], []
    for node in plan.nodes:
        alone = len(node.args) == 1 and node.args[0] is tensor and not node.kwargs
        if not (alone and isinstance(node.operation, Layer)):
            return None
        layers.append(node.operation)
        tensor = node.outputs
    return Chain(plan.inputs[0].shape, layers, strict) if tensor is outputs else None
