"""Weights in the form the kernels want, made once for all calls."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import _kernels
from ...context import changed, current
from ...variable import Variable
from .one_tensor import OneTensor

Packed = tuple[tuple[int | None, ...], Any]
"""Versions of weights, and what was made of them."""
NOT_PACKED: Packed = ((), None)


def packed_anew(layer: Any, variables: Sequence[Variable | None], pack: Callable[..., Any]) -> Any:
    """What `pack` makes of the weights (or None) as the current walk sees them.

    `layer._packed` keeps it. If others have replaced them since the walk began, its edition does.
    """
    with changed() as context:
        edition = context.edition
        seen = [(None, None) if x is None else x.seen() for x in variables]
        versions = tuple(version for version, _ in seen)
        _, *replaced = edition.made.get(id(layer), (layer, *NOT_PACKED))
        for known, packed in (layer._packed, replaced):
            if known == versions:
                return packed
        packed = pack(*(value for _, value in seen))
        if edition:
            edition.made[id(layer)] = layer, versions, packed
        else:
            layer._packed = versions, packed
        return packed


def packed_weights(
    layer: Any, variables: Sequence[Variable | None], pack: Callable[..., Any]
) -> Any:
    """The same, made once for as long as the weights stay."""
    known, packed = layer._packed
    versions = tuple(None if x is None else x.version for x in variables)
    if known != versions or current().edition:
        return packed_anew(layer, variables, pack)
    return packed


class KeepsPack:
    """What a layer made of its weights, until another weight takes the place of one."""

    _packed: Packed = NOT_PACKED
    _packed_for = 0  # the number of an edition whose weights `_packed` was made of

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in ("kernel", "recurrent_kernel", "bias"):
            super().__setattr__("_packed_for", 0)


class PackingLayer(KeepsPack, OneTensor):
    """A layer that packs its `kernel` and `bias` (or None) when they are first used.

    It packs again when others have taken their place. Threads may share it; copies and pickles
    pack anew.
    """

    fixed_features = True
    kernel: Variable
    bias: Variable | None

    def packed(self) -> Any:
        """What `pack_weights` makes of the weights."""
        edition = current().edition
        if edition is not None and edition.number == self._packed_for and not edition:
            return self._packed[1]
        kernel, bias = self.kernel, self.bias
        versions = kernel.version, None if bias is None else bias.version
        known, packed = self._packed
        if known != versions or edition:
            return packed_anew(self, (kernel, bias), self.pack_weights)
        if edition is not None:
            self._packed_for = edition.number
        return packed

    def pack_weights(self, kernel: np.ndarray, bias: np.ndarray | None) -> Any:
        return _kernels.PackedDense(kernel, bias)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state.pop("_packed", None)
        state.pop("_packed_for", None)
        return state
