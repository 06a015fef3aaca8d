"""Penalties on weights and outputs, under Keras's names and with its values.

A regularizer is given as a name ("l2"), as a config ({"class_name": ..., "config": ...}), or as any
function of an array that returns a number. It is kept where it is given, for training to add up.
Source: keras.regularizers, version 3.15.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _kernels, configured
from .context import current
from .numerics import extremes, reductions
from .tape import value_of

__all__ = [
    "L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer", "get", "l1", "l1_l2", "l2",
    "orthogonal_regularizer", "serialize",
]  # fmt: skip


class Regularizer(configured.Configured):
    """Base of regularizers: a call takes an array and returns its penalty, a number.

    Those here write `penalty` and `slope`; under a tape the call is recorded. One of your own may
    as well write `__call__`, with maskseq.ops or NumPy's notation.

    See Also
    --------
    L1L2, get

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> class Largest(maskseq.regularizers.Regularizer):
    ...     def __call__(self, x):
    ...         return maskseq.ops.max(maskseq.ops.abs(x))
    >>> layer = layers.Dense(2, kernel_regularizer=Largest())
    """

    def __call__(self, x: Any) -> Any:
        plain = _float(value_of(x))
        total = self.penalty(plain)
        tape = current().tape
        if tape is None or not tape.wants(x):
            return total
        return tape.record(total, [x], lambda d, wanted: [d * self.slope(plain)])

    def penalty(self, x: np.ndarray) -> Any:
        """The penalty of an array of floats."""
        return np.float32(0)

    def slope(self, x: np.ndarray) -> np.ndarray:
        """The gradient of the penalty."""
        return np.zeros(x.shape, np.float32)


class L1L2(Regularizer):
    """l1 * sum(abs(x)) + l2 * sum(x ** 2).

    Parameters
    ----------
    l1 : float or None, default 0.0
        Factor of the sum of absolute values.
    l2 : float or None, default 0.0
        Factor of the sum of squares.

    Raises
    ------
    ValueError
        For a factor that is negative or not finite.

    See Also
    --------
    L1, L2

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> round(float(maskseq.regularizers.L1L2(l1=0.1, l2=0.1)(np.array([[1.0, -2.0]]))), 4)
    0.8
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0):
        self.l1 = configured.number(0.0 if l1 is None else l1, "l1")
        self.l2 = configured.number(0.0 if l2 is None else l2, "l2")

    def penalty(self, x: np.ndarray) -> Any:
        total = x.dtype.type(0)
        if self.l1:
            total += x.dtype.type(self.l1) * _sum(np.abs(x))
        if self.l2:
            total += x.dtype.type(self.l2) * _sum(np.square(x))
        return total

    def slope(self, x: np.ndarray) -> np.ndarray:
        kind = x.dtype.type
        return kind(self.l1) * np.sign(x) + kind(2) * kind(self.l2) * x


class L1(Regularizer):
    """l1 * sum(abs(x)).

    Parameters
    ----------
    l1 : float or None, default 0.01
        Factor of the sum of absolute values.

    Raises
    ------
    ValueError
        For a factor that is negative or not finite.

    See Also
    --------
    L2, L1L2

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> round(float(maskseq.regularizers.L1(0.1)(np.array([[1.0, -2.0]]))), 4)
    0.3
    """

    def __init__(self, l1: float | None = 0.01):
        self.l1 = configured.number(0.01 if l1 is None else l1, "l1")

    def penalty(self, x: np.ndarray) -> Any:
        return x.dtype.type(self.l1) * _sum(np.abs(x))

    def slope(self, x: np.ndarray) -> np.ndarray:
        return x.dtype.type(self.l1) * np.sign(x)


class L2(Regularizer):
    """l2 * sum(x ** 2).

    Parameters
    ----------
    l2 : float or None, default 0.01
        Factor of the sum of squares.

    Raises
    ------
    ValueError
        For a factor that is negative or not finite.

    See Also
    --------
    L1, L1L2

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> round(float(maskseq.regularizers.L2(0.1)(np.array([[1.0, -2.0]]))), 4)
    0.5
    """

    def __init__(self, l2: float | None = 0.01):
        self.l2 = configured.number(0.01 if l2 is None else l2, "l2")

    def penalty(self, x: np.ndarray) -> Any:
        return x.dtype.type(self.l2) * _sum(np.square(x))

    def slope(self, x: np.ndarray) -> np.ndarray:
        return x.dtype.type(2) * x.dtype.type(self.l2) * x


