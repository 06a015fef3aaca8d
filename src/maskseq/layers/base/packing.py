"""Weights in the form the kernels want, made once for all calls."""

from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np

from ... import _kernels
from ...context import changed, current
from ...numerics.quantized import packable
from ...variable import ABSENT, Variable, held_by
from .one_tensor import OneTensor
from .weights import overridable

Packed = tuple[list[int], Any]
"""Versions of weights, and what was made of them."""
NOT_PACKED: Packed = ([], None)


class KeepsPack:
    """A layer that keeps what `pack_weights` makes of its weights for as long as they stay.

    It packs again when others have taken their place. Threads may share it; copies and pickles pack
    anew. `packed_names` are the attributes that hold the weights, or None.
    """

    packed_names: tuple[str, ...] = ()
    _packed: Packed = NOT_PACKED
    _packed_for = 0  # the number of an edition whose weights `_packed` was made of

    def packed(self) -> Any:
        """What `pack_weights` makes of the weights."""
        edition = current().edition
        if edition is not None and edition.number == self._packed_for and not edition:
            return self._packed[1]
        weights = map(getattr, repeat(self), self.packed_names)
        versions, values = held_by([ABSENT if x is None else x for x in weights])
        known, packed = self._packed
        if known != versions:
            return self._packed_anew(edition, versions, values)
        if edition is not None and not edition:
            vars(self)["_packed_for"] = edition.number
        return packed

    def _packed_anew(self, edition: Any, versions: list[int], values: Sequence[Any]) -> Any:
        """The same of these values, which the current walk sees.

        `_packed` keeps it. If others have replaced them since the walk began, its edition does.
        """
        if edition is None:
            with changed():
                return self.packed()
        made = edition.made.get(id(self)) if edition else None
        if made is not None and made[1] == versions:
            return made[2]
        packed = self.pack_weights(*values)
        if edition:
            edition.made[id(self)] = self, versions, packed
        else:
            vars(self)["_packed"] = versions, packed
        return packed

    @overridable
    def pack_weights(self, *values: Any) -> Any:
        """What is made of the values of the weights, None for those that are None."""
        raise NotImplementedError

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in self.packed_names:
            super().__setattr__("_packed_for", 0)

    def __getstate__(self) -> Any:
        state: Any = super().__getstate__()
        return {k: v for k, v in state.items() if k not in ("_packed", "_packed_for")}


class PackingLayer(KeepsPack, OneTensor):
    """A layer that packs its `kernel` and `bias` (or None) when they are first used.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.
    """

    fixed_features = True
    packed_names = ("kernel", "bias")
    kernel: Variable
    bias: Variable | None

    def pack_weights(self, kernel: Any, bias: np.ndarray | None) -> Any:
        return _kernels.PackedDense(packable(kernel), bias)
