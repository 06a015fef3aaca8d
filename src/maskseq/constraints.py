"""Constraints on weights, under Keras's names and with its values.

A constraint is given as a name ("non_neg"), as a config ({"class_name": ..., "config": ...}), or as
any function from a weight's array to the one to take its place. It is kept where it is given, for
training to apply after an update. Source: keras.constraints, version 3.15.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import configured
from .numerics import extremes, reductions

__all__ = [
    "Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "get", "max_norm",
    "min_max_norm", "non_neg", "serialize", "unit_norm",
]  # fmt: skip

_EPSILON = np.float32(1e-7)  # keras.config.epsilon()
Axes = int | list[int] | tuple[int, ...]


class Constraint(configured.Configured):
    """Base of constraints: a call takes a weight's array and returns the allowed one.

    Shape and dtype stay.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> class AtMostOne(maskseq.constraints.Constraint):
    ...     def __call__(self, w):
    ...         return np.minimum(w, 1)
    >>> print(AtMostOne()(np.float32([0.5, 3.0])))
    [0.5 1. ]
    """

    def __call__(self, w: Any) -> Any:
        return w


class MaxNorm(Constraint):
    """Norms along `axis` are at most `max_value`.

    Parameters
    ----------
    max_value : float, default 2
        Largest norm.
    axis : int, default 0
        Axis that the function runs along.

    Raises
    ------
    ValueError
        In a call, for an axis that the weight does not have.

    See Also
    --------
    UnitNorm, MinMaxNorm

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> print(maskseq.constraints.MaxNorm(1.0)(np.array([[3.0], [-4.0]])).round(2))
    [[ 0.6]
     [-0.8]]
    """

    def __init__(self, max_value: float = 2, axis: Axes = 0):
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> np.ndarray:
        w, norms = _with_norms(w, self.axis)
        return w * (extremes.clip(norms, 0, self.max_value) / (_EPSILON + norms))


class NonNeg(Constraint):
    """No weight is below 0.

    See Also
    --------
    MinMaxNorm

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> print(maskseq.constraints.NonNeg()(np.array([[3.0], [-4.0]])).round(2))
    [[3.]
     [0.]]
    """

    def __call__(self, w: Any) -> np.ndarray:
        return extremes.maximum(np.asarray(w), 0)


class UnitNorm(Constraint):
    """Norms along `axis` are 1.

    Parameters
    ----------
    axis : int, default 0
        Axis that the function runs along.

    Raises
    ------
    ValueError
        In a call, for an axis that the weight does not have.

    See Also
    --------
    MaxNorm

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> print(maskseq.constraints.UnitNorm()(np.array([[3.0], [-4.0]])).round(2))
    [[ 0.6]
     [-0.8]]
    """

    def __init__(self, axis: Axes = 0):
        self.axis = axis

    def __call__(self, w: Any) -> np.ndarray:
        w, norms = _with_norms(w, self.axis)
        return w / (_EPSILON + norms)


class MinMaxNorm(Constraint):
    """Norms along `axis` are between `min_value` and `max_value`.

    Parameters
    ----------
    min_value : float, default 0.0
        Smallest norm.
    max_value : float, default 1.0
        Largest norm.
    rate : float, default 1.0
        The share of the way there that a call goes, 1 = all of it.
    axis : int, default 0
        Axis that the function runs along.

    Raises
    ------
    ValueError
        In a call, for an axis that the weight does not have.

    See Also
    --------
    MaxNorm

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> print(maskseq.constraints.MinMaxNorm(0.5, 1.0)(np.array([[3.0], [-4.0]])).round(2))
    [[ 0.6]
     [-0.8]]
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: Axes = 0,
    ):
        self.min_value, self.max_value = min_value, max_value
        self.rate, self.axis = rate, axis

    def __call__(self, w: Any) -> np.ndarray:
        w, norms = _with_norms(w, self.axis)
        allowed = extremes.clip(norms, self.min_value, self.max_value)
        return w * ((self.rate * allowed + (1 - self.rate) * norms) / (_EPSILON + norms))


max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm

KNOWN = configured.table_of(
    constraint=Constraint,
    max_norm=MaxNorm,
    min_max_norm=MinMaxNorm,
    non_neg=NonNeg,
    unit_norm=UnitNorm,
)


def get(identifier: Any) -> Callable[..., Any] | None:
    """The constraint that `identifier` (None, a name, a config, a function, a class) means.

    A config of a class that is not known here gives an `Unknown` that keeps it.

    Parameters
    ----------
    identifier : object
        A name, a config, a class, an object, or None.

    Returns
    -------
    Constraint or callable
        The constraint; None for None.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> maskseq.constraints.get("non_neg")(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return configured.get(identifier, KNOWN, "constraint")


def serialize(constraint: Any) -> Any:
    """Its config in Keras's form; None and objects of your own classes as they are.

    Parameters
    ----------
    constraint : Constraint
        The constraint.

    Returns
    -------
    str or dict
        The config.

    Examples
    --------
    >>> from maskseq import constraints
    >>> constraints.serialize(constraints.NonNeg())["class_name"]
    'NonNeg'
    """
    return configured.serialize(constraint, KNOWN, "keras.constraints")


def _with_norms(w: Any, axis: Axes) -> tuple[np.ndarray, np.ndarray]:
    """A weight, a Variable too, and its norms along `axis`, with axes of size 1 in its place."""
    w = np.asarray(w)
    return w, np.sqrt(reductions.reduce(np.square(w), "sum", axis, keepdims=True))
