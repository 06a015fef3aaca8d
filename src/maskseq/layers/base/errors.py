"""Errors that name the layer in which they arose."""

from typing import Any

import numpy as np

from ...nest import leaves

PLAIN_ERRORS = (ValueError, TypeError, IndexError)


def put_name(layer: Any, error: Exception) -> None:
    """Put the layer's name in front of a plain error's message, once; others stay as they are.

    The error gets it as its attribute `layer`; `made_at`, also a note of it, is the file and the
    line of the user's code that made the layer.
    """
    if type(error) in PLAIN_ERRORS and not getattr(error, "named", False):
        error.args = (f"{layer._word} '{layer.name}' ({type(layer).__name__}): {error}",)
        vars(error).update(named=True, layer=layer.name, made_at=layer._made_at)
        if layer._made_at is not None:
            error.add_note(f"{layer._word} '{layer.name}' was made {made_in(layer)}")


def made_in(layer: Any) -> str:
    """Where a layer was made, in words; empty if nothing says so."""
    return "in {}, line {}".format(*layer._made_at) if layer._made_at else ""


def call_error(layer: Any, error: Exception, inputs: Any) -> Exception:
    """What a call raises for `error`, with the layer's name: that an input is no array, if so."""
    if isinstance(error, (AttributeError, np.exceptions.AxisError)):
        strange = [leaf for leaf in leaves(inputs) if not hasattr(leaf, "shape")]
        if strange:
            error = TypeError(f"inputs must be arrays, got {type(strange[0]).__name__}")
        elif isinstance(error, np.exceptions.AxisError):
            error = ValueError(str(error))
    put_name(layer, error)
    return error


class naming_errors:
    """Put the layer's name in front of the errors of plain types that the body raises."""

    __slots__ = ("_layer",)

    def __init__(self, layer: Any):
        self._layer = layer

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, PLAIN_ERRORS):
            put_name(self._layer, error)