class OrthogonalRegularizer(Regularizer):
    """factor * the mean of abs(cosine) over all pairs of rows, or of columns, of a matrix.

    Parameters
    ----------
    factor : float, default 0.01
        Factor of the penalty.
    mode : str, default "rows"
        "rows" or "columns".

    Raises
    ------
    ValueError
        For another `mode`, a factor that is negative or not finite; in a call, for no matrix.

    See Also
    --------
    maskseq.initializers.Orthogonal

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> float(maskseq.regularizers.OrthogonalRegularizer()(np.eye(2)))
    0.0
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows"):
        self.factor = configured.number(factor, "factor")
        if mode not in ("rows", "columns"):
            raise ValueError(f"mode must be 'rows' or 'columns', got {mode!r}")
        self.mode = mode

    def penalty(self, x: np.ndarray) -> Any:
        if x.ndim != 2:
            raise ValueError(f"x must be a matrix, got shape {x.shape}")
        _, cosines, pairs = self._pairs(x)
        total = x.dtype.type(self.factor) * x.dtype.type(0.5) * _sum(np.abs(cosines))
        return total / x.dtype.type(pairs)

    def slope(self, x: np.ndarray) -> np.ndarray:
        rows, cosines, pairs = self._pairs(x)
        d = np.float32(self.factor / pairs) * np.sign(cosines)  # each pair stands there twice
        to_rows = _kernels.dense(d, _kernels.PackedDense(rows))
        given = np.asarray(x if self.mode == "rows" else x.T, np.float32)
        length = np.sqrt(reductions.reduce(np.square(given), "sum", 1, keepdims=True))
        along = reductions.reduce(to_rows * rows, "sum", 1, keepdims=True) * (length > 1e-7)
        found = (to_rows - along * rows) / extremes.maximum(length, np.float32(1e-7))
        return found if self.mode == "rows" else found.T

    def _pairs(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """The rows at length 1, the cosines of all pairs of two rows, how many these are, or 1."""
        rows = reductions.unit(x if self.mode == "rows" else x.T, 1, 1e-7)
        cosines = _kernels.dense(rows, _kernels.PackedDense(rows.T))
        np.fill_diagonal(cosines, 0)
        return rows, cosines, max(len(rows) * (len(rows) - 1) / 2, 1.0)


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer

KNOWN = configured.table_of(
    regularizer=Regularizer,
    l1=L1,
    l2=L2,
    l1l2=L1L2,
    orthogonal_regularizer=OrthogonalRegularizer,
)
KNOWN["l1_l2"] = L1L2  # the name in Keras's documentation; its code knows l1l2


def get(identifier: Any) -> Callable[..., Any] | None:
    """The regularizer that `identifier` (None, a name, a config, a function, a class) means.

    A config of a class that is not known here gives an `Unknown` that keeps it.

    Parameters
    ----------
    identifier : object
        A name, a config, a class, an object, or None.

    Returns
    -------
    Regularizer or callable
        The regularizer; None for None.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> import maskseq
    >>> maskseq.regularizers.get("l2").l2
    0.01
    """
    return configured.get(identifier, KNOWN, "regularizer")


def serialize(regularizer: Any) -> Any:
    """Its config in Keras's form; None and objects of your own classes as they are.

    Parameters
    ----------
    regularizer : Regularizer
        The regularizer.

    Returns
    -------
    str or dict
        The config.

    Examples
    --------
    >>> from maskseq import regularizers
    >>> regularizers.serialize(regularizers.L2(0.25))["config"]
    {'l2': 0.25}
    """
    return configured.serialize(regularizer, KNOWN, "keras.regularizers")


def _float(x: Any) -> np.ndarray:
    """`x` as an array of floats; float32 if it is none yet."""
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(np.float32)


def _sum(x: np.ndarray) -> np.float32:
    return np.float32(reductions.reduce(x, "sum"))
