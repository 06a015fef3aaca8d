"""Activation functions under Keras's names: elementwise ones in C, softmax along the last axis.

Source: keras.activations.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _kernels


def softmax(x: np.ndarray) -> np.ndarray:
    """Softmax along the last axis."""
    x = np.asarray(x, np.float32)
    return _kernels.masked_softmax(x.reshape(-1, x.shape[-1])).reshape(x.shape)


class Elementwise:
    """An activation that C knows by name."""

    def __init__(self, name: str):
        self.__name__ = name

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return _kernels.activation(x, self.__name__)

    def __reduce__(self):
        return get, (self.__name__,)


def linear(x: np.ndarray) -> np.ndarray:
    """x."""
    return x


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **{name: Elementwise(name) for name in _kernels.ACTIVATIONS},
    "linear": linear,
    "softmax": softmax,
}
_ALIASES = {"swish": "silu", "exp": "exponential", "hard_swish": "hard_silu"}


def get(identifier: Any) -> Callable[[np.ndarray], np.ndarray]:
    """The activation function that `identifier` (None, a name, a function) means.

    Raises: ValueError if there is none of that name.
    """
    if identifier is None:
        return linear
    if callable(identifier):
        return identifier
    name = _ALIASES.get(identifier, identifier) if isinstance(identifier, str) else None
    if name not in ACTIVATIONS:
        raise ValueError(f"activation: expected one of {sorted(ACTIVATIONS)}, got {identifier!r}")
    return ACTIVATIONS[name]


def serialize(activation: Callable) -> Any:
    """The name of a function of this module; any other function as it is."""
    name = getattr(activation, "__name__", "")
    return name if ACTIVATIONS.get(name) is activation else activation


def kernel_name(activation: Callable) -> str | None:
    """The name under which C knows `activation`, or None."""
    name = getattr(activation, "__name__", "")
    return name if name in _kernels.ACTIVATIONS and ACTIVATIONS.get(name) is activation else None
