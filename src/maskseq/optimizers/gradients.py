"""What is done to gradients before an optimizer uses them.

A gradient is an array of its weight's shape, or the SparseRows of a table.
"""

from itertools import repeat
from operator import attrgetter, is_
from typing import Any

import numpy as np

from ..numerics import extremes, reductions
from ..tape import SparseRows
from ..variable import Variable, kinds_of

_kind_of = attrgetter("shape", "dtype")


def checked(gradient: Any, variable: Variable) -> Any:
    """A gradient of the shape and dtype of a weight. Raises: ValueError naming the weight."""
    if type(gradient) is not SparseRows:
        gradient = np.asarray(gradient, variable.dtype)
    if gradient.shape != variable.shape:
        raise ValueError(
            f"gradient of {variable.name}: expected shape {variable.shape}, got {gradient.shape}"
        )
    return gradient


def all_checked(gradients: list[Any], variables: list[Variable]) -> list[Any]:
    """`checked` of each."""
    plain = all(map(is_, map(type, gradients), repeat(np.ndarray)))
    if plain and list(map(_kind_of, gradients)) == kinds_of(variables):
        return gradients
    return list(map(checked, gradients, variables))


def densified(gradient: Any) -> np.ndarray:
    """A gradient as an array of its weight's shape."""
    return gradient.to_dense() if type(gradient) is SparseRows else gradient


def clipped(
    gradients: list[Any],
    clipnorm: float | None,
    global_clipnorm: float | None,
    clipvalue: float | None,
) -> list[Any]:
    """Gradients cut to the one limit that is given, if one is; 0 is none, as in Keras."""
    if clipnorm:
        most = np.float32(clipnorm)
        return [_scaled(g, most, extremes.maximum(_norm([g]), most)) for g in gradients]
    if global_clipnorm:
        most, norm, one = np.float32(global_clipnorm), _norm(gradients), np.float32(1)
        scale = most * extremes.minimum(one / norm, one / most) + (norm - norm)
        return [_scaled(g, scale, one) for g in gradients]
    if clipvalue:
        most = np.float32(clipvalue)
        return [_with_values(g, lambda x: extremes.clip(x, -most, most)) for g in gradients]
    return gradients


def _with_values(gradient: Any, function: Any) -> Any:
    if type(gradient) is not SparseRows:
        return function(gradient)
    return SparseRows(gradient.ids, function(gradient.values), gradient.shape)


def _scaled(gradient: Any, factor: Any, divisor: Any) -> Any:
    return _with_values(gradient, lambda x: x * factor / divisor)


def _norm(gradients: list[Any]) -> Any:
    """The length of all of them as one vector, float32."""
    arrays = [g.values if type(g) is SparseRows else g for g in gradients]
    sums = np.array([reductions.reduce(np.square(x), "sum") for x in arrays], np.float32)
    return np.sqrt(reductions.reduce(sums, "sum"))


class Accumulation:
    """How much each of the batches of one update counts.

    The first that counts has weight 1 and the others are in proportion to it, so that batches of
    one size make the plain sums that Keras keeps, and has in its files.

    Attributes: state: (the place of the next batch, the count of weight 1, the sum of weights).
    """

    def __init__(self) -> None:
        self.state = self._next = (-1, 0.0, 0.0)

    def weigh(self, place: int, count: float) -> tuple[float, float]:
        """The weight of the batch at `place` of its update, and the sum of weights so far.

        Where a state was loaded in the midst of an update, each batch before counts 1. The batch is
        part of `state` after `commit`.
        """
        known, unit, total = self.state
        if place == 0 or known != place:
            unit, total = 0.0, float(place)
        unit = unit or count
        weight = count / unit if unit else 0.0
        total += weight
        self._next = place + 1, unit, total
        return weight, total or 1.0

    def commit(self) -> None:
        """Keep what `weigh` found: the step went well."""
        self.state = self._next
