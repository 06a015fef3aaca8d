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

    kernel: Variable
    bias: Variable | None
    _packed: tuple = (None, None, None)  # the kernel, the bias and what was made of them

    def packed(self) -> Any:
        """What `pack` makes of the weights."""
        kernel, bias = self.kernel.value, None if self.bias is None else self.bias.value
        known_kernel, known_bias, packed = self._packed
        if known_kernel is not kernel or known_bias is not bias:
            packed = self.pack(kernel, bias)
            self._packed = (kernel, bias, packed)
        return packed

    def pack(self, kernel: np.ndarray, bias: np.ndarray | None) -> Any:
        return _kernels.PackedDense(kernel, bias)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state.pop("_packed", None)
        return state
