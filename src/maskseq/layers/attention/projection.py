"""The products that go into the heads of an attention layer and out of them."""

import math
from typing import Any

import numpy as np

from ... import _kernels, activations
from ...numerics.quantized import Codes
from ...tape import Traced
from ..base.packing import PackingLayer
from ..base.recorded import product_on_tape


class Projection(PackingLayer):
    """A matrix product from some last axes to others, with a bias: Keras's EinsumDense in a head.

    Weights: kernel float32 (*inputs, *outputs), bias (*outputs,).
    """

    def __init__(
        self, name: str, inputs: tuple, outputs: tuple, owner: Any, activation: str = "linear"
    ):
        super().__init__(name=name)
        self._width, self._outputs, self._activation = math.prod(inputs), outputs, activation
        for part in ("initializer", "regularizer", "constraint"):
            for weight in ("kernel", "bias"):
                setattr(self, f"{weight}_{part}", getattr(owner, f"{weight}_{part}"))
        self.quantizes = {"kernel": len(inputs)}
        self.kernel = self.add_named_weight("kernel", (*inputs, *outputs))
        self.bias = self.add_named_weight("bias", outputs) if owner.use_bias else None
        self.built = True

    def rows(self, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """x (n, ...) -> (n, outputs), flat, in `out` if it is given."""
        return _kernels.dense(self._flat(x), self.packed(), activation=self._activation, out=out)

    def rows_beside(self, x: np.ndarray, *others: "Projection") -> list[np.ndarray]:
        """x (n, ...) -> (n, *outputs) of this projection and others; none has an activation."""
        x, sides = self._flat(x), (self, *others)
        made = _kernels.dense_beside(x, [side.packed() for side in sides])
        return [y.reshape(len(y), *side._outputs) for y, side in zip(made, sides, strict=True)]

    def _flat(self, x: np.ndarray) -> np.ndarray:
        """x (n, ...) -> (n, inputs)."""
        try:
            return x.reshape(len(x), self._width)
        except ValueError:
            wanted = f"inputs must have {self._width} numbers at each step"
            raise ValueError(f"{wanted}, got {math.prod(x.shape[1:])}") from None

    def rows_on_tape(self, x: Traced) -> Traced:
        """x (n, ...) -> (n, *outputs), recorded."""
        activation = activations.get(self._activation)
        weights = self.packed(), self.kernel, self.bias
        return product_on_tape(x, *weights, self._outputs, activation)

    def pack_weights(self, kernel: Any, bias: np.ndarray | None) -> _kernels.PackedDense:
        flat = None if bias is None else bias.reshape(-1)
        if type(kernel) is Codes:
            return _kernels.PackedDense(kernel.matrix(self.quantizes["kernel"]), flat)
        return super().pack_weights(kernel.reshape(self._width, -1), flat)
