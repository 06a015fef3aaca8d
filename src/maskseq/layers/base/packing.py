"""Weights in the form the kernels want, made once for all calls."""

from typing import Any

import numpy as np

from ... import _kernels
from ...variable import Variable
from .layer import Layer


class PackingLayer(Layer):
    """A layer that packs its `kernel` and `bias` (or None) when they are first used.

    It packs again when others have taken their place. Threads may share it; copies and pickles
    pack anew.
    """

    fixed_features = True
    kernel: Variable
    bias: Variable | None
    _packed: tuple = (None, None, None)  # versions of kernel and bias, and what was made of them

    def packed(self) -> Any:
        """What `pack` makes of the weights."""
        kernel, bias = self.kernel, self.bias
        first, second = kernel.version, None if bias is None else bias.version
        known_first, known_second, packed = self._packed
        if known_first != first or known_second != second:
            packed = self.pack(kernel.value, None if bias is None else bias.value)
            self._packed = (first, second, packed)
        return packed

    def pack(self, kernel: np.ndarray, bias: np.ndarray | None) -> Any:
        return _kernels.PackedDense(kernel, bias)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state.pop("_packed", None)
        return state
